"""What discovered intents are worth to a classifier, and what clusters are called.

A logistic regression on the encoder's vectors learns to tell the clusters of a training split
apart; the cluster that it gives a test utterance stands for the gold intent that most of the
cluster's utterances have. Unclustered utterances are not learnt from.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.discovery_data import GoldSet, words_of
from benchmarks.runner import Figures
from turnwise.clusters import ClusterName, Rows, Vectors
from turnwise.encoders import Encoder
from turnwise.evaluation.discovery.scores import best_mapping

STRENGTH, ITERATIONS = 10.0, 200
NEAREST_NAMES = 3


@dataclass(frozen=True)
class Job:
    """Utterances to cluster and to learn from, and others to be asked about.

    Attributes:
        vectors, asked_vectors: of both, Float32[n, size], rows of unit length.
    """

    train: GoldSet
    vectors: Vectors
    asked: GoldSet
    asked_vectors: Vectors


def job(train: GoldSet, asked: GoldSet, encoder: Encoder) -> Job:
    return Job(train, encoder.encode(train.texts), asked, encoder.encode(asked.texts))


def gold_clusters(gold: Sequence[str]) -> list[Rows]:
    """The utterances of each intent, sorted by its name: what perfect discovery would find."""
    names = np.asarray(gold, dtype=object)
    return [np.flatnonzero(names == one) for one in sorted(set(gold))]


def in_use(work: Job, clusters: Sequence[Rows]) -> Figures:
    """The accuracy on the asked utterances of a classifier that learnt from clusters alone.

    Returns:
        accuracy: a cluster stands for the intent most of its utterances have; one_to_one: no
        intent stands for two clusters, so that splitting intents gains nothing.
    """
    answered = _answered(work, clusters)
    gold = np.asarray(work.asked.gold, dtype=object)
    by_majority = np.asarray(majority_names(work.train.gold, clusters), dtype=object)
    one_to_one = np.asarray(best_mapping(work.train.gold, clusters), dtype=object)
    return {
        "accuracy": float((by_majority[answered] == gold).mean()),
        "one_to_one": float((one_to_one[answered] == gold).mean()),
        "clusters": len(clusters),
        "intents_named": len(set(by_majority)),
        "learnt_from": sum(len(rows) for rows in clusters),
    }


def majority_names(gold: Sequence[str], clusters: Sequence[Rows]) -> list[str]:
    """For each cluster the intent that most of its utterances have; by name where two tie."""
    counts = [Counter(gold[row] for row in rows) for rows in clusters]
    return [min(one, key=lambda name: (-one[name], name)) for one in counts]


def _answered(work: Job, clusters: Sequence[Rows]) -> NDArray[np.intp]:
    """The cluster of each asked utterance, by logistic regression."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    rows = np.concatenate(clusters)
    classes = np.repeat(np.arange(len(clusters)), [len(one) for one in clusters])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=STRENGTH, max_iter=ITERATIONS)
        model.fit(work.vectors[rows], classes)
    return np.asarray(model.predict(work.asked_vectors), np.intp)


def name_agreement(
    intents: Sequence[str], names: Sequence[ClusterName], encoder: Encoder
) -> Figures:
    """How near each gold cluster's name is to its gold intent's, among all gold intents.

    Args:
        intents: of the gold clusters; names: what the namer called them, in the same order.

    Returns:
        top_1, top_3: share of clusters whose own intent is (among) the nearest by the encoder;
        cosine: mean between a name and its own intent's.
    """
    said = encoder.encode([one.name.replace("-", " ") for one in names])
    gold = encoder.encode([words_of(one) for one in intents])
    nearness = said @ gold.T
    own = np.diag(nearness)
    place = (nearness > own[:, None]).sum(axis=1)
    return {
        "top_1": float((place == 0).mean()),
        "top_3": float((place < NEAREST_NAMES).mean()),
        "cosine": float(own.mean()),
        "clusters": len(intents),
        "different": len({one.name for one in names}),
    }
