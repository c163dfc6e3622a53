"""What is believed of each turn, along the conversation and across dimensions.

Along the conversation: a forward filter. What was believed of the turn before is carried over
with a chance that depends on how undecided the turn's own text is, and is one more kind of
evidence in a choice between labels (`choice.py`). Nothing looks ahead.

Across dimensions: labels that occur together speak for each other; the same step calibrates,
since it is fitted on beliefs about conversations that were left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.labelling.choice import Chances, Evidence, Weights, chances, fit_choice
from turnwise.labelling.corpus import Track
from turnwise.labelling.reader import Signals
from turnwise.labelling.ridge import Scores, Targets

# Kinds of evidence and their weights before any seed was seen: round figures near those that
# the sample's seed teaches, where they hold for more than one of its dimensions.
OWN_KINDS = {"context": 0.5, "turn": 0.3, "taught": 0.3, "described": 0.2, "nearest": 0.1}
PAST_KINDS = {"last reply": 0.2, "replies": 0.2}
CARRY_KINDS = {"carried": 0.5, "carried when undecided": 0.1, "held": 0.2, "held when undecided": 0.1}
WHEN_UNDECIDED = ("context", "turn", "last reply", "replies")
HISTORY_KINDS = (*PAST_KINDS, *CARRY_KINDS)
KINDS = (*OWN_KINDS, *PAST_KINDS, *(f"{kind} when undecided" for kind in WHEN_UNDECIDED), *CARRY_KINDS)
START = np.array([{**OWN_KINDS, **PAST_KINDS, **CARRY_KINDS}.get(kind, 0.0) for kind in KINDS])

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
        "context": signals.context[rows] / SCORE_UNIT,
        "turn": signals.turn[rows] / SCORE_UNIT,
        "taught": signals.taught[rows] / SCORE_UNIT,
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
    customers = set(where.customers.tolist())
    for position, row in enumerate(where.customers):
        weight = 1.0
        for earlier in range(row - 1, where.starts[position] - 1, -1):
            if earlier not in customers and weight > 0:
                total[position] += weight * reply[earlier]
                weight *= fading
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


def left_out_beliefs(
    traced: Traced, targets: Targets, groups: NDArray[np.intp]
) -> Chances:
    """Beliefs about each conversation by a filter that was fitted on the other folds."""
    believed = np.zeros_like(targets)
    folds = groups % FOLDS
    for fold in np.unique(folds):
        away = folds == fold
        fitted = fit_filter(traced, np.where(away[:, None], 0.0, targets))
        believed[away] = fitted.beliefs(traced)[away]
    return believed


@dataclass(frozen=True, slots=True)
class Companions:
    """How one dimension's labels go with those of the others.

    Attributes:
        weights: of the dimension's own belief and of each other dimension's, in order.
        together: other dimension -> how much more often than usual labels occur together,
            Float64[n_other_labels, n_labels], as ratios.
    """

    weights: Weights
    together: Mapping[str, Scores]

    def beliefs(self, own: Chances, others: Mapping[str, Chances]) -> Chances:
        """Beliefs of the dimension in the light of those of the others."""
        return chances(_company(own, [others[name] @ ratio for name, ratio in self.together.items()]), self.weights)


def fit_companions(
    name: str,
    believed: Mapping[str, Chances],
    targets: Mapping[str, Targets],
    groups: NDArray[np.intp],
) -> Companions:
    """Learn from beliefs about left-out conversations how far to trust them and each other.

    Args:
        name: the dimension; the others are the remaining keys of `believed`.
        believed: dimension -> Float64[n_turns, n_labels], of turns that were left out.
        targets: dimension -> Float64[n_turns, n_labels].
        groups: conversations, Int[n_turns]: what occurs together is counted in the others.
    """
    others = [one for one in believed if one != name]
    start = np.array([1.0, *(0.0 for _ in others)])
    expected = []
    for other in others:
        rows = np.zeros_like(targets[name])
        for group in np.unique(groups):
            of_group = groups == group
            ratio = _together(targets[other][~of_group], targets[name][~of_group])
            rows[of_group] = believed[other][of_group] @ ratio
        expected.append(rows)
    evidence = _company(believed[name], expected)
    weights = fit_choice(evidence, targets[name], start, COMPANY_PULL)
    return Companions(
        weights, {other: _together(targets[other], targets[name]) for other in others}
    )


COMPANY_PULL = 3.0
COMPANY_PRIOR = 1.0  # turns, per label, that are taken to show no dependence


def _company(own: Chances, expected: Sequence[Scores]) -> Evidence:
    return np.stack([np.log(own + FLOOR), *(np.log(one) for one in expected)], axis=2)


def _together(other: Targets, own: Targets) -> Scores:
    """P(label | other label) / P(label), smoothed towards 1: Float64[n_other, n_labels]."""
    counts = other.T @ own
    usual = own.sum(axis=0) + 0.5
    usual = usual / usual.sum()
    smooth = counts + COMPANY_PRIOR * own.shape[1] * usual
    ratio: Scores = smooth / smooth.sum(axis=1, keepdims=True) / usual
    return ratio
