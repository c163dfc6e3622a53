"""`single` and `zero-shot`: one question per turn."""

from __future__ import annotations

import asyncio

import pytest

from tests.labelling.llm.rule_asker import NOTHING, RuleAsker, example_of, single_answer
from turnwise.annotations import Source
from turnwise.labelling.llm import CERTAINTY, Single, ZeroShot, is_missing, is_unusable
from turnwise.labelling.llm.single import check_reasoned, turn_values
from turnwise.llm.templates import render


def label(strategy, example):
    return {one.dimension: one for one in asyncio.run(strategy.turn(example))}


def test_each_dimension_gets_a_label_with_its_reason_and_evidence(taxonomy, talk):
    asker = RuleAsker(lambda question: single_answer())
    found = label(Single(asker, taxonomy), talk)
    assert {name: one.label for name, one in found.items()} == {"product": "Bike", "wish": "PRICE"}
    wish = found["wish"]
    assert wish.source == Source("llm", "single rule", "1")
    assert wish.confidence == CERTAINTY["certain"] > found["product"].confidence
    assert wish.rationale == "The price of the repair that was spoken of."
    assert [(one.text, one.turn) for one in wish.evidence] == [
        ("how much is it", 2),
        ("my bike is broken", 0),
    ]
    assert [one.conversation_id for one in asker.asked] == ["talk"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"turn_evidence": []}, "no quote of the turn"),
        ({"turn_evidence": ["my bike is broken"]}, "no quote of the turn"),
        ({"history_evidence": []}, "no quote of an earlier turn"),
        ({"history_evidence": ["my boat sank"]}, '"my boat sank"'),
        ({"reason": "  "}, "reason is empty"),
    ],
)
def test_what_is_not_shown_by_the_conversation_is_refused(taxonomy, talk, changes, told):
    strategy = Single(RuleAsker(lambda question: single_answer(**changes)), taxonomy)
    found = label(strategy, talk)
    assert all(is_unusable(one) for one in found.values())
    assert told in found["wish"].rationale
    assert found["wish"].confidence == 0.0


def test_an_opening_turn_needs_no_evidence_of_a_history(taxonomy):
    answer = single_answer(turn_evidence=["what does a bike cost"], history_evidence=[])
    strategy = Single(RuleAsker(lambda question: answer), taxonomy)
    assert label(strategy, example_of("What does a bike cost?"))["wish"].label == "PRICE"


def test_a_turn_without_a_word_needs_no_quote_of_it(taxonomy):
    model = Single(RuleAsker(lambda question: None), taxonomy).task.answer
    answer = model.model_validate(single_answer(turn_evidence=[], history_evidence=["hello"]))
    assert check_reasoned(answer, turn_values(taxonomy, example_of("hello", "yes?", " "))) == ""


def test_no_usable_answer_is_an_abstention_that_says_so(taxonomy, talk):
    for strategy in (Single, ZeroShot):
        found = label(strategy(RuleAsker(lambda question: None), taxonomy), talk)
        assert list(found) == ["product", "wish"]
        assert all(one.label is None and is_unusable(one) for one in found.values())
        assert "no JSON" in found["wish"].rationale


def test_no_answer_at_all_is_told_from_one_that_cannot_be_used(taxonomy, talk):
    found = label(Single(RuleAsker(lambda question: NOTHING), taxonomy), talk)
    assert all(is_missing(one) and not is_unusable(one) for one in found.values())
    assert "the server kept failing" in found["wish"].rationale


def test_zero_shot_asks_for_labels_without_reasons(taxonomy, talk):
    answer = {key: single_answer()[key] for key in ("labels", "certainty")}
    asker = RuleAsker(lambda question: answer)
    found = label(ZeroShot(asker, taxonomy), talk)
    assert found["wish"].label == "PRICE"
    assert found["wish"].source == Source("llm", "zero-shot rule", "1")
    assert found["wish"].rationale == ""
    assert "reason" not in asker.asked[0].task.answer.model_fields


def test_exclusions_and_near_labels_are_shown(talk):
    from turnwise.taxonomy import Dimension, Label, Taxonomy

    label = Label("Bike", ("Thing", "Bike"), "A bicycle.", (), ("motor bikes",), ("Boat",))
    taxonomy = Taxonomy("t", (Dimension("product", (label, Label("Boat", ("Boat",)))),))
    question = Single(RuleAsker(lambda question: None), taxonomy).question(talk)
    system, user = (one["content"] for one in render(question.task.template, question.values))
    assert (
        '- "Bike" (under "Thing"): "A bicycle." Not: "motor bikes". Easily mistaken for: "Boat".'
        in system
    )
    assert user.endswith('[2] customer: "yes please, how much is it?"')
    assert '[0] customer: "my bike is broken"\n[1] agent:' in user


def test_a_prompt_that_is_too_long_is_asked_again_with_less_history(taxonomy, talk):
    question = Single(RuleAsker(lambda question: None), taxonomy).question(talk)
    _, user = render(question.task.template, question.shrink(1000))
    assert "my bike is broken" not in user["content"]
    assert "2 turns are left out" in user["content"]
    assert "yes please, how much is it?" in user["content"]
