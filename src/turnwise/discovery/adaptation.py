"""Vectors fitted to the logs at hand, without labels.

An encoder has seen the world; in the logs of one company all texts lie close together. Three
steps bring apart what belongs apart: what all texts share (their mean) is taken away; the words
that a text uses are set beside what it means; and each vector is drawn towards its nearest
neighbours, over a few hops of their graph. Paraphrases of one intent are neighbours of
neighbours, so they meet, while what only one text says is averaged out (simplified graph
convolution: Wu et al., Simplifying Graph Convolutional Networks, ICML 2019).
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from turnwise.clusters import Vectors
from turnwise.discovery.neighbours import Neighbours, nearest
from turnwise.errors import ConfigError
from turnwise.progress import Progress, silent

NEIGHBOURS = 10
SHARE = 0.7  # of a smoothed vector that comes from the neighbours
HOPS = 3
WORDS_WEIGHT = 0.5  # length of the words' vector beside the encoder's, which has 1


def adapt(vectors: Vectors, words: Vectors | None = None, progress: Progress = silent) -> Vectors:
    """Return vectors adapted to each other, Float32[n, size or more], rows of unit length.

    Args:
        vectors: Float32[n, size], rows of unit length; fewer than three come back as they are.
        words: of the same texts, by `word_vectors`; None leaves them out.
        progress: told of neighbours searched for.

    Raises:
        ConfigError: a library of the extra `discover` is missing.
    """
    if len(vectors) < 3:
        return vectors
    joined = join_words(centre(vectors), words)
    return smooth(joined, nearest(joined, NEIGHBOURS, progress))


def join_words(vectors: Vectors, words: Vectors | None) -> Vectors:
    """Set the vectors of words, Float32[n, any], behind those of the encoder."""
    if words is None:
        return vectors
    joined = np.hstack([vectors, WORDS_WEIGHT * words])
    return unit(joined, joined)


def centre(vectors: Vectors) -> Vectors:
    """Take the mean away; where all vectors are equal, nothing is taken."""
    mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    moved = vectors - mean
    if np.linalg.norm(moved, axis=1).max() < 1e-3:
        return vectors
    return unit(moved, vectors)


def smooth(vectors: Vectors, neighbours: Neighbours) -> Vectors:
    """Draw each vector towards those that are its neighbours, or whose neighbour it is.

    Args:
        vectors: Float32[n, size], rows of unit length.
        neighbours: of the same n vectors.
    """
    steps = _steps(neighbours)
    smoothed = vectors
    for _ in range(HOPS):
        drawn = np.asarray(steps @ smoothed, np.float32)
        smoothed = unit((1 - SHARE) * vectors + SHARE * drawn, vectors)
    return smoothed


def unit(rows: Vectors, otherwise: Vectors) -> Vectors:
    """Rows at unit length; one that has no length becomes that of `otherwise`."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled = rows / np.maximum(lengths, 1e-9)
    return np.where(lengths > 1e-6, scaled, otherwise).astype(np.float32)


def _steps(neighbours: Neighbours) -> Any:  # scipy has no types
    """The graph as a matrix whose rows sum to 1: where a step from a text leads."""
    sparse = _scipy_sparse()
    n, k = neighbours.ids.shape
    weights = np.maximum(neighbours.near, 1e-6).ravel()
    rows = np.repeat(np.arange(n, dtype=np.int32), k)
    one_way = sparse.csr_matrix((weights, (rows, neighbours.ids.ravel())), shape=(n, n))
    both = one_way.maximum(one_way.T).tocsr()
    sums = np.asarray(both.sum(axis=1)).ravel()
    return sparse.diags((1 / np.maximum(sums, 1e-9)).astype(np.float32)) @ both


def _scipy_sparse() -> Any:
    try:
        return importlib.import_module("scipy.sparse")
    except ImportError as error:
        raise ConfigError(
            "adapting vectors needs scipy", hint="Run: pip install 'turnwise[discover]'"
        ) from error
