"""Fitting the selector of earlier turns: which one, shown alone, helped a trained classifier.

    labelled examples, classifier --gains--> what each earlier turn brought, in nats
    examples, gains --fit_selector--> Selector

The teacher is a classifier that is trained already and stays as it is: it sees each turn alone,
then with each earlier turn put right before it. The selector learns to take the turn that lowered
its loss most, and none where none did. Runtime and training share the candidates and their
features (`context_selection`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Probabilities
from turnwise.context_selection import FEATURES, Selector, candidate_features, candidates
from turnwise.conversations import ContextWindow, Conversation, Example
from turnwise.encoders import Encoder
from turnwise.errors import TrainingError
from turnwise.progress import Progress, silent
from turnwise.training.classifier import Classifier
from turnwise.training.data import MISSING, LabelledExample, Targets, targets

if TYPE_CHECKING:
    from torch import Tensor

Gains = NDArray[np.float32]  # Float32[n_candidates], nats

LARGEST = 3.0  # nats; a gain counts as this at most, so that a few sure mistakes don't decide
SMALLEST = 1e-3  # nats under which a turn brings nothing
DECAY = 1e-3  # of half the squared weights, beside mean gains in nats
STEPS = 100  # of L-BFGS; convergence takes some dozens
LEAST_LIKELY = 1e-12
EXAMPLES_AT_ONCE = 2048  # each with all its candidates: bounds the memory of probabilities


def gains(
    classifier: Classifier,
    labelled: Sequence[LabelledExample],
    encoder: Encoder,
    progress: Progress = silent,
) -> list[Gains]:
    """Return for each example, and each of its candidates, the loss without minus the loss with.

    The loss is the cross-entropy of the labels under calibrated probabilities, weighted and
    summed over the dimensions that are labelled; binary, and summed over labels, where a
    dimension takes several. Candidates are those of the classifier's own
    window; one that its tokens leave no room for brings 0.

    Args:
        classifier: whose contexts join turns in any way but `select`; it is not changed.
        labelled: examples that it was not trained on, as `classifier.held`: on others it knows
            the answer without any history.
        encoder: the one that it was trained with.

    Raises:
        TrainingError: a label is not in the taxonomy.
    """
    found: list[Gains] = []
    for start in range(0, len(labelled), EXAMPLES_AT_ONCE):
        some = labelled[start : start + EXAMPLES_AT_ONCE]
        found += _gains(classifier, some, encoder)
        progress("weighing earlier turns", start + len(some), len(labelled))
    return found


def _gains(
    classifier: Classifier, labelled: Sequence[LabelledExample], encoder: Encoder
) -> list[Gains]:
    window = classifier.config.context
    places = [candidates(one.example, window) for one in labelled]
    shown = [
        context
        for one, before in zip(labelled, places, strict=True)
        for context in _contexts(one.example, before)
    ]
    sizes = [1 + len(before) for before in places]
    wanted = targets(labelled, classifier.taxonomy, classifier.config.several)
    probabilities = classifier.probabilities(shown, encoder)
    found = [probabilities[name] for name in classifier.taxonomy.dimension_names]
    losses = _losses(found, wanted, np.repeat(np.arange(len(sizes)), sizes))
    return [part[0] - part[1:] for part in np.split(losses, np.cumsum(sizes)[:-1])]


def _contexts(example: Example, places: Sequence[int]) -> Iterator[Example]:
    """The turn alone, then behind each of some earlier turns alone."""
    conversation = example.conversation
    for before in ((), *((conversation.turns[at],) for at in places)):
        turns = (*before, example.turn)
        yield Example(Conversation(conversation.id, turns), len(turns) - 1)


def _losses(
    found: Sequence[Probabilities], wanted: Targets, owners: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Float32[n]: the weighted cross-entropy of the labels of each row's owner."""
    losses = np.zeros(len(owners), np.float32)
    for column, probabilities in enumerate(found):
        labels = wanted.labels[owners, column]
        rows = np.flatnonzero(labels != MISSING)
        sure = np.clip(probabilities[rows], LEAST_LIKELY, 1.0)
        if column in wanted.several:
            marks = wanted.several[column][owners[rows]]
            unsure = np.clip(1 - probabilities[rows], LEAST_LIKELY, 1.0)
            each = -(marks * np.log(sure) + (1 - marks) * np.log(unsure)).sum(1)
        else:
            each = -np.log(sure[np.arange(len(rows)), labels[rows]])
        losses[rows] += wanted.weights[owners[rows], column] * each
    return losses


