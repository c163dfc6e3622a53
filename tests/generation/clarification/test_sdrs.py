"""The SDRS as it is defined, and the laws that follow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.generation.clarification import Judged, Rating, ars, sdrs

GOOD = Rating(1, 1, 1, 1, 1)
THREE, TWO = st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 1.0])
RATINGS = st.builds(Rating, THREE, TWO, THREE, TWO, TWO)


@st.composite
def judged(draw, fewest=1, most=5) -> Judged:
    count = draw(st.integers(fewest, most))
    enough = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    ratings = draw(st.lists(RATINGS, min_size=count - 1, max_size=count - 1))
    return Judged(tuple(enough), tuple(ratings))


@given(judged(), st.booleans(), st.floats(0, 1))
def test_all_parts_stay_between_0_and_1(one, right, alpha):
    found = sdrs(one, right=right, at_limit=False, alpha=alpha)
    assert 0 <= found.value <= 1
    assert 0 <= found.ambiguity <= 1
    assert found.quality is None or 0 <= found.quality <= 1


@given(judged())
def test_a_wrong_label_and_the_turn_limit_score_0(one):
    assert sdrs(one, right=False, at_limit=False).value == 0
    assert sdrs(one, right=False, at_limit=True).value == 0


@given(judged(most=1))
def test_a_single_turn_scores_its_ambiguity_resolution_alone(one):
    found = sdrs(one, right=True, at_limit=False)
    assert found.quality is None
    assert found.value == found.ambiguity == float(one.enough[0])


@given(judged(fewest=2), st.floats(0, 1))
def test_several_turns_weigh_both_parts(one, alpha):
    found = sdrs(one, right=True, at_limit=False, alpha=alpha)
    assert found.quality is not None
    assert found.value == pytest.approx(alpha * found.ambiguity + (1 - alpha) * found.quality)


@pytest.mark.parametrize(
    ("asked", "enough", "score"),
    [(False, True, 1), (True, False, 1), (True, True, 0), (False, False, 0)],
)
def test_predict_when_it_suffices_and_ask_when_it_does_not(asked, enough, score):
    assert ars(asked, enough) == score


def test_a_worked_example():
    """A question that was right and half relevant, one that was not needed, then the label."""
    one = Judged((False, True, True), (Rating(0.5, 1, 1, 1, 1), GOOD))
    found = sdrs(one, right=True, at_limit=False)
    assert found.ambiguity == pytest.approx(2 / 3)
    assert found.quality == pytest.approx(0.75)
    assert found.value == pytest.approx(0.5 * 2 / 3 + 0.5 * 0.75)


@given(RATINGS)
def test_any_0_makes_a_question_worthless(rating):
    parts = (
        rating.relevance,
        rating.conciseness,
        rating.repetition_avoidance,
        rating.factuality,
        rating.politeness,
    )
    assert (rating.product == 0) == (0 in parts)


@pytest.mark.parametrize("faulty", [(0.7, 1, 1, 1, 1), (1, 0.5, 1, 1, 1), (1, 1, 1, 1, 2)])
def test_other_ratings_are_refused(faulty):
    with pytest.raises(ValueError, match="is meant"):
        Rating(*faulty)


@pytest.mark.parametrize(
    "one", [Judged((), ()), Judged((True,), (GOOD,)), Judged((True, True), ())]
)
def test_numbers_of_turns_that_do_not_fit_are_refused(one):
    with pytest.raises(ValueError, match="rated questions"):
        sdrs(one, right=True, at_limit=False)


def test_a_conversation_at_the_limit_can_not_be_right():
    with pytest.raises(ValueError, match="came to no label"):
        sdrs(Judged((True,), ()), right=True, at_limit=True)
