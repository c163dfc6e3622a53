"""Several answers to one question -> one label, or none: the rules of agreement.

Keeping only what several ways of asking agree on is CLARA's consistency check (Balancing
Accuracy and Efficiency in Multi-Turn Intent Classification for LLM-Powered Dialog Systems in
Production: three orders of the demonstrations, only unanimous labels kept). Weighing voters by
the log-odds of their accuracy is optimal where their errors are independent (Nitzan and Paroush,
Optimal Decision Rules in Uncertain Dichotomous Choice Situations, 1982).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

from turnwise.annotations import Annotation

UNANIMOUS, MAJORITY = 1.0, 0.5
SURE = 1e-3  # no voter is taken to be always right or always wrong
ROUNDING = 1e-9

Vote = str | None  # a label, or none: abstained, or not to be used
Reliability = Mapping[tuple[str, str], float]  # (source's name, dimension) -> share right


@dataclass(frozen=True, slots=True)
class Tally:
    """What a vote came to.

    Attributes:
        label: what was agreed on, or None.
        share: of the votes that the first of `ranked` has, in [0, 1]; weighted votes: the chance
            that it is right.
        ranked: every label that was voted for with its share, best first, ties by name.
        votes: how many there were, those for no label included.
    """

    label: Vote
    share: float
    ranked: tuple[tuple[str, float], ...]
    votes: int


def agree(votes: Sequence[Vote], needed: float = UNANIMOUS) -> Tally:
    """Keep the label with the most votes, if enough agree on it and no other has as many.

    Args:
        votes: one for each who was asked; those for no label count among the asked.
        needed: share of the asked that must agree, 0.5 (MAJORITY) to 1 (UNANIMOUS).
    """
    counts = Counter(vote for vote in votes if vote is not None)
    shares = {label: count / len(votes) for label, count in counts.items()}
    ranked = _ranked(shares)
    share = ranked[0][1] if ranked else 0.0
    tied = len(ranked) > 1 and ranked[1][1] == share
    kept = bool(ranked) and not tied and share >= needed - ROUNDING
    return Tally(ranked[0][0] if kept else None, share, ranked, len(votes))


def weigh(votes: Sequence[tuple[Vote, float]], labels: int) -> Tally:
    """Keep the likeliest label, given how often each voter was right before.

    Each voter is taken to be right with its own chance, else to err evenly over the other
    labels, whatever the others say; no label is taken to be likelier beforehand. A tie keeps
    none.

    Args:
        votes: (label or none, share of that voter's labels that were right, in [0, 1]).
        labels: how many labels there are to choose from.
    """
    weights: dict[str, float] = {}
    for label, right in votes:
        if label is not None:
            weights[label] = weights.get(label, 0.0) + log_odds(right, labels)
    if not weights:
        return Tally(None, 0.0, (), len(votes))
    highest = max(0.0, *weights.values())
    unnamed = max(labels - len(weights), 0) * exp(-highest)
    total = unnamed + sum(exp(weight - highest) for weight in weights.values())
    ranked = _ranked({label: exp(weight - highest) / total for label, weight in weights.items()})
    tied = len(ranked) > 1 and ranked[0][1] - ranked[1][1] < ROUNDING
    return Tally(None if tied else ranked[0][0], ranked[0][1], ranked, len(votes))


def log_odds(right: float, labels: int) -> float:
    """What a vote of a voter weighs that is right so often, among so many labels."""
    right = min(max(right, SURE), 1.0 - SURE)
    return log(right * max(labels - 1, 1) / (1.0 - right))


def measured_reliability(
    annotations: Iterable[Annotation], gold: Mapping[tuple[str, int, str], tuple[str, ...]]
) -> dict[tuple[str, str], float]:
    """How often each source was right where gold tells, per dimension.

    One right and one wrong label are added to every count, so that few turns say little; turns
    where a source abstained do not count.

    Args:
        annotations: by any number of sources.
        gold: (conversation id, turn, dimension) -> the labels that a person gave.
    """
    right: Counter[tuple[str, str]] = Counter()
    judged: Counter[tuple[str, str]] = Counter()
    for one in annotations:
        known = gold.get((*one.key, one.dimension), ())
        if known and one.label is not None and one.source.kind != "person":
            judged[one.source.name, one.dimension] += 1
            right[one.source.name, one.dimension] += one.label in known
    return {key: (right[key] + 1) / (count + 2) for key, count in judged.items()}


def spelt_out(votes: Sequence[tuple[str, Vote]]) -> str:
    """Who voted for what, in words: `REFUND: ascending, random; CANCEL: descending`."""
    voters: dict[Vote, list[str]] = {}
    for voter, label in votes:
        voters.setdefault(label, []).append(voter)
    order = sorted(voters, key=lambda label: (label is None, -len(voters[label]), label or ""))
    return "; ".join(f"{label or 'no label'}: {', '.join(voters[label])}" for label in order)


def _ranked(shares: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0])))
