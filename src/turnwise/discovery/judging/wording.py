"""Clusters -> what their wording says of them, whatever any encoder makes of it.

Two views of a text: its character 3- and 4-grams by tf-idf, and the words that it holds. Nothing
here looks at the vectors that clusters were made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Rows
from turnwise.errors import ConfigError

LONGEST = 1000  # characters of a text that are read
SHOWN = 300  # members, evenly spread over its rows, by which a larger cluster is described
LEAD = 3  # words that stand for a cluster

Column = NDArray[np.float64]
Sparse = Any  # scipy has no types

WORDING = (
    "likeness",  # mean cosine of two members' wording, to that of two drawn at random, logarithm
    "linkage",  # likeness to the cluster worded most alike, to its own
    "misplaced",  # share of members that are worded more like another one
    "cover",  # share of members that hold a leading word
    "repetition",  # share of what is said, by its rarity, in words that several members use
)


@dataclass(frozen=True)
class Worded:
    """The wording of a space, read once.

    Attributes:
        grams: Float64[n, n_grams], sparse rows of unit length. words: Bool[n, n_words], sparse.
        share: of texts that hold a word, Float64[n_words]. far: mean cosine of two texts.
    """

    grams: Sparse = field(repr=False)
    words: Sparse = field(repr=False)
    share: Column = field(repr=False)
    far: float

    @classmethod
    def of(cls, texts: Sequence[str]) -> Worded:
        """Read texts, one or more.

        Raises:
            ConfigError: scikit-learn is missing.
        """
        try:
            from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
        except ImportError as error:
            raise ConfigError(
                "judging what was found needs scikit-learn",
                hint="Run: pip install 'turnwise[discover]'",
            ) from error
        # A letter in front of each, so that no collection is without any gram or word.
        read = [f"a {text[:LONGEST]}" for text in texts]
        by_grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True)
        by_words = CountVectorizer(binary=True, token_pattern=r"\w+(?:'\w+)*", dtype=np.float64)
        grams, words = by_grams.fit_transform(read), by_words.fit_transform(read)
        total = np.asarray(grams.sum(axis=0)).ravel()
        n = len(texts)
        far = float((total @ total - n) / max(n * (n - 1), 1))
        return cls(grams, words, np.asarray(words.sum(axis=0)).ravel() / n, max(far, 1e-4))


def describe_wording(worded: Worded, clusters: Sequence[Rows]) -> NDArray[np.float64]:
    """Describe clusters -> Float64[n_clusters, len(WORDING)]."""
    from scipy.sparse import csr_matrix

    sizes = np.array([len(rows) for rows in clusters], np.float64)
    place = np.repeat(np.arange(len(clusters)), sizes.astype(np.intp))
    of_rows = (place, np.concatenate(clusters))
    shape = (len(clusters), worded.grams.shape[0])
    membership = csr_matrix((np.ones(len(place)), of_rows), shape=shape)
    sums = (membership @ worded.grams).tocsr()
    counts = (membership @ worded.words).tocsr()
    products = np.asarray((sums @ sums.T).todense())
    columns = _likeness(worded, products, sizes)
    lengths = np.sqrt(np.maximum(np.diag(products), 1e-9))
    parts = [
        {"misplaced": _misplaced(worded.grams[_shown(rows)], sums, lengths, at)}
        | _lead(worded, rows, np.asarray(counts[at].todense()).ravel())
        for at, rows in enumerate(clusters)
    ]
    columns |= {name: np.array([part[name] for part in parts]) for name in parts[0]}
    return np.stack([columns[name] for name in WORDING], axis=1)


def _likeness(worded: Worded, products: NDArray[np.float64], sizes: Column) -> dict[str, Column]:
    pairs = np.maximum(sizes * (sizes - 1), 1)
    within = np.where(sizes > 1, (np.diag(products) - sizes) / pairs, 1.0)
    within = np.maximum(within, 1e-4)
    between = products / np.outer(sizes, sizes)
    np.fill_diagonal(between, 0)
    return {
        "likeness": np.log(within / worded.far),
        "linkage": np.clip(between.max(axis=1) / within, 0, 3),
    }


def _misplaced(members: Sparse, sums: Sparse, lengths: Column, place: int) -> float:
    products = np.asarray((members @ sums.T).todense())
    own = products[:, place]
    rest = np.sqrt(np.maximum(lengths[place] ** 2 - 2 * own + 1, 1e-9))
    to_own = (own - 1) / rest  # each member itself left out
    products[:, place] = 0
    to_other = (products / lengths).max(axis=1)
    return float((to_other >= to_own).mean())


def _lead(worded: Worded, rows: Rows, counts: Column) -> dict[str, float]:
    """By class-based tf-idf: a word's share in the cluster, times how rare it is elsewhere."""
    share = counts / len(rows)
    rarity = -np.log(np.maximum(worded.share, 1e-9))
    lift = np.where(counts > 1, share * (np.log(np.maximum(share, 1e-9)) + rarity), 0.0)
    leading = np.argsort(-lift, kind="stable")[:LEAD]
    held = np.asarray(worded.words[_shown(rows)][:, leading].sum(axis=1)).ravel() > 0
    said = counts * rarity
    return {
        "cover": float(held.mean()),
        "repetition": float(said[counts > 1].sum() / max(said.sum(), 1e-9)),
    }


def _shown(rows: Rows) -> Rows:
    if len(rows) <= SHOWN:
        return rows
    return rows[np.linspace(0, len(rows) - 1, SHOWN).astype(np.intp)]
