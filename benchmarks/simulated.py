"""A simulated annotator, and what theory says of its labels: for `consistency.py`.

Nothing here says how right a language model is. It says that the rule of `clara`, and a review
after the manner of `two-stage`, keep and mend what they must, given an annotator of stated
accuracy. Measured figures stand beside those of theory with the error that the number of turns
leaves.

**Orders.** A turn has one answer of its own, right with chance a, else one of the L - 1 wrong
labels. Asked in some order, the annotator gives its own answer, or, with chance s, the order
decides and an answer is drawn anew in the same way. s = 1: orders are independent; s = 0: they
are one and the same; between, they are correlated. Given the own answer o, an order says j with

    p(j | o) = (1 - s) [j = o] + s q(j),    q(right) = a,    q(wrong) = (1 - a) / (L - 1)

and orders differ independently. Of N orders k must agree, k > N / 2, so that one label at most
can win: with B the chance that of N draws at least k succeed,

    right kept = sum over o of P(o) B(p(right | o))        share = the same over every label
    precision  = right kept / share

For k = N, B(p) = p^N: independent orders keep a^N + (L - 1) ((1 - a) / (L - 1))^N.

**Review.** The first stage is right with chance a. The reviewer doubts a wrong label with chance
h (hits) and a right one with chance f (false alarms); what it doubts and is wrong it puts right
with chance r. So both are right on a (1 - f), only the first on a f, only the second on
(1 - a) h r, and the stages agree on 1 - a f - (1 - a) h.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil, comb, sqrt

import numpy as np
from numpy.typing import NDArray

from turnwise.labelling.voting import agree

Labels = NDArray[np.intp]  # places of labels; 0 is the right one


@dataclass(frozen=True)
class Orders:
    """An annotator that is asked in several orders.

    Attributes:
        accuracy: a. sensitivity: s, chance that an order decides. labels: L. orders: N.
        agreement: share of the orders that must agree.
    """

    accuracy: float
    sensitivity: float
    labels: int
    orders: int
    agreement: float

    @property
    def needed(self) -> int:
        """k: how many orders must agree."""
        return ceil(self.agreement * self.orders - 1e-9)


@dataclass(frozen=True)
class Review:
    """A first stage and its reviewer: a, h, f and r as above."""

    accuracy: float
    hits: float
    false_alarms: float
    puts_right: float


def kept_in_theory(one: Orders) -> tuple[float, float]:
    """Share of turns kept, and how many of those are right."""
    if 2 * one.needed <= one.orders:
        raise ValueError("two labels could win")
    right, wrong = one.accuracy, (1 - one.accuracy) / (one.labels - 1)
    own, swayed = 1 - one.sensitivity, one.sensitivity

    def wins(chance: float) -> float:
        return sum(
            comb(one.orders, votes) * chance**votes * (1 - chance) ** (one.orders - votes)
            for votes in range(one.needed, one.orders + 1)
        )

    others = one.labels - 1
    kept_right = right * wins(own + swayed * right) + (1 - right) * wins(swayed * right)
    kept_wrong = right * others * wins(swayed * wrong)
    kept_wrong += (1 - right) * (wins(own + swayed * wrong) + (others - 1) * wins(swayed * wrong))
    share = kept_right + kept_wrong
    return share, kept_right / share


def ask_in_orders(one: Orders, turns: int, seed: int) -> Labels:
    """The annotator's answers, Int[turns, orders]; label 0 is the right one."""
    draws = np.random.default_rng(seed)
    own = _draw(one, draws, (turns, 1))
    swayed = draws.random((turns, one.orders)) < one.sensitivity
    return np.where(swayed, _draw(one, draws, (turns, one.orders)), own)


def _draw(one: Orders, draws: np.random.Generator, shape: tuple[int, int]) -> Labels:
    wrong = draws.integers(1, one.labels, shape)
    return np.where(draws.random(shape) < one.accuracy, 0, wrong)


def kept_by_clara(one: Orders, turns: int, seed: int) -> dict[str, float]:
    """What the rule of `clara` keeps of a simulated annotator's answers, beside theory."""
    names = [str(label) for label in range(one.labels)]
    answers = ask_in_orders(one, turns, seed)
    labels = [agree([names[at] for at in row], one.agreement).label for row in answers]
    kept = sum(label is not None for label in labels)
    right = sum(label == names[0] for label in labels)
    share, precision = kept_in_theory(one)
    return {
        "accuracy": float((answers[:, 0] == 0).mean()),
        **_beside("share", kept, share, turns),
        **_beside("precision", right, precision, kept),
    }


def reviewed(one: Review, turns: int, seed: int) -> dict[str, float]:
    """Both stages of a simulated annotator and reviewer, beside theory."""
    draws = np.random.default_rng(seed)
    first = draws.random(turns) < one.accuracy
    doubted = draws.random(turns) < np.where(first, one.false_alarms, one.hits)
    mended = draws.random(turns) < one.puts_right
    second = np.where(doubted, ~first & mended, first)
    a, hits, alarms = one.accuracy, one.hits, one.false_alarms
    mends = (1 - a) * hits * one.puts_right
    return {
        **_beside("stage_1", int(first.sum()), a, turns),
        **_beside("stage_2", int(second.sum()), a * (1 - alarms) + mends, turns),
        **_beside("agree", int((~doubted).sum()), 1 - a * alarms - (1 - a) * hits, turns),
        **_beside("only_stage_1", int((first & ~second).sum()), a * alarms, turns),
        **_beside("only_stage_2", int((~first & second).sum()), mends, turns),
        **_beside("neither", int((~first & ~second).sum()), (1 - a) - mends, turns),
    }


def _beside(name: str, count: int, theory: float, turns: int) -> dict[str, float]:
    """A measured share beside what theory says, 1.96 standard errors, and the chance that a
    count would lie as far from theory or farther (exact binomial test)."""
    from scipy.stats import binomtest

    error = sqrt(max(theory * (1 - theory), 0.0) / max(turns, 1))
    return {
        name: round(count / max(turns, 1), 4),
        f"{name}_theory": round(theory, 4),
        f"{name}_error": round(1.96 * error, 4),
        f"{name}_chance": round(float(binomtest(count, max(turns, 1), theory).pvalue), 4),
    }


def described(one: Orders | Review) -> dict[str, float | int]:
    """What was stated, as the key of a cell."""
    return asdict(one)
