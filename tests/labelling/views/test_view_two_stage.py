"""`two-stage` on views of the data: what the reviewer looks for, keeps and revises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from turnwise.conversations import Conversation, Turn
from turnwise.labelling import LabellingConfig
from turnwise.labelling.views.ground import lay_ground
from turnwise.labelling.views.review import START, ablated, fit_reviewer, without
from turnwise.labelling.views.two_stage import (
    SINGLE,
    TWO_STAGE,
    fit_two_stage,
    stage1_label,
    two_stage_annotator,
)

CONFIG = LabellingConfig(abstain_below=0.0)


@pytest.fixture
def ground(taxonomy, seed, encoder):
    return lay_ground(taxonomy, seed, encoder)


def talk(*texts: str) -> Conversation:
    roles = ("customer", "agent")
    return Conversation("new", tuple(Turn(roles[at % 2], text) for at, text in enumerate(texts)))


def biased(two_stage, weights):
    """The same with reviewers that weigh the tests otherwise and revise at once."""
    reviewers = {
        name: replace(one, weights=np.array(weights), margin=0.0)
        for name, one in two_stage.reviewers.items()
    }
    return two_stage_annotator(replace(two_stage, reviewers=reviewers))


def test_both_stages_are_handed_on(ground):
    found = two_stage_annotator(fit_two_stage(ground, CONFIG)).annotate(talk("my boat leaks"))
    assert [one.source for one in found] == [SINGLE, TWO_STAGE] * 2
    first = ground.annotator.annotate(talk("my boat leaks"))
    assert [one.label for one in found if one.source == SINGLE] == [one.label for one in first]


def test_a_label_that_stands_is_kept_and_says_against_what(ground):
    found = two_stage_annotator(fit_two_stage(ground, CONFIG)).annotate(talk("my boat leaks"))
    product = found[1]
    assert product.label == "Boat"
    assert product.rationale.startswith("Kept Boat against ")
    assert product.evidence == found[0].evidence


def test_what_the_context_refutes_is_revised_with_a_quotation(ground):
    hears_context_alone = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    annotator = biased(fit_two_stage(ground, CONFIG), hears_context_alone)
    texts = ("my boat leaks and the sail of the boat is torn", "the boat, the boat?", "my bike")
    *_, first, final, _, _ = annotator.annotate(talk(*texts))
    assert (first.label, final.label) == ("Bike", "Boat")
    assert final.rationale.startswith("Revised from Bike for missed context.")
    assert f'turn {final.evidence[1].turn} said "{final.evidence[1].text}"' in final.rationale


def test_a_reviewer_without_a_seed_keeps_what_it_cannot_clearly_refute(taxonomy, encoder):
    ground = lay_ground(taxonomy, [], encoder)
    reviewer = fit_reviewer(ground, taxonomy["product"], 3)
    np.testing.assert_array_equal(reviewer.weights, START)
    assert reviewer.margin > 0
    annotator = two_stage_annotator(fit_two_stage(ground, CONFIG))
    found = annotator.annotate(talk("the boat leaks"))
    assert [one.label for one in found[:2]] == ["Boat", "Boat"]


def test_cited_words_are_taken_away_whole_and_in_any_spelling():
    assert without("Cancel it, don't cancelled CANCEL!", ["cancel"]) == "it , don't cancelled !"
    assert without("yes", ["yes"]) == ""
    assert without("as it is", []) == "as it is"


def test_the_cited_example_is_not_heard(ground, taxonomy):
    (first, _) = ground.annotator.annotate(talk("a sail that is torn"))
    cited = first.evidence[0].text
    near = ablated(ground, taxonomy["product"], ["a sail that is torn"], [first])
    assert near[0, ground.corpus.texts.index(cited)] == 0.0
    assert (near[0] > 0).sum() == near.shape[1] - 1


def test_under_a_threshold_the_first_stage_gives_a_guess_alone(ground):
    (one, _) = ground.annotator.annotate(talk("qwerty"))
    shy = stage1_label(one, 1.0)
    assert shy.label is None
    assert shy.runners_up[0] == (one.label, one.confidence)
    assert "Abstained" in shy.rationale


def test_the_review_of_a_left_out_conversation_does_not_follow_its_gold(taxonomy, seed, encoder):
    name = "product"
    turned = [
        replace(
            one,
            turns=tuple(
                replace(turn, gold={**turn.gold, name: ("Sledge",)}) if turn.gold else turn
                for turn in one.turns
            ),
        )
        if one.id == "talk-4"
        else one
        for one in seed
    ]
    ground = lay_ground(taxonomy, turned, encoder)
    reviewed = fit_reviewer(ground, taxonomy[name], 3).left_out
    rows = [at for at, one in enumerate(ground.turns) if one.conversation.id == "talk-4"]
    assert len(rows) == 3
    assert np.all(reviewed.chances[rows, taxonomy[name].index["Sledge"]] < 0.01)
    assert np.all(reviewed.final[rows] == taxonomy[name].index["Bike"])
