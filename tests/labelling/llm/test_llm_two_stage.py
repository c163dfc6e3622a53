"""`two-stage`: a reviewer keeps or revises what the first stage said."""

from __future__ import annotations

import asyncio

import pytest

from tests.labelling.llm.rule_asker import RuleAsker, review_answer, single_answer
from turnwise.annotations import Source
from turnwise.labelling.llm import Single, TwoStage, is_unusable
from turnwise.llm.templates import render

REVISION = review_answer(
    verdicts={"product": "kept", "wish": "revised"},
    final_labels={"product": "Bike", "wish": "ANSWER"},
    quotes={"product": [], "wish": ["yes please"]},
    verdict_reason='"yes please" answers the question.',
)


def two_stage(taxonomy, review, first=None):
    teacher = RuleAsker(lambda question: first or single_answer(), "teacher")
    critic = RuleAsker(lambda question: review, "critic")
    return TwoStage(Single(teacher, taxonomy), critic)


def label(strategy, example):
    found = asyncio.run(strategy.turn(example))
    return {(one.source.name.split()[0], one.dimension): one for one in found}


def test_both_stages_are_handed_on_under_their_sources(taxonomy, talk):
    strategy = two_stage(taxonomy, REVISION)
    found = label(strategy, talk)
    assert list(found) == [
        ("single", "product"),
        ("single", "wish"),
        ("two-stage", "product"),
        ("two-stage", "wish"),
    ]
    assert found["single", "wish"].source == Source("llm", "single teacher", "1")
    assert strategy.source == Source("llm", "two-stage teacher + critic", "1+1")
    assert found["single", "wish"].label == "PRICE"


def test_a_revision_says_what_it_was_and_quotes_its_evidence(taxonomy, talk):
    wish = label(two_stage(taxonomy, REVISION), talk)["two-stage", "wish"]
    assert wish.label == "ANSWER"
    assert wish.rationale == 'Revised from PRICE: "yes please" answers the question.'
    assert [(one.text, one.turn) for one in wish.evidence] == [("yes please", 2)]
    assert wish.runners_up[0][0] == "PRICE"


def test_a_kept_label_keeps_its_evidence_and_is_surer_than_a_revised_one(taxonomy, talk):
    found = label(two_stage(taxonomy, REVISION), talk)
    product = found["two-stage", "product"]
    assert product.rationale.startswith("Kept: ")
    assert product.evidence == found["single", "product"].evidence
    assert product.confidence > found["two-stage", "wish"].confidence


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"quotes": {"product": [], "wish": []}}, "wish: a revision needs a quote"),
        ({"quotes": {"product": [], "wish": ["never said"]}}, '"never said"'),
        ({"verdicts": {"product": "kept", "wish": "kept"}}, "the verdict must be revised"),
        ({"verdicts": {"product": "revised", "wish": "revised"}}, "the verdict must be kept"),
        ({"verdict_reason": ""}, "verdict_reason is empty"),
    ],
)
def test_a_review_that_does_not_hold_together_is_refused(taxonomy, talk, changes, told):
    found = label(two_stage(taxonomy, {**REVISION, **changes}), talk)
    final = found["two-stage", "wish"]
    assert is_unusable(final)
    assert told in final.rationale
    assert final.runners_up[0][0] == "PRICE"  # what the first stage said, unreviewed
    assert found["single", "wish"].label == "PRICE"


def test_without_a_first_answer_nothing_is_reviewed(taxonomy, talk):
    strategy = two_stage(taxonomy, REVISION, first=single_answer(turn_evidence=[]))
    found = label(strategy, talk)
    assert all(is_unusable(one) for one in found.values())
    assert len(found) == 4
    assert strategy.critic.asked == []


def test_the_first_stage_is_the_very_question_of_single(taxonomy, talk):
    strategy = two_stage(taxonomy, REVISION)
    asyncio.run(strategy.turn(talk))
    (asked,) = strategy.first.asker.asked
    alone = Single(RuleAsker(lambda question: None), taxonomy).question(talk)
    assert asked.task == alone.task
    assert render(asked.task.template, asked.values) == render(alone.task.template, alone.values)


def test_the_reviewer_sees_labels_and_reason_but_not_the_first_json(taxonomy, talk):
    strategy = two_stage(taxonomy, REVISION)
    asyncio.run(strategy.turn(talk))
    (asked,) = strategy.critic.asked
    system, user = (one["content"] for one in render(asked.task.template, asked.values))
    assert '- "wish": "PRICE"' in user
    assert "The price of the repair" in user
    assert "turn_evidence" not in system + user
