"""Strategies by name, and what they will ask."""

from __future__ import annotations

import asyncio

import pytest

from tests.labelling.llm.rule_asker import RuleAsker, review_answer, single_answer
from turnwise.annotations import Source
from turnwise.labelling import LabellingConfig
from turnwise.labelling.annotator import STRATEGIES
from turnwise.labelling.demonstrations import shelve, single_turn_examples
from turnwise.labelling.llm import (
    Models,
    Retriever,
    fit_proposer,
    fit_retriever,
    make_annotator,
    make_strategy,
    needs_retriever,
    strategy_names,
)
from turnwise.labelling.views import lay_ground
from turnwise.llm import Background
from turnwise.llm.templates import render

ALONE = [name for name in STRATEGIES if name != "ensemble"]
QUESTIONS = {"single": 1, "two-stage": 2, "zero-shot": 1, "lara": 1, "clara": 3}


def rule(question):
    """Answer whatever is asked about `talk`."""
    if question.task.name == "label-review":
        return review_answer()
    if question.task.name == "label-single":
        return single_answer()
    answer = {key: single_answer()[key] for key in ("labels", "certainty")}
    if "parts" in question.values:
        parts = question.values["parts"]
        answer["labels"] = {part.name: part.candidates[0].shown for part in parts}
    return answer


@pytest.fixture
def models() -> Models:
    return Models(RuleAsker(rule, "large"), RuleAsker(rule, "strict"))


@pytest.fixture
def ground(taxonomy, seed, encoder):
    return lay_ground(taxonomy, seed, encoder)


@pytest.mark.parametrize("name", ALONE)
def test_a_strategy_is_made_by_its_name(name, taxonomy, models, ground):
    strategy = make_strategy(name, taxonomy, models, retriever=fit_retriever(ground))
    assert strategy.source.kind == "llm"
    assert strategy.source.name.startswith(f"{name} large")


@pytest.mark.parametrize("name", ALONE)
def test_what_it_will_ask_is_known_beforehand(name, taxonomy, models, ground, talk):
    strategy = make_strategy(name, taxonomy, models, retriever=fit_retriever(ground))
    planned = strategy.questions(talk)
    asyncio.run(strategy.turn(talk))
    asked = [*models.teacher.asked, *models.critic.asked]
    assert len(planned) == len(asked) == QUESTIONS[name]
    for (asker, plan), question in zip(planned, asked, strict=True):
        prompts = [render(one.task.template, one.values) for one in (plan, question)]
        assert question in asker.asked
        assert plan.task == question.task
        if question.task.name == "label-review":  # hangs on the first stage's answer
            assert prompts[0][0] == prompts[1][0]
        else:
            assert prompts[0] == prompts[1]


def test_an_ensemble_is_made_of_its_members(taxonomy, models, ground, talk):
    config = LabellingConfig(strategy="ensemble", members=("single", "zero-shot", "two-stage"))
    made = {name: make_strategy(name, taxonomy, models) for name in strategy_names(config)}
    with Background() as background:
        annotator = make_annotator(made, taxonomy, background, config)
        found = annotator.annotate(talk.conversation)
        weighted = make_annotator(
            made, taxonomy, background, config, reliability={("single large", "wish"): 1}
        )
    final = [one for one in found if one.source == annotator.source and one.turn == talk.index]
    assert [one.label for one in final] == ["Bike", "PRICE"]
    assert annotator.source.version.startswith("1 majority")
    assert weighted.source.version.startswith("1 weighted")


def test_one_strategy_is_an_annotator_by_itself(taxonomy, models):
    config = LabellingConfig(strategy="zero-shot")
    made = {"zero-shot": make_strategy("zero-shot", taxonomy, models)}
    with Background() as background:
        annotator = make_annotator(made, taxonomy, background, config)
    assert annotator.source == Source("llm", "zero-shot large", "1")


def test_only_what_shows_demonstrations_needs_a_retriever(taxonomy, models):
    assert [name for name in ALONE if needs_retriever(LabellingConfig(strategy=name))] == [
        "lara",
        "clara",
    ]
    assert needs_retriever(LabellingConfig(strategy="ensemble"))  # lara is a member
    with pytest.raises(ValueError, match="retriever"):
        make_strategy("clara", taxonomy, models)
    with pytest.raises(ValueError, match="no strategy by itself"):
        make_strategy("ensemble", taxonomy, models)


def test_the_trained_classifier_knows_its_seed(ground):
    texts = ["please repair my boat", "hello please repair my bike"]
    proposed = fit_proposer(ground).propose(texts, "product", 2)
    assert [some[0][0] for some in proposed] == ["Boat", "Bike"]
    assert all(len(some) == 2 and some[0][1] >= some[1][1] for some in proposed)


def test_without_a_seed_the_taxonomy_alone_proposes(taxonomy, encoder, talk):
    retriever = fit_retriever(lay_ground(taxonomy, [], encoder))
    (offers,) = retriever.retrieve([talk])
    assert "Bike" in offers["product"].candidates
    assert offers["wish"].demonstrations


def test_a_taxonomy_of_mere_names_and_no_seed_still_offers_them(encoder, talk):
    from turnwise.taxonomy import Dimension, Label, Taxonomy

    bare = Taxonomy("t", (Dimension("wish", (Label("A", ("A",)), Label("B", ("B",)))),))
    shelves = shelve(single_turn_examples(bare, []), encoder)
    (offers,) = Retriever(bare, shelves, shelves).retrieve([talk])
    assert offers["wish"].candidates == ("A", "B")
    (offers,) = fit_retriever(lay_ground(bare, [], encoder)).retrieve([talk])
    assert offers["wish"].candidates == ("A", "B")
