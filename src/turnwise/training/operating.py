"""Operating points, and all that refusal takes fitted in one go: held-out turns -> Refusal.

tau: a turn is accepted where its label's confidence is tau or more. Of all confidences seen, the
lowest is taken at which the accuracy of accepted turns meets the target even at the lower end of
its range (Wilson, one-sided, 90%): choosing where the plain figure meets it would choose chance,
and miss the target on about every second new sample. K: the fewest likeliest labels that hold
the truth of a stated share of the turns below tau.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Logits, Probabilities, softmax
from turnwise.bundle.refusal import (
    Conformal,
    CurvePoint,
    OperatingPoint,
    Refusal,
    RefusalArrays,
)
from turnwise.encoders import Vectors
from turnwise.errors import ConfigError
from turnwise.training.conformal import fewest_turns, fit_conformal
from turnwise.training.data import MISSING
from turnwise.training.out_of_domain import FEWEST_HELD, Trained, fit_out_of_domain

FEWEST = 50  # turns for an operating point
FEWEST_BELOW = 20  # turns below tau to choose K on; else the least confident of all
MOST_CANDIDATES = 10
CURVE_POINTS = 20
NORMAL_90 = 1.2816  # one-sided 90% quantile of the normal distribution

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RefusalConfig:
    """What is asked of refusal.

    Attributes:
        coverage: share of turns whose prediction set holds the truth.
        false_alarms: share of turns of the domain that may be called out of it.
        accuracy: of the turns that are accepted, at tau.
        in_top: share of the turns below tau whose truth is among the K likeliest labels.
    """

    coverage: float = 0.95
    false_alarms: float = 0.05
    accuracy: float = 0.95
    in_top: float = 0.9

    def __post_init__(self) -> None:
        for name in ("coverage", "false_alarms", "accuracy", "in_top"):
            if not 0 < getattr(self, name) < 1:
                raise ConfigError("must be between 0 and 1", field=f"refusal.{name}")


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Turns with gold that nothing was trained on.

    Attributes:
        logits: dimension -> Float32[n, n_labels], divided by the temperatures: what
            `bundle.levels.path_scores` returns. Dimensions with several labels a turn are left
            out.
        labels: dimension -> Int64[n], places in the taxonomy, MISSING where there is none.
        vectors: Float32[n, size], of the current turns, of unit length.
    """

    logits: Mapping[str, Logits]
    labels: Mapping[str, Int]
    vectors: Vectors


DEFAULT = RefusalConfig()


def fit_refusal(
    held: HeldOut, trained: Trained, config: RefusalConfig = DEFAULT
) -> tuple[Refusal, RefusalArrays | None]:
    """Fit prediction sets, operating points and out-of-domain scores.

    What takes more turns than there are is left out, and a note says so. At least 19 turns are
    needed for sets at 95%, 50 for an operating point, 50 for out-of-domain thresholds.
    """
    conformal: dict[str, Conformal] = {}
    operating: dict[str, OperatingPoint] = {}
    notes: list[str] = []
    for name, logits in held.logits.items():
        there = held.labels[name] != MISSING
        shares, labels = softmax(logits[there]), held.labels[name][there]
        sets = fit_conformal(shares, labels, config.coverage)
        if sets is None:
            fewest = fewest_turns(config.coverage)
            notes.append(f"{name}: no prediction sets, {_too_few(len(labels), fewest)}")
        else:
            conformal[name] = sets
            notes += _rare_labels(name, sets)
        point = fit_operating_point(shares, labels, config.accuracy, config.in_top)
        if point is None:
            notes.append(f"{name}: no operating point, {_too_few(len(labels), FEWEST)}")
        else:
            operating[name] = point
            notes += _unreached(name, point)
    found = fit_out_of_domain(held.logits, held.vectors, trained, config.false_alarms)
    if found is None:
        missing = _too_few(len(held.vectors), FEWEST_HELD)
        notes.append(f"no out-of-domain score, {missing}, beside turns of two labels to train on")
    facts, arrays = found or (None, None)
    return Refusal(conformal, operating, facts, tuple(notes)), arrays


