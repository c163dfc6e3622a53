"""Texts -> hashed n-gram vectors: the wording that an encoder of meaning smooths away.

Words, pairs of words and the character 3- and 4-grams of words, weighted by tf-idf and hashed
with a sign into a fixed number of buckets (Weinberger et al., Feature Hashing, ICML 2009), so
that a product of two vectors is their cosine up to a noise of 1 / sqrt(BUCKETS). Digits count
as one and the same digit: that a number was said tells more than which.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

BUCKETS = 4096
Words = NDArray[np.float32]  # Float32[n_texts, BUCKETS], rows of unit length or 0

_TOKEN = re.compile(r"\w+(?:'\w+)*|[^\w\s]")


def tokens(text: str) -> list[str]:
    """Words, with their apostrophes, and signs, in lower case."""
    return _TOKEN.findall(text.lower())


def word_grams(word: str) -> Iterator[str]:
    """The word itself and its character n-grams."""
    word = re.sub(r"\d", "0", word)
    yield f"w {word}"
    edged = f"<{word}>"
    for size in (3, 4):
        for start in range(len(edged) - size + 1):
            yield edged[start : start + size]


def _grams(text: str) -> Iterator[str]:
    words = tokens(text)
    for word in words:
        yield from word_grams(word)
    shapes = ["^", *(re.sub(r"\d", "0", word) for word in words), "$"]
    for left, right in pairwise(shapes):
        yield f"p {left} {right}"


def bucket(gram: str) -> tuple[int, float]:
    """Where a gram is counted, and with which sign."""
    code = zlib.crc32(gram.encode())
    return code % BUCKETS, 1.0 if code & 0x8000_0000 else -1.0


@dataclass(frozen=True, slots=True)
class Wording:
    """How rare each gram is among the texts that were learnt from.

    Attributes:
        texts_with: gram -> in how many texts it stands; texts: how many there were.
    """

    texts_with: dict[str, int]
    texts: int

    @classmethod
    def of(cls, texts: Sequence[str]) -> Wording:
        counts: dict[str, int] = {}
        for text in texts:
            for gram in set(_grams(text)):
                counts[gram] = counts.get(gram, 0) + 1
        return cls(counts, len(texts))

    def rarity(self, gram: str) -> float:
        """Inverse document frequency: 1 for what stands everywhere, more for what is rare."""
        return float(np.log((1 + self.texts) / (1 + self.texts_with.get(gram, 0)))) + 1.0

    def pull(self, word: str, weights: NDArray[np.float32]) -> float:
        """What a word adds to a product with weights of the buckets, Float32[BUCKETS]."""
        total = 0.0
        for gram in word_grams(word):
            place, sign = bucket(gram)
            total += sign * self.rarity(gram) * float(weights[place])
        return total

    def vectors(self, texts: Sequence[str]) -> Words:
        """Texts -> Float32[n_texts, BUCKETS]."""
        rows = np.zeros((len(texts), BUCKETS), np.float32)
        for row, text in zip(rows, texts, strict=True):
            counts: dict[str, int] = {}
            for gram in _grams(text):
                counts[gram] = counts.get(gram, 0) + 1
            for gram, count in counts.items():
                place, sign = bucket(gram)
                row[place] += sign * (1.0 + np.log(count)) * self.rarity(gram)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: Words = rows / np.maximum(lengths, 1e-9)
        return unit
