"""Labels of consecutive turns -> a bundle's chains: counts, and how much they are worth.

    training turns --counts--> successions
    turns held apart --weight, temperature, thresholds--> Chain

The weight is the one under which the labels of the turns held apart are likeliest, read turn after
turn with what the model itself believes of the turns before, as serving does. Their gain has to
exceed its own standard error over conversations, else the weight is 0: of settings that can't be
told apart, the simplest is kept (Breiman et al., Classification and Regression Trees, 1984).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import PackedModel, Probabilities
from turnwise.bundle.transitions import (
    LEAST,
    Chain,
    ChainPrior,
    Succession,
    Transitions,
    tempered,
    windows,
)
from turnwise.conversations import Example, examples
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Dimension
from turnwise.training.calibrate import fit_temperature
from turnwise.training.classifier import Classifier
from turnwise.training.conformal import fit_conformal
from turnwise.training.data import MISSING, LabelledExample, targets
from turnwise.training.operating import DEFAULT, FEWEST, RefusalConfig, fit_operating_point

MOST_HELD = 10_000  # turns of gold that a weight is chosen on
WEIGHTS = tuple(round(0.1 * step, 1) for step in range(1, 11))

Float = NDArray[np.float64]
Int = NDArray[np.int64]


def transitions_of(
    classifier: Classifier,
    model: PackedModel,
    config: RefusalConfig = DEFAULT,
    progress: Progress = silent,
) -> Transitions | None:
    """Count and weigh the chain of each dimension of one label a turn; None where none has any.

    Args:
        model: the packed graph, which tells what is believed of the turns held apart.
    """
    counted = {
        name: successions(classifier.trained, name)
        for name, readout in classifier.readouts.items()
        if not readout.several
    }
    counted = {name: found for name, found in counted.items() if any(one.previous for one in found)}
    if not counted:
        return None
    gold = classifier.held[: min(classifier.calibrating, MOST_HELD)]
    talks = {one.example.key[0]: list(examples(one.example.conversation)) for one in gold}
    turns = [one for talk in talks.values() for one in talk]
    _, logits = model.outputs(turns, progress)
    found = dict(zip(classifier.readouts, logits, strict=True))
    labels = _labels(gold, turns, classifier)
    chains = {}
    for name, some in counted.items():
        rows = classifier.readouts[name].probabilities(found[name]).astype(np.float64)
        held = Held(rows, labels[name], tuple(map(len, talks.values())))
        chains[name] = fit_chain(some, classifier.taxonomy[name], held, config)
    return Transitions(chains)


def successions(labelled: Sequence[LabelledExample], dimension: str) -> tuple[Succession, ...]:
    """Count the labels of customer turns that follow one another, or open their conversation."""
    known = {one.example.key: one for one in labelled if dimension in one.labels}
    talks = {one.example.key[0]: one.example.conversation for one in known.values()}
    counts: dict[tuple[str | None, str], float] = defaultdict(float)
    for talk in talks.values():
        before: LabelledExample | None = None
        for place, turn in enumerate(examples(talk)):
            one = known.get(turn.key)
            if one is not None and (before is not None or place == 0):
                weights = [each.weights.get(dimension, 1.0) for each in (one, before or one)]
                label = before.labels[dimension] if before is not None else None
                counts[label, one.labels[dimension]] += min(weights)
            before = one
    ordered = sorted(counts.items(), key=lambda pair: (pair[0][0] or "", pair[0][1]))
    return tuple(Succession(*pair, round(count, 6)) for pair, count in ordered)


@dataclass(frozen=True, slots=True)
class Held:
    """Turns held apart, conversation after conversation.

    Attributes:
        rows: Float64[n, n_labels], probabilities by the text; labels: Int64[n], MISSING where
            there is no gold.
        lengths: turns of each conversation.
    """

    rows: Float
    labels: Int
    lengths: tuple[int, ...]


def _labels(
    gold: Sequence[LabelledExample], turns: Sequence[Example], classifier: Classifier
) -> dict[str, Int]:
    """Dimension -> Int64[n_turns], the places of labels."""
    known = {one.example.key: one for one in gold}
    every = [known.get(one.key) or LabelledExample(one, {}, {}) for one in turns]
    columns = targets(every, classifier.taxonomy).labels.T
    return dict(zip(classifier.taxonomy.dimension_names, columns, strict=True))


def fit_chain(
    counted: tuple[Succession, ...], dimension: Dimension, held: Held, config: RefusalConfig
) -> Chain:
    """Choose the weight of a chain, and fit what goes by probabilities anew for it."""
    there = held.labels != MISSING
    labels, rows = held.labels[there], held.rows[there]
    if len(labels) < FEWEST:
        loss = float(_losses(rows, labels).mean()) if len(labels) else 0.0
        return Chain(counted, 0.0, 1.0, len(labels), loss, loss, None, None)
    # A temperature of its own, so that no chain is given credit for what one alone would mend.
    text = _losses(tempered(rows, _temperature(rows, labels)), labels)
    alone = float(text.mean())
    best = Chain(counted, 0.0, 1.0, len(labels), alone, alone, None, None)
    prior = ChainPrior(counted, dimension)
    places, opens = windows(held.lengths)
    conversation = np.repeat(np.arange(len(held.lengths)), held.lengths)[there]
    for weight in WEIGHTS:
        both = prior.read(held.rows, places[there], opens[there], weight)
        temperature = _temperature(both, labels)
        shares = tempered(both, temperature)
        gain = text - _losses(shares, labels)
        loss = alone - float(gain.mean())
        if loss < best.loss and gain.mean() > _standard_error(gain, conversation):
            best = replace(best, weight=weight, temperature=temperature, loss=loss)
            best = _with_thresholds(best, shares.astype(np.float32), labels, config)
    return best


def _temperature(rows: Float, labels: Int) -> float:
    return fit_temperature(np.log(np.maximum(rows, LEAST)).astype(np.float32), labels)


def _with_thresholds(
    chain: Chain, shares: Probabilities, labels: Int, config: RefusalConfig
) -> Chain:
    return replace(
        chain,
        conformal=fit_conformal(shares, labels, config.coverage),
        operating=fit_operating_point(shares, labels, config.accuracy, config.in_top),
    )


def _losses(rows: Float, labels: Int) -> Float:
    """Float64[n]: negative log-likelihoods in nats."""
    found: Float = -np.log(np.maximum(rows[np.arange(len(labels)), labels], LEAST))
    return found


def _standard_error(values: Float, conversation: Int) -> float:
    """Of a mean over turns that come by whole conversations (Kish, Survey Sampling, 1965)."""
    apart = np.bincount(conversation, weights=values - values.mean())
    return float(np.sqrt((apart**2).sum())) / len(values)
