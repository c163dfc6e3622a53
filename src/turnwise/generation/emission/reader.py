"""Reads labels from words alone, for when there is no bundle yet.

A hidden Markov model read forwards: the words of a customer turn are drawn given its label
(multinomial naive Bayes), the label given the one before. So a turn that says little keeps the
label of the talk. Learnt from the pools in one pass; a thousand times faster than an encoder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import Example
from turnwise.generated import Probabilities
from turnwise.generation.emission.pools import Pools
from turnwise.generation.emission.words import plain
from turnwise.taxonomy import Dimension

Floats = NDArray[np.float32]

SMOOTHING = 0.1  # of a word under a label
INERTIA = 2.0  # times that each label counts as having followed itself, before anything is seen
TURNS = 6  # of the customer that are read before the one that is asked about
MOST_WORDS = 20_000
TEXTS_KEPT = 1 << 14


class WordReader:
    """Labels from the words of a turn and of the customer's turns before; implements `Reader`.

    Args:
        pools: what customers said under which labels, and what labels they had before.
    """

    def __init__(self, pools: Pools) -> None:
        self._words = _vocabulary(pools)
        self._models = {
            dimension.name: _Model(dimension, place, pools, self._words)
            for place, dimension in enumerate(pools.taxonomy.dimensions)
        }
        self._places = lru_cache(TEXTS_KEPT)(self._places_of)

    def probabilities(self, examples: Sequence[Example]) -> Mapping[str, Probabilities]:
        """Return, for each dimension, Float32[n_examples, n_labels]."""
        texts = [_customer(one) for one in examples]
        read = [[self._places(text) for text in some] for some in texts]
        return {
            name: np.stack([model.read(some) for some in read])
            if read
            else np.empty((0, model.size), np.float32)
            for name, model in self._models.items()
        }

    def _places_of(self, text: str) -> NDArray[np.intp]:
        known = (self._words.get(word) for word in _grams(text))
        return np.array([one for one in known if one is not None], np.intp)


class _Model:
    """Words and transitions of one dimension."""

    def __init__(
        self, dimension: Dimension, place: int, pools: Pools, words: Mapping[str, int]
    ) -> None:
        index = dimension.index
        self.size = len(index)
        counts = np.full((len(words), self.size), SMOOTHING, np.float32)
        prior = np.ones(self.size, np.float32)
        moves = INERTIA * np.eye(self.size, dtype=np.float32)
        for state in pools.states:
            label = index.get(state[place])
            if label is None:
                continue
            for one in pools.pool(state).utterances:
                prior[label] += 1
                for word in _grams(one.text):
                    if word in words:
                        counts[words[word], label] += 1
                before = index.get(one.before[place]) if one.before else None
                if before is not None:
                    moves[before, label] += 1
        self._prior = prior / prior.sum()
        self._words = np.log(counts / counts.sum(axis=0))
        moves += self._prior
        self._moves = moves / moves.sum(axis=1, keepdims=True)

    def read(self, turns: Sequence[NDArray[np.intp]]) -> Floats:
        """Return Float32[n_labels] of the last of the turns, oldest first."""
        belief: Floats = self._prior
        for number, words in enumerate(turns):
            scores = np.log((belief @ self._moves if number else belief) + 1e-12)
            scores += self._words[words].sum(axis=0)
            belief = np.exp(scores - scores.max())
            belief /= belief.sum()
        return belief


def _vocabulary(pools: Pools) -> dict[str, int]:
    """The most frequent words and pairs of words; a word that was said once tells nothing."""
    counts: Counter[str] = Counter()
    for state in pools.states:
        for one in pools.pool(state).utterances:
            counts.update(_grams(one.text))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_WORDS]
    return {word: place for place, (word, count) in enumerate(ordered) if count > 1}


def _grams(text: str) -> Iterable[str]:
    return plain(text).split()


def _customer(example: Example) -> list[str]:
    earlier = [turn.text for turn in example.history if turn.role == "customer"]
    return [*earlier[-TURNS:], example.text]
