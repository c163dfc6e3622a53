"""Earlier labels fed back, on the held-back test: what it brings, and how errors go on.

Each turn is read by its text alone, and with what is fed back of the customer turns before it:

    text        nothing
    beliefs     the model's own probabilities, as serving does with `policy.history: labels`
    labels      the model's own label, as if it were sure of it
    gold        the label that a person gave: what nothing but a perfect model could feed back

All but the first go by the weight that was fitted for beliefs. Errors that go on are seen where the
turn before was read wrong: there, what is fed back misleads.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Bundle
from turnwise.bundle.transitions import Chain, ChainPrior, Feed, windows
from turnwise.conversations import Example, examples
from turnwise.errors import EvaluationError
from turnwise.evaluation.figures import Estimate
from turnwise.evaluation.intervals import mean_estimate
from turnwise.progress import Progress, silent
from turnwise.project import Project, current_bundle
from turnwise.serving.decision import DialogueState
from turnwise.serving.history import History, HistoryKind
from turnwise.steps.evaluating import fair_test
from turnwise.taxonomy import Dimension

POSITIONS = 5  # customer turns told apart by their place; the last stands for those beyond, too
TIMED = 200  # turns
NONE = -1
KINDS: tuple[HistoryKind, ...] = ("text", "labels")

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FedBack:
    """Accuracy of one dimension with one thing fed back; None where there are no such turns.

    Attributes:
        every: of all turns with gold.
        after_right, after_wrong: of turns after one that was read right or wrong, beliefs fed
            back: the same turns whatever is fed back here.
        by_position: of the first, second, ... customer turn; the last counts those beyond, too.
    """

    every: float
    after_right: float | None
    after_wrong: float | None
    by_position: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class DimensionHistory:
    """What feeding back does to one dimension.

    Attributes:
        weight: of what is fed back; 0 where it did not help at training and is not done.
        turns: with gold; after_right, after_wrong: how many of them are so.
        ways: what is fed back -> accuracy. See the module.
        gain: accuracy with beliefs minus accuracy by the text, with its interval.
        mended, broken: share of turns that beliefs set right, and that they led astray.
    """

    weight: float
    turns: int
    after_right: int
    after_wrong: int
    ways: Mapping[str, FedBack]
    gain: Estimate
    mended: float
    broken: float


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """What `policy.history: labels` would change.

    Attributes:
        milliseconds: setting -> P50 of reading one turn.
    """

    bundle: str
    turns: int
    conversations: int
    dimensions: Mapping[str, DimensionHistory]
    milliseconds: Mapping[str, float]


def evaluate_history(project: Project, progress: Progress = silent) -> HistoryResult:
    """Read every test turn that has gold with each of the things that can be fed back.

    Raises:
        BundleError: nothing was trained yet. EvaluationError: the bundle knows no transitions; or
            as of `evaluate_bundle`.
    """
    bundle = Bundle.load(current_bundle(project.folder))
    return history_scores(bundle, fair_test(project, bundle), progress)


def history_scores(
    bundle: Bundle, tested: Sequence[Example], progress: Progress = silent
) -> HistoryResult:
    """Score a bundle on turns that have gold; see `evaluate_history`.

    Turns of the same conversations without gold are read, too, and fed back.
    """
    if bundle.transitions is None:
        raise EvaluationError(
            f"bundle {bundle.id} does not know which label follows which: it was packed by an "
            "older program, or its training had no two labelled turns in a row. Run 'turnwise "
            "train' on whole conversations"
        )
    talks = {one.key[0]: list(examples(one.conversation)) for one in tested}
    turns = [one for talk in talks.values() for one in talk]
    lengths = [len(talk) for talk in talks.values()]
    found = bundle.probabilities(turns, progress)
    asked = {one.key for one in tested}
    return HistoryResult(
        bundle=bundle.id,
        turns=len(tested),
        conversations=len(talks),
        dimensions={
            name: _scored(
                chain,
                bundle.taxonomy[name],
                _Read(
                    found[name].astype(np.float64),
                    _gold(turns, bundle.taxonomy[name]),
                    np.array([name in one.gold and one.key in asked for one in turns]),
                    lengths,
                ),
            )
            for name, chain in bundle.transitions.chains.items()
            if any(name in one.gold for one in tested)
        },
        milliseconds=_milliseconds(bundle, tested),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """Customer turns, conversation after conversation, along one dimension.

    Attributes:
        rows: Float64[n, n_labels], by the text; gold: Bool[n, n_labels], all labels by a person.
        asked: Bool[n], whether a turn is scored; lengths: turns of each conversation.
    """

    rows: Float
    gold: Bool
    asked: Bool
    lengths: Sequence[int]

    @property
    def position(self) -> Int:
        """Int64[n], from 0."""
        return np.concatenate([np.arange(one) for one in self.lengths])

    @property
    def conversation(self) -> Int:
        """Int64[n]."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)


