"""Tails, intervals and tests of experiments, against scipy where it is there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.evaluation.experiment.distributions import (
    chi_square_p,
    normal_p,
    student_95,
    student_p,
)
from turnwise.evaluation.experiment.proportions import compare_shares, ratio_p, wilson
from turnwise.evaluation.experiment.testing import (
    compare_days,
    compare_means,
    compare_seconds,
    holm,
    mean,
)

groups = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30).map(np.array)


def ones(count: int, of: int) -> np.ndarray:
    return (np.arange(of) < count).astype(float)


@pytest.fixture(scope="module")
def laws():
    return pytest.importorskip("scipy.stats")


@given(t=st.floats(0, 50), df=st.floats(1, 1e6))
@settings(deadline=None)
def test_students_tail_is_scipys(laws, t, df):
    assert student_p(t, df) == pytest.approx(2 * laws.t.sf(t, df), rel=1e-7, abs=1e-300)
    assert student_p(-t, df) == student_p(t, df)


@given(df=st.floats(1, 1e5))
@settings(deadline=None, max_examples=30)
def test_half_of_a_students_interval_is_scipys(laws, df):
    assert student_95(df) == pytest.approx(laws.t.ppf(0.975, df), rel=1e-6)


@given(value=st.floats(0, 1e3), df=st.integers(1, 12))
@settings(deadline=None)
def test_the_tail_of_chi_square_is_scipys(laws, value, df):
    assert chi_square_p(value, df) == pytest.approx(laws.chi2.sf(value, df), rel=1e-9, abs=1e-300)


@given(z=st.floats(-30, 30))
def test_the_normal_tail_is_scipys(laws, z):
    assert normal_p(z) == pytest.approx(2 * laws.norm.sf(abs(z)), rel=1e-9)


@given(first=groups, second=groups)
@settings(deadline=None)
def test_welchs_test_is_scipys(laws, first, second):
    found = compare_means(first, second)
    if min(first.std(), second.std()) < 1e-6:
        return
    other = laws.ttest_ind(second, first, equal_var=False)
    low, high = other.confidence_interval()
    assert found.p == pytest.approx(other.pvalue, rel=1e-6, abs=1e-12)
    assert (found.difference.low, found.difference.high) == pytest.approx((low, high), rel=1e-5)


@given(differences=st.lists(st.floats(-1, 1), min_size=3, max_size=30).map(np.array))
@settings(deadline=None)
def test_the_paired_test_is_scipys(laws, differences):
    if differences.std() < 1e-6:
        return
    expected = laws.ttest_1samp(differences, 0).pvalue
    assert compare_days(differences).p == pytest.approx(expected, rel=1e-6)


@given(of=st.integers(1, 5000), share=st.floats(0, 1))
def test_wilsons_interval_is_scipys_and_holds_the_share(laws, of, share):
    count = round(share * of)
    found = wilson(count, of)
    other = laws.binomtest(count, of).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=1e-9)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_newcombes_interval_is_that_of_his_paper():
    found = compare_shares(ones(48, 80), ones(56, 70)).difference  # table II, example (a)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


@given(counts=st.lists(st.integers(20, 900), min_size=2, max_size=5))
def test_the_sample_ratio_is_checked_by_scipys_chi_square(laws, counts):
    names = [f"arm {at}" for at in range(len(counts))]
    even = dict.fromkeys(names, 1 / len(counts))
    found = ratio_p(dict(zip(names, counts, strict=True)), even)
    assert found == pytest.approx(laws.chisquare(counts).pvalue, rel=1e-9, abs=1e-300)


@given(count=st.integers(1, 99), other=st.integers(1, 99))
def test_the_z_test_is_the_chi_square_test_of_the_same_table(laws, count, other):
    table = [[count, 100 - count], [other, 100 - other]]
    expected = laws.chi2_contingency(table, correction=False).pvalue
    found = compare_shares(ones(count, 100), ones(other, 100))
    assert found.p == pytest.approx(expected, rel=1e-9)


def test_a_test_on_few_says_that_its_p_is_rough():
    assert "rough" in compare_shares(ones(1, 12), ones(3, 12)).note
    assert compare_shares(ones(100, 200), ones(90, 200)).note == ""


@pytest.mark.parametrize("value", [0.0, 0.1, 300.0])
def test_where_nothing_varies_there_is_no_difference_and_rounding_makes_none(value):
    for compare in (compare_means, compare_seconds):
        found = compare(np.full(7, value), np.full(11, value))
        assert found.p == 1.0
        assert found.difference.value == pytest.approx(1.0 if compare is compare_seconds else 0.0)


def test_means_without_variation_that_differ_are_not_tested():
    found = compare_means(np.full(5, 1.0), np.full(5, 2.0))
    assert (found.p, found.difference.value) == (None, 1.0)
    assert found.note
    assert compare_days(np.full(5, 0.25)).p is None


def test_all_good_in_both_arms_is_no_difference():
    found = compare_shares(ones(40, 40), ones(50, 50))
    assert (found.p, found.difference.value) == (1.0, 0.0)
    assert found.difference.low < 0 < found.difference.high


def test_an_empty_arm_and_too_few_days_give_no_p_and_say_why():
    for compare in (compare_shares, compare_means, compare_seconds):
        found = compare(np.zeros(0), ones(1, 3))
        assert (found.difference, found.p) == (None, None)
        assert found.note
    assert "3 days" in compare_days(np.array([0.1, 0.2])).note
    assert compare_means(ones(1, 1), ones(1, 3)).p is None


def test_durations_are_compared_by_the_ratio_of_their_geometric_means():
    rng = np.random.default_rng(0)
    first, second = rng.lognormal(5, 1, 400), rng.lognormal(5.3, 1, 400)
    found = compare_seconds(first, second)
    ratio = np.exp(np.log(second).mean() - np.log(first).mean())
    assert found.difference.value == pytest.approx(ratio)
    assert found.difference.low > 1
    assert found.p < 0.01


def test_durations_of_no_time_at_all_can_be_compared():
    assert 0 <= compare_seconds(np.array([0.0, 0.0, 3.0]), np.array([0.0, 5.0])).p <= 1


def test_one_value_has_a_mean_and_no_interval():
    assert (mean(np.array([2.0])).value, mean(np.array([2.0])).low) == (2.0, None)


def test_holm_corrects_the_smallest_p_by_the_number_of_tests():
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03})
    assert found == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), min_size=1, max_size=6))
def test_corrected_p_values_keep_their_order_and_are_no_smaller(p):
    found = holm(p)
    order = sorted(p, key=lambda name: p[name])
    assert [found[name] for name in order] == sorted(found.values())
    assert all(p[name] <= found[name] <= 1 for name in p)


def test_the_ratio_of_few_sessions_is_not_checked():
    assert ratio_p({"a": 3, "b": 1}, {"a": 0.5, "b": 0.5}) is None
    assert ratio_p({"a": 0, "b": 0}, {"a": 0.5, "b": 0.5}) is None
