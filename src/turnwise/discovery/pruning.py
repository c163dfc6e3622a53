"""Pruning: the log of earlier rounds says which candidates are worth trying next.

Embedded: a parabola through the log odds of good clusters. By a language model: see
`pruning_llm`. Both give the best guess first; how often the best candidate of a round is among
the first 1 to 5 guesses is the hit rate (Hong et al. 2025, section 6.4.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Round

GUESSES = 5
SHAPE = 3  # coefficients of a parabola
RIDGE = 1e-3  # keeps a fit to few trials, or to equal ones, solvable


class Pruner(Protocol):
    """Predicts which candidates will have the best ratio."""

    def __call__(
        self, log: Sequence[Round], candidates: Sequence[float], n: int, /
    ) -> tuple[float, ...]:
        """Choose among candidates.

        Args:
            log: earlier rounds, one or more.
            candidates: of the round to come. n: utterances that it clusters.

        Returns:
            Five of them at most, the most promising first; none where the log tells nothing.
        """
        ...


def by_curve(log: Sequence[Round], candidates: Sequence[float], n: int) -> tuple[float, ...]:
    """Predict by the curve of earlier rounds: candidates per utterance against log odds of good.

    Each round has a level of its own, since what is left is harder, and all share one parabola.
    """
    rounds = [one for one in log if one.trials]
    if not rounds:
        return ()
    places = np.log([one.candidate / size(each) for each in rounds for one in each.trials])
    odds = [np.log((one.good + 0.5) / (one.bad + 0.5)) for each in rounds for one in each.trials]
    levels = np.repeat(np.arange(len(rounds)), [len(each.trials) for each in rounds])
    centre, spread = places.mean(), max(float(places.std()), 1e-6)
    design = np.hstack([_powers((places - centre) / spread), np.eye(len(rounds))[levels]])
    gram = design.T @ design + RIDGE * np.eye(design.shape[1])
    weights = np.linalg.solve(gram, design.T @ np.array(odds))
    asked = _powers((np.log(np.array(candidates) / n) - centre) / spread)
    order = np.argsort(-(asked @ weights[: SHAPE - 1]), kind="stable")[:GUESSES]
    return tuple(candidates[place] for place in order)


def size(one: Round) -> int:
    """Utterances that a round clustered."""
    return len(one.left) + sum(map(len, one.kept))


def hits(log: Sequence[Round], most: int = GUESSES) -> list[tuple[int, int]]:
    """How often the best candidate was among the first guesses.

    Args:
        log: rounds that tried every candidate: with `prune` off.

    Returns:
        For the first 1 to `most` guesses: rounds in which they hold the chosen candidate, and
        rounds with more candidates than guesses: in others every guess is right.
    """
    found = []
    for top in range(1, most + 1):
        open_ = [one for one in log if one.predicted and len(one.trials) > top]
        best = [one.trials[one.chosen].candidate for one in open_]
        right = sum(b in one.predicted[:top] for one, b in zip(open_, best, strict=True))
        found.append((right, len(open_)))
    return found


def _powers(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """x and x squared; the level is each round's own."""
    return np.column_stack([places, places**2])
