"""How alike two texts are, in meaning and in wording.

    exp((cosine of meaning - 1) / WIDTH) + WORDS * cosine of wording + LEVEL

It is a sum of kernels, so a ridge regression on it (`ridge.py`) is one on all their features
at once. The constants were chosen by cross-validation over the sample's seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.encoders import Vectors
from turnwise.labelling.words import Wording, Words

Similarity = NDArray[np.float32]  # Float32[n_texts, n_others]

WIDTH = 0.4  # how far from each other texts still speak to each other
WORDS = 0.5
LEVEL = 0.1  # takes the place of an intercept


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of texts, a row each.

    Attributes:
        meaning: the encoder's vectors, Float32[n_texts, size].
        wording: hashed n-grams, Float32[n_texts, BUCKETS].
    """

    meaning: Vectors
    wording: Words


def see(texts: Sequence[str], meaning: Vectors, wording: Wording) -> Seen:
    """Texts with their vectors, and how they are worded."""
    return Seen(meaning, wording.vectors(texts))


def similarity(some: Seen, others: Seen) -> Similarity:
    """Of each text to each other: Float32[n_some, n_others]."""
    near = np.exp((some.meaning @ others.meaning.T - 1.0) / WIDTH)
    found: Similarity = near + WORDS * (some.wording @ others.wording.T) + LEVEL
    return found
