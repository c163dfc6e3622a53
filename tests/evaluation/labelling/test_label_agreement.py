"""Agreement and precision against share kept, beside what others compute."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from turnwise.evaluation.labelling.agreement import Pair
from turnwise.evaluation.labelling.curve import STEPS, Curve
from turnwise.evaluation.metrics import coverage_curve

LABELS = st.sampled_from(["a", "b", "c", None])
SURE = st.integers(0, STEPS).map(lambda step: step / STEPS)


def paired(turns) -> Pair:
    pair = Pair()
    for first, second in turns:
        pair.add(first, second)
    return pair


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=40))
def test_kappa_is_cohens(turns):
    both = [(one, two) for one, two in turns if one and two]
    pair = paired(turns)
    assert pair.turns == len(both)
    assert pair.apart == sum((one is None) != (two is None) for one, two in turns)
    if pair.kappa() is None:
        assert len({label for turn in both for label in turn}) <= 1
    else:
        assert pair.kappa() == pytest.approx(cohen_kappa_score(*zip(*both, strict=True)))


def test_no_turn_of_both_has_no_agreement():
    found = paired([("a", None), (None, None)]).figures("wish", "one", "two")
    assert (found.turns, found.equal, found.kappa, found.apart) == (0, None, None, 1)


def test_the_order_of_two_strategies_does_not_matter():
    turns = [("a", "a"), ("a", "b"), ("b", "b"), ("c", "a")]
    assert paired(turns).kappa() == paired([turn[::-1] for turn in turns]).kappa()


@given(st.lists(st.tuples(SURE, st.booleans()), min_size=1, max_size=60))
def test_the_curve_is_that_of_an_evaluation_where_every_turn_has_a_label(labels):
    curve = Curve()
    for confidence, right in labels:
        curve.add(confidence, right)
    confidence, right = (np.array(column) for column in zip(*labels, strict=True))
    known = coverage_curve(confidence.astype(float), right.astype(bool), 10)
    found = curve.points(len(labels))
    assert [one.share for one in found] == pytest.approx([one.coverage for one in known])
    assert [one.precision for one in found] == pytest.approx([one.accuracy for one in known])
    assert [one.confidence for one in found] == pytest.approx([one.confidence for one in known])


def test_the_curve_ends_where_the_labels_do():
    curve = Curve()
    for at in range(25):
        curve.add(1 - at / 100, at < 20)
    points = curve.points(100)  # the other 75 turns have no label
    assert [one.turns for one in points] == [10, 20, 25]
    assert [one.precision for one in points] == [1.0, 1.0, 0.8]


def test_no_label_has_no_curve():
    assert Curve().points(7) == ()
