"""Texts -> vectors of the words that they use, beside the encoder's vectors of what they mean.

An encoder puts `add my son` and `remove my son` next to each other; the words tell them apart.
Words and pairs of words are weighted by tf-idf and reduced to a few directions (latent semantic
analysis: Deerwester et al., JASIS 41, 1990). No language is assumed but that a space or a sign
parts words; where it does not, few texts share a word, and these vectors say little.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from turnwise.clusters import Vectors
from turnwise.errors import ConfigError

DIRECTIONS = 200
FEWEST_TEXTS = 20  # under which it is chance which words two texts share
LARGEST_SHARE = 0.2  # of the texts: what stands in more of them tells nothing apart
MOST_WORDS = 30_000  # and pairs, the most frequent ones
WORD = r"(?u)\b\w[\w']*\b"


def word_vectors(texts: Sequence[str], seed: int) -> Vectors | None:
    """Return Float32[n, up to 200]: rows of unit length, or 0 where no word is shared.

    None where there are too few texts, or they share too few words.

    Raises:
        ConfigError: scikit-learn is missing.
    """
    if len(texts) < FEWEST_TEXTS:
        return None
    counts = _weighted(texts)
    size = 0 if counts is None else min(DIRECTIONS, min(counts.shape) - 1)
    if size < 2:
        return None
    method = _library("sklearn.decomposition").TruncatedSVD(size, random_state=seed)
    rows = method.fit_transform(counts)
    known = np.linalg.norm(rows, axis=1) > 1e-6
    rows[known] -= rows[known].mean(axis=0)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Vectors = (rows / np.maximum(lengths, 1e-6)).astype(np.float32)
    return unit


def _weighted(texts: Sequence[str]) -> Any | None:  # a sparse matrix, Float64[n, words]
    """tf-idf of words and pairs that two texts hold or more; None where there are none."""
    method = _library("sklearn.feature_extraction.text").TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        min_df=2,
        max_df=max(2, math.floor(LARGEST_SHARE * len(texts))),
        max_features=MOST_WORDS,
        token_pattern=WORD,
    )
    try:
        return method.fit_transform(texts)
    except ValueError:  # how it says that no word is left
        return None


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(
            "vectors of words need scikit-learn", hint="Run: pip install 'turnwise[discover]'"
        ) from error