def _too_few(turns: int, fewest: int) -> str:
    return f"{turns} turns of gold were held apart for it and {fewest} are needed"


def _rare_labels(name: str, sets: Conformal) -> list[str]:
    rare = len(sets.least_by_label) - sets.own
    if not rare:
        return []
    return [
        f"{name}: {rare} of {len(sets.least_by_label)} labels have fewer than "
        f"{fewest_turns(sets.coverage)} held-out turns of gold; sets by label use for these the "
        "threshold over all turns, and promise nothing of them"
    ]


def _unreached(name: str, point: OperatingPoint) -> list[str]:
    if point.reached:
        return []
    return [
        f"{name}: no threshold holds {point.target:.0%} accuracy on the {point.turns} held-out "
        f"turns; the best accepts {point.coverage:.0%} of the turns at {point.accuracy:.1%}"
    ]


def fit_operating_point(
    probabilities: Probabilities, labels: Int, accuracy: float, in_top: float
) -> OperatingPoint | None:
    """Choose tau and K of one dimension; None with fewer than 50 turns.

    Where no tau meets the target, the one whose lower end of the accuracy's range is highest is
    taken, which weighs how many turns it accepts. Where fewer than 20 turns are below tau, K is
    chosen on the 20 least confident of all. K is 10 where no smaller number suffices.

    Args:
        probabilities: Float32[n, n_labels], calibrated; labels: Int64[n].
        accuracy, in_top: the targets, in (0, 1).
    """
    if len(labels) < FEWEST:
        return None
    order = np.argsort(-probabilities.max(1), kind="stable")
    shares, truth = probabilities[order], labels[order]
    confidence = shares.max(1).astype(np.float64)
    places = _places_of(shares, truth)
    accepted = _ends_of_ties(confidence)
    right = np.cumsum(places == 0)[accepted - 1] / accepted
    lowest = _lower_end(right, accepted)
    meets = np.flatnonzero(lowest >= accuracy)
    chosen = int(meets[-1]) if len(meets) else int(np.argmax(lowest))
    below = places[min(accepted[chosen], len(places) - FEWEST_BELOW) :]
    most = min(MOST_CANDIDATES, probabilities.shape[1])
    top = [float((below < count).mean()) for count in range(1, most + 1)]
    candidates = next((at for at, share in enumerate(top, 1) if share >= in_top), most)
    points = np.unique(np.linspace(0, len(accepted) - 1, CURVE_POINTS).round().astype(int))
    curve = tuple(
        CurvePoint(
            float(confidence[accepted[at] - 1]), float(accepted[at] / len(truth)), float(right[at])
        )
        for at in points
    )
    return OperatingPoint(
        target=accuracy,
        reached=len(meets) > 0,
        confidence=float(confidence[accepted[chosen] - 1]),
        accuracy=float(right[chosen]),
        coverage=float(accepted[chosen] / len(truth)),
        turns=len(truth),
        candidates=candidates,
        in_top=top[candidates - 1],
        curve=curve,
        top=tuple(top),
    )


def _places_of(shares: Probabilities, truth: Int) -> Int:
    """Int64[n], how many labels are likelier than the true one; of equal ones the first is."""
    own = shares[np.arange(len(truth)), truth][:, None]
    before = np.arange(shares.shape[1]) < truth[:, None]
    found: Int = ((shares > own) | ((shares == own) & before)).sum(1)
    return found


def _ends_of_ties(confidence: Float) -> Int:
    """How many turns each threshold accepts: turns of one confidence are accepted together."""
    return np.flatnonzero(np.append(confidence[:-1] != confidence[1:], True)) + 1


def _lower_end(share: Float, turns: Int) -> Float:
    """The lower end of Wilson's one-sided 90% range of a share (Wilson, JASA 1927)."""
    square = NORMAL_90**2
    middle = share + square / (2 * turns)
    width = NORMAL_90 * np.sqrt(share * (1 - share) / turns + square / (4 * turns**2))
    low: Float = (middle - width) / (1 + square / turns)
    return low
