"""A clustering's scores are the field's own, and what is left out can't help."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from turnwise.clusters import Rows, Vectors
from turnwise.errors import EvaluationError
from turnwise.evaluation.discovery import best_mapping, score_clusters

cases = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-1, 5)), min_size=2, max_size=40)


def unit(count: int, size: int = 8) -> Vectors:
    drawn = np.random.default_rng(0).normal(size=(count, size)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


def rows_of(assigned: list[int]) -> list[Rows]:
    """Clusters of what was assigned; -1 is in none."""
    names = sorted({one for one in assigned if one >= 0})
    return [np.flatnonzero(np.array(assigned) == name) for name in names]


@given(cases)
def test_nmi_and_ari_agree_with_scikit_learn_with_the_unclustered_as_one_cluster(
    case: list[tuple[str, int]],
) -> None:
    gold, assigned = [label for label, _ in case], [cluster for _, cluster in case]
    scores = score_clusters(gold, rows_of(assigned), unit(len(gold)))
    assert scores.nmi == pytest.approx(metrics.normalized_mutual_info_score(gold, assigned))
    assert scores.ari == pytest.approx(metrics.adjusted_rand_score(gold, assigned))


@given(cases)
def test_names_of_clusters_and_order_of_sentences_change_nothing(
    case: list[tuple[str, int]],
) -> None:
    gold, assigned = [label for label, _ in case], [cluster for _, cluster in case]
    there = score_clusters(gold, rows_of(assigned), unit(len(gold)))
    back = score_clusters(gold[::-1], rows_of(assigned[::-1])[::-1], unit(len(gold))[::-1])
    for field in ("nmi", "ari", "accuracy", "unclustered", "diversity"):
        assert getattr(there, field) == pytest.approx(getattr(back, field))


def test_the_same_partition_scores_one() -> None:
    gold = ["pay", "pay", "cancel", "cancel", "move"]
    scores = score_clusters(gold, rows_of([2, 2, 0, 0, 1]), unit(5))
    assert (scores.nmi, scores.ari, scores.accuracy) == pytest.approx((1, 1, 1))
    assert (scores.clusters, scores.labels, scores.unclustered) == (3, 3, 0)


def test_accuracy_takes_the_mapping_that_is_best_in_all_not_the_first_best() -> None:
    # Cluster 0 would like `a` (3 of 5), but cluster 1 holds nothing else.
    gold = ["a"] * 3 + ["b"] * 2 + ["a"] * 4
    clusters = rows_of([0] * 5 + [1] * 4)
    assert score_clusters(gold, clusters, unit(9)).accuracy == pytest.approx(6 / 9)
    assert best_mapping(gold, clusters) == ["b", "a"]


def test_splitting_a_label_costs_accuracy_though_every_cluster_is_pure() -> None:
    gold = ["a"] * 4 + ["b"] * 4
    clusters = rows_of([0, 0, 1, 1, 2, 2, 2, 2])
    assert score_clusters(gold, clusters, unit(8)).accuracy == pytest.approx(6 / 8)
    assert best_mapping(gold, clusters).count(None) == 1


def test_unclustered_sentences_count_as_wrong() -> None:
    gold = ["a"] * 4 + ["b"] * 4
    scores = score_clusters(gold, rows_of([0, 0, 0, -1, 1, 1, 1, -1]), unit(8))
    assert scores.accuracy == pytest.approx(6 / 8)
    assert (scores.clusters, scores.unclustered) == (2, 0.25)
    assert scores.nmi < 1


def test_nothing_clustered_is_a_score_not_a_failure() -> None:
    scores = score_clusters(["a", "b", "b"], [], unit(3))
    assert (scores.nmi, scores.accuracy, scores.clusters) == (0, 0, 0)
    assert (scores.unclustered, scores.diversity) == (1, 0)
    assert best_mapping(["a", "b", "b"], []) == []


def test_an_empty_cluster_is_none() -> None:
    clusters = [np.zeros(0, dtype=np.intp), np.array([0, 1])]
    assert score_clusters(["a", "a"], clusters, unit(2)).clusters == 1
    assert best_mapping(["a", "a"], clusters) == [None, "a"]


def test_diversity_is_the_mean_cosine_distance_to_the_centroid() -> None:
    vectors = unit(30)
    clusters = rows_of([place % 3 for place in range(30)])
    expected = [
        1 - float(vectors[row] @ centre) / float(np.linalg.norm(centre))
        for rows in clusters
        for centre in [vectors[rows].mean(axis=0)]
        for row in rows
    ]
    assert score_clusters(["a"] * 30, clusters, vectors).diversity == pytest.approx(
        np.mean(expected), abs=1e-6
    )


@pytest.mark.parametrize(
    ("gold", "clusters", "count", "told"),
    [
        (["a"], [[0]], 2, "do not fit"),
        ([], [], 0, "no sentence"),
        (["a", "b"], [[0], [0, 1]], 2, "two clusters"),
        (["a", "b"], [[0, 2]], 2, "position"),
        (["a", "b"], [[-1]], 2, "position"),
    ],
)
def test_what_does_not_fit_together_is_said(
    gold: list[str], clusters: list[list[int]], count: int, told: str
) -> None:
    with pytest.raises(EvaluationError, match=told):
        score_clusters(gold, [np.array(rows, dtype=np.intp) for rows in clusters], unit(count))
