"""The review queue: which turns come first, and the reasons that are told."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, Example, Turn
from turnwise.labelling.review import MOST_ALIKE, doubts_of, rank

FINAL = Source("embedded", "single", "1")
ZERO = Source("embedded", "zero-shot", "1")
CRITIC = Source("embedded", "two-stage", "1")


def said(label: str | None, confidence: float, source: Source = FINAL, **more) -> Annotation:
    return Annotation("c", 0, "intent", label, source, confidence, **more)


def turn(id: str, text: str, *annotations: Annotation) -> tuple[Example, list[Annotation]]:
    return Example(Conversation(id, (Turn("customer", text),)), 0), list(annotations)


def doubt(*annotations: Annotation, final: Source = FINAL):
    (one,) = doubts_of(annotations, final)
    return one


def test_alone_a_label_errs_by_what_its_confidence_leaves():
    assert doubt(said("A", 0.8)).error == pytest.approx(0.2)
    assert doubt(said("A", 0.8)).reasons == ()
    assert doubt(said("A", 0.3)).reasons == ("low confidence",)


def test_what_others_believe_is_averaged_with_their_runners_up():
    agreeing = said("A", 0.6, ZERO)
    against = said("B", 0.6, ZERO, runners_up=(("A", 0.2),))
    assert doubt(said("A", 0.8), agreeing).error == pytest.approx(1 - (0.8 + 0.6) / 2)
    one = doubt(said("A", 0.8), against)
    assert one.error == pytest.approx(1 - (0.8 + 0.2) / 2)
    assert one.reasons == ("disagreement",)
    assert str(one) == "intent: disagreement: A (single); B (zero-shot)"


def test_a_revision_is_a_reason():
    first, critic = said("B", 0.9), said("A", 0.9, CRITIC, rationale="Revised from B: near labels.")
    one = doubt(first, critic, final=CRITIC)
    assert one.reasons == ("disagreement", "revised")
    assert one.error == pytest.approx(1 - 0.9 / 2)


def test_a_label_that_was_not_given_is_a_reason_and_no_error():
    one = doubt(said(None, 0.2, runners_up=(("A", 0.2), ("B", 0.1))), said("B", 0.5, ZERO))
    assert (one.label, one.error, one.reasons) == (None, 0.0, ("no label",))
    assert str(one) == "intent: no label: B (zero-shot)"


def test_who_gave_no_label_has_no_voice():
    silent = said(None, 0.2, ZERO, runners_up=(("B", 0.2), ("A", 0.1)))
    assert doubt(said("A", 0.8), silent) == doubt(said("A", 0.8))


def test_the_same_strategy_has_one_voice_and_people_have_none():
    again = said("B", 0.9, Source("embedded", "single", "1"))
    person = said("C", 1.0, Source("person"))
    assert doubt(said("A", 0.8), again, person) == doubt(said("A", 0.8))


def test_an_ensemble_does_not_vote_beside_its_members():
    ensemble = Source("embedded", "ensemble single + zero-shot", "1")
    members = (said("A", 0.8), said("B", 0.6, ZERO))
    one = doubt(*members, said("A", 0.99, ensemble), final=ensemble)
    assert one.error == pytest.approx(1 - 0.8 / 2)
    assert doubt(said("A", 0.7, ensemble), final=ensemble).error == pytest.approx(0.3)


def test_a_dimension_without_a_label_in_use_has_nothing_to_doubt():
    assert doubts_of([said("A", 0.3, ZERO)], FINAL) == []


def test_the_version_of_what_is_in_use_does_not_matter():
    assert doubts_of([said("A", 0.3)], Source("embedded", "single", "2"))


def test_turns_without_a_reason_are_not_in_the_queue():
    queue = rank([turn("a", "one", said("A", 0.9)), turn("b", "two", said("A", 0.4))], FINAL)
    assert [one.conversation_id for one in queue] == ["b"]


def test_the_least_sure_come_first():
    turns = [turn(f"c{n}", f"text {n}", said("A", n / 100)) for n in range(40)]
    assert [one.conversation_id for one in rank(turns, FINAL)] == [f"c{n}" for n in range(40)]


def test_one_turn_speaks_for_those_with_its_words_and_labels():
    many = [turn(f"m{n}", f"  Yes\n please{' ' * n}", said("A", 0.4)) for n in range(4)]
    other = turn("other", "yes please", said("B", 0.4))
    single = turn("single", "something else", said("A", 0.1))
    queue = rank([single, *many, other], FINAL)
    assert queue[0].conversation_id.startswith("m")
    assert (queue[0].alike, queue[0].gain) == (4, pytest.approx(4 * 0.6))
    assert queue[1].conversation_id == "single"
    assert {one.alike for one in queue[1:]} == {1}


def test_what_one_turn_speaks_for_is_capped():
    many = [turn(f"m{n}", "yes", said("A", 0.4)) for n in range(3 * MOST_ALIKE)]
    assert rank(many, FINAL)[0].alike == MOST_ALIKE


@given(st.randoms(use_true_random=False))
def test_the_order_of_turns_does_not_change_the_queue(lots: random.Random):
    turns = [turn(f"c{n}", f"text {n % 7}", said("AB"[n % 2], 0.4)) for n in range(30)]
    shuffled = lots.sample(turns, len(turns))
    assert rank(shuffled, FINAL) == rank(turns, FINAL)
