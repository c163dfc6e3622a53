"""What discovery is set beside: clusterings that are told the true number of clusters.

    plain                    the encoder's vectors as they are
    adapted                  to the texts at hand, as ours are
    keyphrases               text and keyphrases, each encoded (Viswanathan et al., TACL 2024)
    labels                   a short label for each utterance, then text and label vectors
                             averaged and smoothed over neighbours (De Raedt et al., IDAS, 2023)

The published forms ask a language model for keyphrases and labels. Here a text's keyphrases are
those that ours may use, and its label the words that tell its neighbourhood from all others.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.discovery_data import GoldSet
from turnwise.clusters import Rows, Vectors
from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.vectors import make_space
from turnwise.encoders import Encoder

NEIGHBOURHOOD = 10  # utterances, itself among them, that a label is made of
LABEL_WORDS = 4
SMOOTHED = (5, 10, 15, 20)  # neighbours to smooth over; the silhouette chooses, as in the paper
SILHOUETTE_SAMPLE = 2_000  # utterances that the silhouette is taken of
RUNS = 10  # of k-means, the best of which counts
VARIANCE_FLOOR = 1e-4  # of a Gaussian's dimension: a unit vector has 1 / 384 in each

Labels = NDArray[np.int64]  # Int64[n_utterances], a cluster each
Clustering = Callable[[Vectors, int, int], Labels]  # vectors, clusters, seed


def kmeans(vectors: Vectors, clusters: int, seed: int) -> Labels:
    from sklearn.cluster import KMeans

    made = KMeans(clusters, n_init=RUNS, random_state=seed)
    return np.asarray(made.fit_predict(vectors), np.int64)


def gaussian(vectors: Vectors, clusters: int, seed: int) -> Labels:
    """Diagonal covariances, which did as well as tied ones at a tenth of the time."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    made = GaussianMixture(
        clusters, covariance_type="diag", reg_covar=VARIANCE_FLOOR, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return np.asarray(made.fit_predict(vectors), np.int64)


def ward(vectors: Vectors, clusters: int, seed: int) -> Labels:
    """Without a draw: every seed gives the same."""
    from sklearn.cluster import AgglomerativeClustering

    return np.asarray(AgglomerativeClustering(clusters).fit_predict(vectors), np.int64)


CLUSTERINGS: Mapping[str, Clustering] = {"kmeans": kmeans, "gaussian": gaussian, "ward": ward}
DRAWN = ("kmeans", "gaussian")  # differ by seed


def rows_of(labels: Labels) -> list[Rows]:
    """The positions of each cluster's utterances, the clusters in the order of their numbers."""
    return [np.flatnonzero(labels == one) for one in np.unique(labels)]


FORMS = ("plain", "adapted", "keyphrases", "labels")


def clustered(
    gold: GoldSet, encoder: Encoder, form: str, clustering: str, seed: int
) -> tuple[list[Rows], float]:
    """As many clusters as there are gold intents, and the seconds, the texts being encoded."""
    vectors, count = encoder.encode(gold.texts), len(gold.intents)
    start = time.perf_counter()
    if form == "labels":
        vectors = label_vectors(gold.texts, vectors, encoder, count, seed)
    elif form != "plain":
        config = DiscoveryConfig(
            adapt=form == "adapted", keyphrases=form == "keyphrases", seed=seed
        )
        vectors = make_space(gold.utterances, encoder, config).vectors
    clusters = rows_of(CLUSTERINGS[clustering](vectors, count, seed))
    return clusters, time.perf_counter() - start


def label_vectors(
    texts: Sequence[str], vectors: Vectors, encoder: Encoder, clusters: int, seed: int
) -> Vectors:
    """Text and label vectors averaged, then smoothed over the neighbours that do best.

    How many neighbours is chosen by the silhouette of k-means with the true number of clusters.
    """
    both = _unit(vectors + encoder.encode(neighbour_labels(texts, vectors)))
    near = neighbours(both, max(SMOOTHED))
    forms = [_unit(both[near[:, :count]].mean(axis=1)) for count in SMOOTHED]
    return max(forms, key=lambda form: _silhouette(form, clusters, seed))


def neighbour_labels(texts: Sequence[str], vectors: Vectors) -> list[str]:
    """For each text the words that tell its neighbourhood from all others, the weightiest first.

    A word weighs its count in the neighbourhood times its inverse document frequency; English
    words that say little by themselves are left out.
    """
    from scipy import sparse
    from sklearn.feature_extraction.text import TfidfVectorizer

    reader = TfidfVectorizer(stop_words="english", sublinear_tf=True, norm=None)
    words = reader.fit_transform(texts)
    known = reader.get_feature_names_out()
    near = neighbours(vectors, NEIGHBOURHOOD)
    starts = np.arange(0, near.size + 1, near.shape[1])
    within = sparse.csr_matrix((np.ones(near.size, np.float32), near.ravel(), starts))
    weights = (within @ words).tocsr()
    weights.sort_indices()
    labels = []
    for row in range(len(texts)):
        part = slice(weights.indptr[row], weights.indptr[row + 1])
        order = np.argsort(-weights.data[part], kind="stable")[:LABEL_WORDS]
        labels.append(" ".join(known[weights.indices[part][order]]))
    return labels


def neighbours(vectors: Vectors, count: int) -> NDArray[np.intp]:
    """Intp[n, min(count, n)]: the nearest rows of each row, itself first."""
    nearness = vectors @ vectors.T
    np.fill_diagonal(nearness, 2.0)
    return np.argsort(-nearness, axis=1, kind="stable")[:, :count]


def _silhouette(vectors: Vectors, clusters: int, seed: int) -> float:
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    labels = KMeans(clusters, n_init=1, random_state=seed).fit_predict(vectors)
    size = min(SILHOUETTE_SAMPLE, len(vectors))
    return float(silhouette_score(vectors, labels, sample_size=size, random_state=seed))


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit.astype(np.float32)
