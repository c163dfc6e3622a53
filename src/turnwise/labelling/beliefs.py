"""What is believed of each turn along a conversation: a forward filter.

What was believed of the turn before is carried over with a chance that depends on how undecided
the turn's own text leaves us, and is one more kind of evidence in a choice between labels
(`choice.py`). Nothing looks ahead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.labelling.choice import Chances, Evidence, Weights, chances, fit_choice
from turnwise.labelling.corpus import Track
from turnwise.labelling.reader import Signals
from turnwise.labelling.ridge import Scores, Targets

# Kinds of evidence and their weights before any seed was seen: round figures near those that
# the sample's seed teaches, where they hold for more than one of its dimensions.
OWN_KINDS = {"turn": 1.1, "described": 0.2, "nearest": 0.1}
PAST_KINDS = {"last reply": 0.2, "replies": 0.2}
CARRY_KINDS = {
    "carried": 0.5,
    "carried when undecided": 0.1,
    "held": 0.2,
    "held when undecided": 0.1,
}
WHEN_UNDECIDED = ("turn", "last reply", "replies")
KINDS = (
    *OWN_KINDS,
    *PAST_KINDS,
    *(f"{kind} when undecided" for kind in WHEN_UNDECIDED),
    *CARRY_KINDS,
)
START = np.array([{**OWN_KINDS, **PAST_KINDS, **CARRY_KINDS}.get(kind, 0.0) for kind in KINDS])
OF_HISTORY = [kind.startswith((*PAST_KINDS, *CARRY_KINDS)) for kind in KINDS]

SCORE_UNIT, COSINE_UNIT, BELIEF_UNIT = 0.15, 0.1, 1 / 3  # make the kinds comparable in size
REPLY_FADING = 0.6  # of an agent's turn, per agent's turn further back
PULL = 1.0  # towards the weights above
RATE_START = np.array([0.0, 1.0, 0.0])  # of carrying over: constant, undecided, strength
ROUNDS = 4  # beliefs need weights and weights need beliefs: in turn, to a fixed point
FOLDS = 5
FLOOR = 1e-4  # no label is ever ruled out by the history


@dataclass(frozen=True, slots=True)
class Scale:
    """Mean and spread of how undecided texts leave us."""

    mean: float
    spread: float

    def __call__(self, undecided: Scores) -> Scores:
        scaled: Scores = np.clip((undecided - self.mean) / self.spread, -3.0, 3.0)
        return scaled


def fit_scale(signals: Signals) -> Scale:
    """From the texts of the corpus, each as if it had not been seen."""
    undecided = signals.undecided()
    return Scale(float(undecided.mean()), max(float(undecided.std()), 0.02))


@dataclass(frozen=True, slots=True)
class Traced:
    """The customer turns of some conversations, as far as the filter needs them.

    Attributes:
        evidence: Float64[n_turns, n_labels, n_kinds without carrying].
        undecided: Float64[n_turns], scaled; features: of the chance to carry, [n_turns, 3].
        track: which turns follow each other.
    """

    evidence: Evidence
    undecided: Scores
    features: NDArray[np.float64]
    track: Track


def trace(signals: Signals, where: Track, scale: Scale) -> Traced:
    """Gather the evidence for each customer turn from the signals of all texts."""
    rows = where.customers
    undecided = scale(signals.undecided()[rows])
    kinds = {
        "turn": signals.turn[rows] / SCORE_UNIT,
        "described": signals.described[rows] / COSINE_UNIT,
        "nearest": signals.nearest[rows] / COSINE_UNIT,
        "last reply": _past_replies(signals.reply, where, 0.0) / SCORE_UNIT,
        "replies": _past_replies(signals.reply, where, REPLY_FADING) / SCORE_UNIT,
    }
    for kind in WHEN_UNDECIDED:
        kinds[f"{kind} when undecided"] = kinds[kind] * undecided[:, None]
    strength = _centred(kinds["turn"]).max(axis=1, initial=-np.inf)
    features = np.stack([np.ones(len(rows)), undecided, strength], axis=1)
    evidence = np.stack([_centred(kind) for kind in kinds.values()], axis=2)
    return Traced(evidence, undecided, features, where)


def _past_replies(reply: Scores, where: Track, fading: float) -> Scores:
    """Sum of what the other side's turns before each customer turn say, fading with distance."""
    total = np.zeros((len(where.customers), reply.shape[1]))
    for position, (row, before) in enumerate(zip(where.customers, where.previous, strict=True)):
        first = where.starts[position] if before < 0 else where.customers[before] + 1
        heard = total[before] if before >= 0 else np.zeros(reply.shape[1])
        for earlier in range(first, row):
            heard = fading * heard + reply[earlier]
        total[position] = heard
    return total