def _gold(turns: Sequence[Example], dimension: Dimension) -> Bool:
    gold = np.zeros((len(turns), len(dimension.names)), bool)
    for row, one in enumerate(turns):
        for label in one.gold.get(dimension.name, ()):
            if label in dimension.index:
                gold[row, dimension.index[label]] = True
    return gold


def _scored(chain: Chain, dimension: Dimension, read: _Read) -> DimensionHistory:
    prior = ChainPrior(chain.successions, dimension)
    places, opens = windows(read.lengths)
    right: dict[str, Bool] = {}
    for name, feed in _feeds(read).items():
        found = read.rows
        if name != "text":
            found = prior.read(read.rows, places, opens, chain.weight, feed)
        right[name] = read.gold[np.arange(len(found)), found.argmax(1)]
    before = np.roll(right["beliefs"], 1)
    known = (read.position > 0) & np.roll(read.gold.any(1), 1)
    after = [read.asked & known & one for one in (before, ~before)]
    text, beliefs = (right[name][read.asked] for name in ("text", "beliefs"))
    return DimensionHistory(
        weight=chain.weight,
        turns=int(read.asked.sum()),
        after_right=int(after[0].sum()),
        after_wrong=int(after[1].sum()),
        ways={name: _accuracies(one, read, after) for name, one in right.items()},
        gain=mean_estimate(beliefs.astype(np.float64) - text, read.conversation[read.asked]),
        mended=float((beliefs & ~text).mean()),
        broken=float((text & ~beliefs).mean()),
    )


def _feeds(read: _Read) -> dict[str, Feed | None]:
    labels = np.eye(read.rows.shape[1])

    def own(_: Int, found: Float) -> Float:
        sure: Float = labels[found.argmax(1)]
        return sure

    def gold(places: Int, found: Float) -> Float:
        """The first of a person's labels that is likeliest; the belief where there is none."""
        given = read.gold[places]
        best = np.where(given, found, NONE).argmax(1)
        return np.where(given.any(1, keepdims=True), labels[best], found)

    return {"text": None, "beliefs": None, "labels": own, "gold": gold}


def _accuracies(right: Bool, read: _Read, after: Sequence[Bool]) -> FedBack:
    place = np.minimum(read.position, POSITIONS - 1)
    return FedBack(
        every=float(right[read.asked].mean()),
        after_right=_share(right[after[0]]),
        after_wrong=_share(right[after[1]]),
        by_position=tuple(_share(right[read.asked & (place == at)]) for at in range(POSITIONS)),
    )


def _share(right: Bool) -> float | None:
    return float(right.mean()) if len(right) else None


def _milliseconds(bundle: Bundle, tested: Sequence[Example]) -> dict[str, float]:
    """P50 of reading a turn, for each setting, on the same turns in turn."""
    kinds = {kind: History(bundle, kind) for kind in KINDS}
    took: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for one in tested[:: max(1, len(tested) // TIMED)]:
        for kind, history in kinds.items():
            start = time.perf_counter()
            history.read(one, DialogueState())
            took[kind].append((time.perf_counter() - start) * 1e3)
    return {kind: round(float(np.median(times)), 2) for kind, times in took.items()}