def fit_selector(
    examples: Sequence[Example], found: Sequence[Gains], window: ContextWindow
) -> Selector:
    """Fit a selector to what each candidate of each example brought.

    A softmax over the candidates' scores, and 0 for none, says how likely each is taken. First
    the likelihood of the best choice is raised, ties shared, each example weighted by how much
    its choice matters; that has one optimum. From there the expected gain is raised, which is
    what counts: where gains are noise the best choice is too, and its likelihood says nothing.
    The same input gives the same selector.

    Args:
        found: per example Float32[n_candidates], aligned with `candidates(example, window)`;
            see `gains`.

    Raises:
        TrainingError: gains that do not fit the candidates of the window.
    """
    places = [candidates(example, window) for example in examples]
    _check(examples, places, found)
    some = [row for row, before in enumerate(places) if before]
    if not some:
        return Selector((0.0,) * len(FEATURES))
    width = max(len(places[row]) for row in some)
    features = np.zeros((len(some), width + 1, len(FEATURES)))  # the last option is none
    brought = np.full((len(some), width + 1), -np.inf)
    for line, row in enumerate(some):
        count = len(places[row])
        features[line, :count] = candidate_features(examples[row], places[row])
        brought[line, :count] = np.clip(found[row], -LARGEST, LARGEST)
    brought[:, -1] = 0.0
    return Selector(_fit(features, brought))


def _check(
    examples: Sequence[Example], places: Sequence[Sequence[int]], found: Sequence[Gains]
) -> None:
    if len(found) != len(examples):
        raise TrainingError(f"{len(examples)} examples have {len(found)} rows of gains")
    for example, before, row in zip(examples, places, found, strict=True):
        if len(row) != len(before):
            conversation, turn = example.key
            raise TrainingError(
                f"conversation {conversation}, turn {turn}: {len(before)} earlier turns can be "
                f"chosen, and {len(row)} gains are given. Take both from one window"
            )


def _fit(features: NDArray[np.float64], brought: NDArray[np.float64]) -> tuple[float, ...]:
    """Weights by L-BFGS, first for the best choice, then for the expected gain.

    Args:
        features: Float64[n, options, n_features]; brought: Float64[n, options], -inf where
            there is no such option.
    """
    import torch

    inputs, gained = torch.from_numpy(features), torch.from_numpy(brought)
    there = torch.isfinite(gained)
    gained = gained.masked_fill(~there, 0.0)
    best, matters = _best(gained, there)
    weights = torch.zeros(features.shape[2], dtype=torch.float64, requires_grad=True)

    def likely() -> Tensor:
        return torch.log_softmax((inputs @ weights).masked_fill(~there, -1e9), 1)

    _minimise(weights, lambda: -((best * likely()).sum(1) * matters).mean())
    _minimise(weights, lambda: -(likely().exp() * gained).sum(1).mean())
    return tuple(weights.detach().tolist())


def _best(gained: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
    """Which options are best, as shares Float64[n, options], and how much it matters, nats."""
    most = gained.masked_fill(~there, -LARGEST).amax(1, keepdim=True)
    none_helps = most < SMALLEST
    best = ((gained >= most - SMALLEST) & there & ~none_helps).double()
    best[:, -1] = none_helps.squeeze(1).double()
    usual = (gained * there).sum(1) / there.sum(1)
    return best / best.sum(1, keepdim=True), most.squeeze(1) - usual


def _minimise(weights: Tensor, loss: Callable[[], Tensor]) -> None:
    """Change weights in place to where loss and decay are lowest."""
    import torch

    optimiser = torch.optim.LBFGS([weights], max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        found = loss() + weights.square().sum() * (DECAY / 2)
        found.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
        return found

    optimiser.step(closure)  # type: ignore[no-untyped-call]