def _centred(scores: Scores) -> Scores:
    centred: Scores = scores - scores.mean(axis=1, keepdims=True)
    return centred


@dataclass(frozen=True, slots=True)
class Filter:
    """The forward filter of one dimension.

    Attributes:
        weights: of the kinds of evidence, Float64[n_kinds], as KINDS names them.
        rate: of the features of the chance to carry over, Float64[3].
        usual: how often each label occurs where nothing is carried over, Float64[n_labels].
    """

    weights: Weights
    rate: Weights
    usual: Scores

    def beliefs(self, traced: Traced) -> Chances:
        """Go through conversations turn by turn: Float64[n_turns, n_labels]."""
        believed = np.zeros(traced.evidence.shape[:2])
        for now in traced.track.steps():
            evidence = self.evidence(traced, believed, now)
            believed[now] = chances(evidence, self.weights)
        return believed

    def history_decides(self, traced: Traced, believed: Chances) -> NDArray[np.bool_]:
        """Whether the history speaks more for each label against the best other one than the
        turn itself does: Bool[n_turns, n_labels]."""
        everything = np.arange(len(believed))
        pulls = self.evidence(traced, believed, everything) * self.weights
        total, past = pulls.sum(axis=2), pulls[:, :, OF_HISTORY].sum(axis=2)
        decides = np.zeros(total.shape, np.bool_)
        for label in range(total.shape[1] if total.shape[1] > 1 else 0):
            rival = np.delete(np.arange(total.shape[1]), label)[
                np.delete(total, label, 1).argmax(1)
            ]
            gained = past[:, label] - past[everything, rival]
            decides[:, label] = gained > (total[:, label] - total[everything, rival]) / 2
        return decides

    def evidence(self, traced: Traced, believed: Chances, now: NDArray[np.intp]) -> Evidence:
        """All kinds of evidence for some turns, given what is believed of those before them."""
        before = traced.track.previous[now]
        held = np.where(before[:, None] >= 0, believed[before], 0.0)
        carry = np.where(before >= 0, _logistic(traced.features[now] @ self.rate), 0.0)[:, None]
        carried = _centred(np.log(carry * held + (1 - carry) * self.usual + FLOOR))
        held = _centred(held) / BELIEF_UNIT
        undecided = traced.undecided[now, None]
        kinds = [carried, carried * undecided, held, held * undecided]
        return np.concatenate([traced.evidence[now], np.stack(kinds, axis=2)], axis=2)


def fit_filter(traced: Traced, targets: Targets) -> Filter:
    """Learn to weigh and to carry over from customer turns with a target, if there are any.

    Args:
        traced: turns, with signals that come from regressions without their conversation.
        targets: Float64[n_turns, n_labels]; rows of 0 where nothing is known.
    """
    counts = targets.sum(axis=0) + 1.0
    fitted = Filter(START, _fit_rate(traced, targets), counts / counts.sum())
    if not targets.any():
        return fitted
    everything = np.arange(len(targets))
    for _ in range(ROUNDS):
        evidence = fitted.evidence(traced, fitted.beliefs(traced), everything)
        weights = fit_choice(evidence, targets, START, PULL)
        fitted = Filter(weights, fitted.rate, fitted.usual)
    return fitted


def _fit_rate(traced: Traced, targets: Targets) -> Weights:
    """Logistic regression of whether a turn keeps the label of the one before."""
    known = targets.sum(axis=1) > 0
    later = (traced.track.previous >= 0) & known
    later[later] = known[traced.track.previous[later]]
    kept = (targets[later] * targets[traced.track.previous[later]]).sum(axis=1) > 0
    features = traced.features[later]
    # A choice between keeping and not keeping, where not keeping has no evidence.
    evidence = np.stack([np.zeros_like(features), features], axis=1)
    return fit_choice(evidence, np.stack([~kept, kept], axis=1).astype(float), RATE_START, PULL)


def _logistic(scores: Scores) -> Scores:
    logistic: Scores = 1.0 / (1.0 + np.exp(-scores))
    return logistic


def left_out_beliefs(traced: Traced, targets: Targets, groups: NDArray[np.intp]) -> Chances:
    """Beliefs about each conversation by a filter that was fitted on the other folds."""
    believed = np.zeros_like(targets)
    folds = groups % FOLDS
    for fold in np.unique(folds):
        away = folds == fold
        fitted = fit_filter(traced, np.where(away[:, None], 0.0, targets))
        believed[away] = fitted.beliefs(traced)[away]
    return believed
