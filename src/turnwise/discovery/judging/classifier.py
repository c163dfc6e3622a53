"""A logistic regression written as numbers, and how it is read.

The numbers were learnt from labelled public sets by benchmarks/discovery_judge.py; the file that
holds them says from which, and how well they did on sets that were left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from turnwise.clusters import Rows, Space, Vectors, Verdict
from turnwise.discovery.judging.statistics import GEOMETRY, Statistics, Surroundings, describe

LEARNT = "learnt.json"
LIMIT = 4.0  # standard deviations: what is farther from what was learnt on says no more
TITLE = 60  # characters of the text that a reason names another cluster by
PULLS = 0.15  # shares from which a reason speaks of them
FALLS = 0.5  # of what halves have in common, under which a reason says that there are two

Number = Annotated[float, Field(allow_inf_nan=False)]


class Coefficients(BaseModel):
    """What one regression learnt.

    Attributes:
        statistics: their names, in order. means, deviations: where it was learnt; weights: of
            what is left after both; bias. threshold: probability from which a cluster is good.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    statistics: tuple[str, ...]
    means: tuple[Number, ...]
    deviations: tuple[Number, ...]
    weights: tuple[Number, ...]
    bias: Number
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5

    def contributions(self, statistics: Statistics) -> NDArray[np.float64]:
        """Float64[n, n_statistics] -> the same shape: what each says for `good`, in log odds."""
        scaled = (statistics - np.array(self.means)) / np.array(self.deviations)
        parts: NDArray[np.float64] = np.clip(scaled, -LIMIT, LIMIT) * np.array(self.weights)
        return parts

    def odds(self, contributions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log odds, counted from the threshold: over 0 is good."""
        border = math.log(self.threshold / (1 - self.threshold))
        found: NDArray[np.float64] = contributions.sum(axis=1) + self.bias - border
        return found


class Learnt(BaseModel):
    """The file of learnt numbers: both embedded judges, and how the numbers came about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    origin: dict[str, str]
    loop: Coefficients
    final: Coefficients


@cache
def learnt() -> Learnt:
    """The numbers that the package keeps."""
    kept = files("turnwise.discovery.judging").joinpath(LEARNT).read_text("utf-8")
    return Learnt.model_validate(json.loads(kept))


def certainty(odds: float) -> float:
    """Log odds -> score in [0, 1], over one half where the cluster is good."""
    return 1 / (1 + math.exp(-max(min(float(odds), 50.0), -50.0)))


class EmbeddedJudge:
    """Judges clusters by the geometry of their vectors; implements `Judge`.

    Good is a cluster that is mostly of one intent and holds most of it. So a piece of an intent
    whose neighbours lie outside is bad, like a mixture: a loop that looks for the best share of
    good clusters would otherwise cut ever smaller pieces.

    Args:
        coefficients: of a regression over `GEOMETRY`; those that the package keeps if None.
    """

    def __init__(self, coefficients: Coefficients | None = None) -> None:
        self._coefficients = coefficients or learnt().loop
        self._around: Surroundings | None = None

    @property
    def source_name(self) -> str:
        return "embedded judge (geometry)"

    def judge(self, space: Space, clusters: Sequence[Rows]) -> list[Verdict]:
        """Return a verdict per cluster.

        Args:
            clusters: that share no row. Rows of the space that are in none count as outside.

        Raises:
            ConfigError: the space is large, and faiss is missing.
        """
        if not clusters:
            return []
        around = self._surroundings(space.vectors)
        described = describe(around, clusters)
        odds = self._coefficients.odds(self._coefficients.contributions(described.statistics))
        return [
            Verdict(
                good=bool(odds[place] > 0),
                score=certainty(odds[place]),
                reason=explain(row, space, clusters[near] if near != place else None),
            )
            for place, (row, near) in enumerate(
                zip(described.statistics, described.nearest, strict=True)
            )
        ]

    def _surroundings(self, vectors: Vectors) -> Surroundings:
        """Those of the last space are kept: a loop asks about one space again and again."""
        if self._around is None or self._around.vectors is not vectors:
            self._around = Surroundings.of(vectors)
        return self._around


def explain(row: NDArray[np.float64], space: Space, other: Rows | None) -> str:
    """What the statistics of a cluster say, in words.

    Args:
        row: Float64[len(GEOMETRY)]. other: the cluster that most neighbours outside are in.
    """
    told = dict(zip(GEOMETRY, map(float, row), strict=True))
    parts = [f"{told['filling']:.0%} of its members' neighbours are members"]
    if other is not None and told["strongest pull"] >= PULLS:
        parts.append(f"{told['strongest pull']:.0%} lie with {_title(space, other)}")
    if told["misplaced"] >= PULLS:
        parts.append(f"{told['misplaced']:.0%} of them are nearer to another cluster")
    if told["halves"] < FALLS and told["crossing"] < FALLS:
        parts.append("it falls into two halves")
    return "; ".join(parts)


def _title(space: Space, rows: Rows) -> str:
    """The most typical text of a cluster, in quotes, cut."""
    members = space.vectors[rows]
    typical = rows[int(np.argmax(members @ members.mean(axis=0)))]
    text = " ".join(space.utterances[typical].text.split())
    return f"“{text if len(text) <= TITLE else text[: TITLE - 1] + '…'}”"
