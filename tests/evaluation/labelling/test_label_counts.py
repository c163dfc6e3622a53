"""What is counted of labels: outcomes, gold, stages, agreement, what a right label took."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_cases import MODEL, ONE, TAXONOMY, TWO, gold, in_order, reading, said

from turnwise.annotations import REVIEW, Annotation, Source
from turnwise.evaluation.labelling import Spent, count_labels

LABELS = st.sampled_from(["Bike", "Boat", None])
TURNS = st.lists(st.tuples(LABELS, LABELS, st.sampled_from(["Bike", "Boat", None])), max_size=30)


def count(*annotations: Annotation, spent=None):
    return count_labels(in_order(annotations), TAXONOMY, reading(spent))


def figures(report, source, dimension="product"):
    return next(one for one in report.strategies if one.source == source).find(dimension)


def test_every_turn_has_one_outcome():
    found = count(
        said(TWO, "Bike", 0, rationale="kept"),
        said(TWO, "Boat", 1, rationale="revised"),
        said(TWO, None, 2, rationale="unusable"),
        said(TWO, None, 3, rationale="missing"),
        said(TWO, None, 4),
    )
    one = figures(found, TWO)
    assert one.turns == found.turns == found.conversations == 5
    assert set(one.outcomes.values()) == {1}
    assert one.labels == 2


def test_without_gold_nothing_is_said_to_be_right_or_wrong():
    found = count(said(ONE, "Bike"), said(TWO, "Bike"))
    assert found.gold_turns == 0
    assert "No person labelled" in found.notes[0]
    for one in found.strategies:
        assert one.per_correct is None
        assert one.dimensions[0].gold is one.dimensions[0].stages is None


def test_gold_alone_is_no_labelling():
    found = count(gold("Bike"))
    assert found.strategies == found.agreement == ()
    assert found.turns == found.gold_turns == 0


def test_abstaining_is_wrong_for_accuracy_and_left_out_of_precision():
    labels = ("Bike", "Boat", None, None)
    pairs = [(said(ONE, label, at), gold("Bike", at)) for at, label in enumerate(labels)]
    told = figures(count(*(one for pair in pairs for one in pair)), ONE).gold
    assert (told.turns, told.labelled, told.right) == (4, 2, 1)
    assert (told.accuracy, told.precision) == (0.25, 0.5)


def test_any_of_several_gold_labels_is_right():
    found = count(said(ONE, "Boat"), gold("Bike"), gold("Boat"))
    assert figures(found, ONE).gold.accuracy == 1.0


def test_imported_gold_holds_against_a_review():
    found = count(said(ONE, "Bike"), gold("Boat", source=REVIEW), gold("Bike"))
    assert figures(found, ONE).gold.accuracy == 1.0
    assert (found.gold_turns, found.reviewed_turns) == (1, 0)


def test_a_review_is_gold_where_nothing_was_imported_and_a_note_says_it_is_hard():
    found = count(said(ONE, "Bike"), gold("Boat", source=REVIEW))
    assert figures(found, ONE).gold.accuracy == 0.0
    assert found.reviewed_turns == 1
    assert any("from a review" in note for note in found.notes)


def test_strategies_scored_on_different_turns_are_said_to_be():
    same = [said(ONE, "Bike"), said(TWO, "Bike"), gold("Bike")]
    assert not any("different turns" in note for note in count(*same).notes)
    more = [*same, said(ONE, "Bike", 1), gold("Bike", 1)]
    assert any("different turns" in note for note in count(*more).notes)


@given(TURNS)
def test_the_four_ways_add_up_and_give_the_accuracy_of_both_stages(turns):
    given_ones = [
        one
        for at, (first, second, right) in enumerate(turns)
        for one in (said(ONE, first, at), said(TWO, second, at), right and gold(right, at))
        if one
    ]
    found = count(*given_ones)
    scored = [(first, second, right) for first, second, right in turns if right]
    if not scored:
        assert all(one.stages is None for part in found.strategies for one in part.dimensions)
        return
    stages = figures(found, TWO).stages
    four = (stages.both, stages.only_first, stages.only_second, stages.neither)
    assert sum(four) == stages.turns == len(scored)
    assert stages.only_second == sum(two == right != one for one, two, right in scored)
    assert stages.first_accuracy == pytest.approx(figures(found, ONE).gold.accuracy)
    assert stages.second_accuracy == pytest.approx(figures(found, TWO).gold.accuracy)
    assert figures(found, ONE).stages is None


def test_a_turn_without_a_first_stage_is_in_no_table_of_stages():
    assert figures(count(said(TWO, "Bike"), gold("Bike")), TWO).stages is None


def test_what_a_right_label_took_is_estimated_from_the_labels_with_gold():
    spent = Spent(answers=4, unusable=1, calls=6, tokens_in=500, tokens_out=100, cost=3.0)
    labels = [said(MODEL, "Bike", at) for at in range(4)]
    people = [gold("Bike", 0), gold("Boat", 1)]
    (one,) = count(*labels, *people, spent={MODEL: spent}).strategies
    assert one.spent == spent
    assert (one.per_correct.correct, one.per_correct.scored) == (2.0, 2)  # 4 labels, half right
    assert (one.per_correct.calls, one.per_correct.tokens, one.per_correct.cost) == (3, 300, 1.5)


def test_what_is_not_known_of_spending_is_none():
    labels = [said(MODEL, "Bike"), gold("Bike")]
    (unknown,) = count(*labels, spent={MODEL: None}).strategies
    assert unknown.spent is None
    assert (unknown.per_correct.correct, unknown.per_correct.calls) == (1.0, None)
    (unpriced,) = count(*labels, spent={MODEL: Spent(calls=2, cost=None)}).strategies
    assert (unpriced.per_correct.calls, unpriced.per_correct.cost) == (2.0, None)


def test_nothing_right_has_no_price():
    (one,) = count(said(MODEL, "Bike"), gold("Boat")).strategies
    assert one.per_correct is None


def test_two_versions_of_a_strategy_are_told_apart():
    older = Source(ONE.kind, ONE.name, "0")
    found = count(said(ONE, "Bike"), said(older, "Bike", 1), said(TWO, "Bike", 2))
    names = [one.name for one in found.strategies]
    assert names == ["embedded single 0", "embedded single 1", "embedded two-stage"]


def test_other_dimensions_than_the_taxonomys_are_passed_over():
    found = count(said(ONE, "Bike"), said(ONE, "x", 1, dimension="colour"))
    assert (found.turns, len(found.strategies[0].dimensions)) == (1, 1)


def test_memory_stays_flat_however_many_turns_there_are():
    def many(turns: int) -> Iterator[Annotation]:
        for at in range(turns):
            yield said(ONE, "Bike", at, at % 97 / 97)
            yield said(TWO, "Boat", at, at % 89 / 89)
            yield gold("Bike", at)

    def peak(turns: int) -> int:
        tracemalloc.start()
        try:
            count_labels(many(turns), TAXONOMY, reading())
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(5_000) < 1.3 * peak(500)
