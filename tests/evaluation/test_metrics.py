"""Metrics, against scikit-learn's and against laws that hold for any predictions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
    top_k_accuracy_score,
)

from turnwise.evaluation import metrics

N_LABELS = 6
turns = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        arrays(np.int64, n, elements=st.integers(0, N_LABELS - 1)),
        arrays(np.int64, n, elements=st.integers(0, N_LABELS - 1)),
    )
)
confident_turns = st.integers(1, 80).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, n, elements=st.sampled_from([0.2, 0.25, 0.5, 0.7, 0.99])),
        arrays(np.bool_, n),
    )
)


@given(turns)
def test_precision_recall_and_f1_are_those_of_sklearn(pair):
    truth, predicted = pair
    tallies = metrics.tally(truth, predicted, N_LABELS)
    ours = metrics.precision_recall_f1(tallies)
    *theirs, support = precision_recall_fscore_support(
        truth, predicted, labels=range(N_LABELS), zero_division=0
    )
    np.testing.assert_allclose(ours, theirs)
    np.testing.assert_array_equal(tallies[2], support)


@pytest.mark.parametrize("average", ["macro", "weighted"])
@given(pair=turns)
def test_averages_are_those_of_sklearn(average, pair):
    truth, predicted = pair
    tallies = metrics.tally(truth, predicted, N_LABELS)
    ours = getattr(metrics, average)(metrics.precision_recall_f1(tallies), tallies)
    theirs = precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)
    np.testing.assert_allclose(ours, theirs[:3])


@given(turns)
def test_macro_over_gold_labels_leaves_out_labels_that_were_only_predicted(pair):
    truth, predicted = pair
    tallies = metrics.tally(truth, predicted, N_LABELS)
    ours = metrics.macro(metrics.precision_recall_f1(tallies), tallies, gold_only=True)
    theirs = precision_recall_fscore_support(
        truth, predicted, labels=np.unique(truth), average="macro", zero_division=0
    )
    np.testing.assert_allclose(ours, theirs[:3])


@given(turns)
def test_accuracy_is_weighted_recall(pair):
    truth, predicted = pair
    tallies = metrics.tally(truth, predicted, N_LABELS)
    recall = metrics.weighted(metrics.precision_recall_f1(tallies), tallies)[1]
    assert recall == pytest.approx(accuracy_score(truth, predicted))


@given(turns, st.integers(1, 5))
def test_tallies_of_groups_add_up_to_the_tally_of_all(pair, n_groups):
    truth, predicted = pair
    group = np.arange(len(truth)) % n_groups
    apart = metrics.tally_by_group(truth, predicted, N_LABELS, group)
    np.testing.assert_array_equal(apart.sum(axis=0), metrics.tally(truth, predicted, N_LABELS))


def test_scores_of_many_samples_are_those_of_each_sample():
    rng = np.random.default_rng(0)
    samples = rng.integers(1, 9, size=(7, 3, N_LABELS)).astype(float)
    together = metrics.macro(metrics.precision_recall_f1(samples), samples)
    for one, sample in zip(together, samples, strict=True):
        alone = metrics.macro(metrics.precision_recall_f1(sample), sample)
        np.testing.assert_allclose(one, alone)


def test_top_k_is_that_of_sklearn():
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.ones(N_LABELS), 200).astype(np.float32)
    truth = rng.integers(0, N_LABELS, 200)
    gold = np.eye(N_LABELS, dtype=bool)[truth]
    ours = metrics.top_k(gold, metrics.rank(chances, 5))
    theirs = [
        top_k_accuracy_score(truth, chances, k=k, labels=range(N_LABELS)) for k in range(1, 6)
    ]
    assert ours == pytest.approx(theirs)


def test_top_k_of_fewer_labels_than_k_stops_at_the_last_label():
    chances = np.array([[0.6, 0.4], [0.3, 0.7]], np.float32)
    gold = np.array([[False, True], [False, True]])
    assert metrics.top_k(gold, metrics.rank(chances, 5)) == (0.5, 1.0)


def test_ties_go_to_the_label_that_stands_first():
    assert metrics.rank(np.full((1, 4), 0.25, np.float32), 3).tolist() == [[0, 1, 2]]


def test_a_turn_with_several_gold_labels_is_right_by_any_and_else_scored_by_the_first():
    gold = np.array([[True, False, True], [True, False, True], [False, True, True]])
    settled = metrics.settle(gold, np.array([2, 1, 0]), np.array([0, 0, 1]))
    assert settled.tolist() == [2, 0, 1]


@given(confident_turns)
def test_the_coverage_curve_ends_at_accuracy_on_all_turns(pair):
    confidence, right = pair
    curve = metrics.coverage_curve(confidence, right)
    assert curve[-1].coverage == 1
    assert curve[-1].accuracy == pytest.approx(right.mean())
    assert curve[-1].confidence == confidence.min()


@given(confident_turns, st.randoms(use_true_random=False))
def test_the_coverage_curve_does_not_depend_on_the_order_of_turns(pair, random):
    confidence, right = pair
    order = np.array(random.sample(range(len(right)), len(right)))
    assert metrics.coverage_curve(confidence, right) == metrics.coverage_curve(
        confidence[order], right[order]
    )


@given(confident_turns)
def test_coverage_grows_and_confidence_falls_along_the_curve(pair):
    curve = metrics.coverage_curve(*pair)
    assert [p.coverage for p in curve] == sorted({p.coverage for p in curve})
    assert [p.confidence for p in curve] == sorted((p.confidence for p in curve), reverse=True)
    assert all(0 <= point.accuracy <= 1 for point in curve)


def test_a_predictor_that_is_always_equally_sure_has_a_flat_curve():
    right = np.array([True, False, False, True, False])
    curve = metrics.coverage_curve(np.full(5, 0.4), right)
    assert [point.accuracy for point in curve] == pytest.approx([0.4] * 5)


@given(turns)
def test_confusions_are_counted_like_sklearn_counts_them(pair):
    truth, predicted = pair
    ours = metrics.confusion_counts(truth, predicted, N_LABELS)
    np.testing.assert_array_equal(ours, confusion_matrix(truth, predicted, labels=range(N_LABELS)))


def test_the_most_confused_pairs_leave_out_the_diagonal_and_what_never_happened():
    counts = np.array([[9, 2, 0], [5, 9, 0], [0, 1, 9]])
    assert metrics.most_confused(counts, 10) == [(1, 0), (0, 1), (2, 1)]
    assert metrics.most_confused(counts, 1) == [(1, 0)]


def test_the_most_confused_labels_are_those_of_pairs_that_swap_either_way():
    counts = np.diag([50] * 5)
    counts[0, 3] = counts[3, 0] = 4
    counts[1, 2] = 5
    assert metrics.labels_most_confused(counts, 2) == [0, 3]
    assert metrics.labels_most_confused(counts, 4) == [0, 1, 2, 3]
    assert metrics.labels_most_confused(np.diag([3, 3]), 4) == []
