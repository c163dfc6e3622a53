"""Probabilities from counts that are few: a state falls back on its labels, one by one.

    p(s' | s)    =  l(s) c(s, s') / c(s)  +  (1 - l(s)) p(s' | labels of s)
    p(s' | ...)  ~  p(s') times, for each dimension d, p(s'_d | s_d) / p(s'_d)
    p(y' | y)    =  l(y) c(y, y') / c(y)  +  (1 - l(y)) p(y')

with l(x) = c(x) / (c(x) + the number of different ones that followed x): the interpolation of
Witten and Bell (1991, method C) in the form that Chen and Goodman (1999) give it. What followed x
in many ways is trusted less. p(s') and p(y') are shares of all turns, so that no state that the
logs do not show is ever likely, and every state that they show can follow every other.

Falling back on the intent alone would draw the other labels anew after every rare state: a customer
would change the domain in most turns, where the logs have them keep to it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from turnwise.errors import GenerationError
from turnwise.generated import State
from turnwise.generation.chains.statistics import ChainStatistics

MOST_STATES = 5_000  # a row has a number for each: 40 KB, of every state that chains come by

Float = NDArray[np.float64]
Int = NDArray[np.intp]


class SmoothedRows:
    """The smoothed transition probabilities of one market.

    Attributes:
        states: those of the logs, in order: what the columns of a row stand for.
        marginal: Float64[n_states], their shares of all labelled turns.

    Raises:
        GenerationError: the market is unknown, or has more than 5,000 states.
    """

    def __init__(self, statistics: ChainStatistics, market: str = "") -> None:
        counts = statistics.counts(market)
        if len(counts.states) > MOST_STATES:
            raise GenerationError(
                f"the logs show {len(counts.states):,} states, and chains take up to "
                f"{MOST_STATES:,}. Leave out a dimension"
            )
        self.states = tuple(counts.states)
        self.index = {state: place for place, state in enumerate(self.states)}
        self.marginal = shares(list(counts.states.values()))
        self._by_state = counts.transitions
        size = len(statistics.dimensions)  # of one dimension, a state is its label
        self._dimensions = [_Dimension(statistics, market, at) for at in range(size) if size > 1]

    def row(self, state: State) -> Float:
        """Return Float64[n_states], above 0 and of sum 1: what follows a state.

        A state that the logs do not show falls back on its labels, and where they do not show one
        of them either, on the shares of all turns.
        """
        seen = self._by_state.get(state, {})
        backed = self._labels_row(state)
        return _interpolated({self.index[one]: count for one, count in seen.items()}, backed)

    def _labels_row(self, state: State) -> Float:
        """What follows the labels of a state, each dimension on its own."""
        found = self.marginal.copy()
        for one, label in zip(self._dimensions, state, strict=False):
            found *= one.ratio(label)
        found /= found.sum()
        return found


class _Dimension:
    """How much likelier than ever each state is behind a label of one dimension."""

    def __init__(self, statistics: ChainStatistics, market: str, at: int) -> None:
        counts = statistics.counts(market)
        labels = [state[at] for state in counts.states]
        self._places = {label: place for place, label in enumerate(dict.fromkeys(labels))}
        self._of_state: Int = np.array([self._places[one] for one in labels], dtype=np.intp)
        self._shares: Float = np.zeros(len(self._places))
        np.add.at(self._shares, self._of_state, shares(list(counts.states.values())))
        self._followed: defaultdict[str, Counter[int]] = defaultdict(Counter)
        for state, row in counts.transitions.items():
            for after, count in row.items():
                self._followed[state[at]][self._places[after[at]]] += count
        self._ratios: dict[str, Float] = {}

    def ratio(self, label: str) -> Float:
        """Return Float64[n_states], 1 where it says nothing."""
        if label not in self._ratios:
            row = _interpolated(self._followed.get(label, {}), self._shares)
            self._ratios[label] = (row / self._shares)[self._of_state]
        return self._ratios[label]


def _interpolated(counts: Mapping[int, int], backed: Float) -> Float:
    """Witten and Bell's mixture of counts by place and the probabilities to fall back on."""
    if not counts:
        return backed
    total = sum(counts.values())
    mixed: Float = backed * (len(counts) / (total + len(counts)))
    mixed[list(counts)] += np.array(list(counts.values())) / (total + len(counts))
    return mixed


def shares(counts: Sequence[int]) -> Float:
    """Counts as Float64[n] of sum 1."""
    found: Float = np.array(counts, dtype=np.float64)
    found /= found.sum()
    return found
