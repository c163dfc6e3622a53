"""Ratings from 1 to 10, and who gives them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from turnwise.errors import ConfigError

LOWEST, HIGHEST = 1.0, 10.0


@dataclass(frozen=True, slots=True)
class Rating:
    """What a judge found.

    Attributes:
        score: from 1 to 10; NaN where it found none.
        parts: name -> what the score is made of, where the judge tells; in [0, 1].
        problem: why there is no score; else empty.
    """

    score: float
    parts: tuple[tuple[str, float], ...] = ()
    problem: str = ""

    @property
    def rated(self) -> bool:
        return not math.isnan(self.score)


def unrated(problem: str) -> Rating:
    """No rating, and why."""
    return Rating(math.nan, problem=problem)


def on_scale(share: float) -> float:
    """A share in [0, 1] on the scale from 1 to 10."""
    return LOWEST + (HIGHEST - LOWEST) * min(1.0, max(0.0, share))


def refuse_own_work(judge: str, makers: Sequence[str]) -> None:
    """Complain of a model that is to judge what it wrote.

    Args:
        judge: the model's name; makers: of what is judged, several joined by ` + `.

    Raises:
        ConfigError: it is one of the makers.
    """
    if judge in {name.strip() for maker in makers for name in maker.split(" + ")}:
        raise ConfigError(
            f"{judge} wrote some of what it is to judge, and models favour what they wrote",
            field="judge",
            hint="Name another model as the judge, or judge without one",
        )
