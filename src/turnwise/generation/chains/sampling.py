"""Chains of states, as long as conversations of the logs and in their order.

    T ~ P(T);  first state ~ P(first);  next state ~ P(next | last), smoothed

as Chain-of-Intent samples them (S2, 3.2.1): length and states are drawn apart. A chain depends on
its seed and number alone, so that any one of them can be made again, in any order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Protocol

import numpy as np

from turnwise.errors import GenerationError
from turnwise.generated import State
from turnwise.generation.chains.smoothing import Float, SmoothedRows, shares
from turnwise.generation.chains.statistics import ChainStatistics

LEAST = 1e-12  # of a probability, where its logarithm is taken


class Sampler(Protocol):
    """Draws chains of states."""

    def chain(self, seed: int, number: int) -> tuple[State, ...]:
        """Return the states of a conversation's customer turns: one or more, the same again for
        the same seed and number."""
        ...


class ChainSampler:
    """Draws chains whose lengths and transitions are those of the logs.

    Args:
        statistics: what was counted; market: of which market, empty for all together.
        switching: the share of transitions that are to change a label, in [0, 1]; what a row
            says of the states that differ from its own keeps its proportions. None: as in the
            logs.

    Raises:
        GenerationError: the market is unknown, has too many states, or `switching` is out of its
            range.
    """

    def __init__(
        self, statistics: ChainStatistics, market: str = "", *, switching: float | None = None
    ) -> None:
        if switching is not None and not 0 <= switching <= 1:
            raise GenerationError(f"switching is a share from 0 to 1, and not {switching}")
        counts = statistics.counts(market)
        self._rows = SmoothedRows(statistics, market)
        self._switching = switching
        self._lengths = _Lengths(statistics, market)
        self._unseen = 1 / (sum(counts.states.values()) + 1)
        first = [counts.first.get(state, 0) for state in self._rows.states]
        self._first = np.cumsum(shares(first) if any(first) else self._rows.marginal)
        self._reached: dict[int, Float] = {}  # of the rows that chains came by, summed up

    @property
    def states(self) -> tuple[State, ...]:
        """The states that chains are made of, in the order of a row's columns."""
        return self._rows.states

    def row(self, state: State) -> Float:
        """Return Float64[n_states] of sum 1: the probability of each state to follow one."""
        row = self._rows.row(state)
        place = self._rows.index.get(state)
        if self._switching is None or place is None or len(row) == 1:
            return row
        row[place] = 0
        row *= self._switching / row.sum()
        row[place] = 1 - self._switching
        return row

    def chain(self, seed: int, number: int) -> tuple[State, ...]:
        """Return the states of a conversation's customer turns; the same ones again for the same
        seed and number."""
        random = Random(f"chain {seed} {number}")
        length = self._lengths.draw(random)
        places = [_drawn(self._first, random)]
        while len(places) < length:
            places.append(_drawn(self._sums(places[-1]), random))
        return tuple(self._rows.states[place] for place in places)

    def log_likelihood(self, chain: Sequence[State]) -> float:
        """The mean natural logarithm of the probabilities of a chain's transitions.

        0 for a chain of one state, which has none. A state that the logs do not show counts as one
        that they would show in one turn more; no probability counts as less than 1e-12.
        """
        if len(chain) < 2:
            return 0.0
        return sum(map(self._log_of, chain, chain[1:])) / (len(chain) - 1)

    def _log_of(self, before: State, after: State) -> float:
        place, at = self._rows.index.get(after), self._rows.index.get(before)
        if place is None:
            return math.log(self._unseen)
        sums = self._sums(at) if at is not None else np.cumsum(self.row(before))
        share = sums[place] - (sums[place - 1] if place else 0.0)
        return math.log(max(share, LEAST))

    def _sums(self, place: int) -> Float:
        sums = self._reached.get(place)
        if sums is None:
            sums = self._reached[place] = np.cumsum(self.row(self._rows.states[place]))
        return sums


class UniformSampler:
    """Draws chains as long as those of the logs, of states that are all equally likely: what
    chains of the logs are compared with.

    Raises:
        GenerationError: the market is unknown.
    """

    def __init__(self, statistics: ChainStatistics, market: str = "") -> None:
        self.states = tuple(statistics.counts(market).states)
        self._lengths = _Lengths(statistics, market)

    def chain(self, seed: int, number: int) -> tuple[State, ...]:
        """Return the states of a conversation's customer turns; the same ones again for the same
        seed and number."""
        random = Random(f"uniform chain {seed} {number}")
        return tuple(random.choices(self.states, k=self._lengths.draw(random)))


class _Lengths:
    """P(T), as the logs show it."""

    def __init__(self, statistics: ChainStatistics, market: str) -> None:
        counts = statistics.counts(market).lengths
        self._lengths = tuple(counts)
        self._sums = np.cumsum(shares(list(counts.values())))

    def draw(self, random: Random) -> int:
        return self._lengths[_drawn(self._sums, random)]


def _drawn(sums: Float, random: Random) -> int:
    """A place, drawn by probabilities that were summed up; one of probability 0 never is."""
    place = int(sums.searchsorted(random.random() * sums[-1], side="right"))
    return place if place < len(sums) else int(sums.searchsorted(sums[-1]))
