"""How a label came about is read back as it was written, by every strategy in either form."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from tests.labelling.llm.rule_asker import (
    NOTHING,
    RuleAsker,
    example_of,
    review_answer,
    single_answer,
)
from turnwise.annotations import PERSON, Annotation, Source
from turnwise.labelling import EMBEDDED, LabellingConfig
from turnwise.labelling.annotator import STRATEGIES
from turnwise.labelling.llm import (
    Models,
    Single,
    TwoStage,
    fit_retriever,
    make_annotator,
    make_strategy,
    strategy_names,
)
from turnwise.labelling.llm.picks import abstain_under
from turnwise.labelling.provenance import Asked, asked, first_stages, outcome, strategy_of, verdict
from turnwise.labelling.views import lay_ground
from turnwise.labelling.views.answering import source_of
from turnwise.labelling.views.two_stage import TWO_STAGE, fit_two_stage, two_stage_annotator
from turnwise.llm import Background

NEVER = LabellingConfig(abstain_below=0.0)
REVISION = review_answer(
    verdicts={"product": "kept", "wish": "revised"},
    final_labels={"product": "Bike", "wish": "ANSWER"},
    quotes={"product": [], "wish": ["yes please"]},
)


@pytest.fixture
def talk():
    return example_of("my bike is broken", "Shall we repair it?", "yes please, how much is it?")


def reviewed(taxonomy, talk, review, first=None):
    """The final annotations of a language model's two stages, by dimension."""
    teacher = RuleAsker(lambda question: single_answer() if first is None else first, "a")
    strategy = TwoStage(Single(teacher, taxonomy), RuleAsker(lambda question: review, "b"))
    found = asyncio.run(strategy.turn(talk))
    return {one.dimension: one for one in found if one.source == strategy.source}


def test_a_language_models_verdict_is_read_back(taxonomy, talk):
    found = reviewed(taxonomy, talk, REVISION)
    assert {name: verdict(one) for name, one in found.items()} == {
        "product": "kept",
        "wish": "revised",
    }


def test_a_verdict_is_read_back_though_the_label_fell_under_the_threshold(taxonomy, talk):
    wish = abstain_under(reviewed(taxonomy, talk, REVISION)["wish"], 0.95)
    assert wish.label is None
    assert verdict(wish) == "revised"
    assert outcome(wish) == "abstained"


def test_an_answer_that_breaks_the_rules_differs_from_one_that_never_came(taxonomy, talk):
    assert outcome(reviewed(taxonomy, talk, None)["wish"]) == "unusable"
    assert outcome(reviewed(taxonomy, talk, NOTHING)["wish"]) == "missing"
    assert outcome(reviewed(taxonomy, talk, REVISION, first=NOTHING)["wish"]) == "missing"
    assert verdict(reviewed(taxonomy, talk, None)["wish"]) is None


def test_an_embedded_verdict_is_read_back(taxonomy, seed, encoder, talk):
    fitted = fit_two_stage(lay_ground(taxonomy, seed, encoder), NEVER)
    hears_context_alone = {
        name: replace(one, weights=np.array([0.0, 0.0, 1.0, 0.0, 0.0, 0.0]), margin=0.0)
        for name, one in fitted.reviewers.items()
    }
    seen = set()
    for made in (fitted, replace(fitted, reviewers=hears_context_alone)):
        found = two_stage_annotator(made).annotate(talk.conversation)
        first = {(*one.key, one.dimension): one.label for one in found if one.source != TWO_STAGE}
        for one in found:
            if one.source == TWO_STAGE:
                kept = one.label == first[*one.key, one.dimension]
                assert verdict(one) == outcome(one) == ("kept" if kept else "revised")
                seen.add(kept)
    assert seen == {True, False}


def test_only_a_reviewer_gives_verdicts():
    one = Annotation("c", 0, "wish", "PRICE", EMBEDDED, rationale="Kept: by chance.")
    assert verdict(one) is None
    assert outcome(one) == "kept"


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_strategy_of_a_source_is_known_in_either_form(name, taxonomy, seed, encoder):
    ground = lay_ground(taxonomy, seed, encoder)
    config = replace(NEVER, strategy=name)
    models = Models(RuleAsker(dict, "a"), RuleAsker(dict, "b"))
    retriever = fit_retriever(ground)
    made = {
        one: make_strategy(one, taxonomy, models, config, retriever)
        for one in strategy_names(config)
    }
    with Background() as background:
        by_llm = make_annotator(made, taxonomy, background, config).source
    assert strategy_of(by_llm) == strategy_of(source_of(name)) == name
    assert strategy_of(EMBEDDED) == "single"
    assert strategy_of(PERSON) is strategy_of(Source("bundle", "single")) is None


@pytest.mark.parametrize("critic", ["a", "b"])
@pytest.mark.parametrize("name", STRATEGIES)
def test_what_a_source_asks_is_what_its_strategy_asks(name, critic, taxonomy, seed, encoder, talk):
    members = ("two-stage", "zero-shot", "clara")
    config = LabellingConfig(strategy=name, members=members, variant="symbolic", agreement=0.5)
    models = Models(RuleAsker(dict, "a"), RuleAsker(dict, critic))
    retriever = fit_retriever(lay_ground(taxonomy, seed, encoder))
    made = {
        one: make_strategy(one, taxonomy, models, config, retriever)
        for one in strategy_names(config)
    }
    with Background() as background:
        source = make_annotator(made, taxonomy, background, config).source
    planned = [one for strategy in made.values() for one in strategy.questions(talk)]
    assert set(asked(source)) == {
        Asked(question.task.name, question.task.version, asker.source_name)
        for asker, question in planned
    }


def test_embedded_strategies_ask_nobody_and_unknown_ones_are_refused():
    assert asked(EMBEDDED) == asked(TWO_STAGE) == ()
    with pytest.raises(ValueError, match="names no strategy"):
        asked(Source("llm", "guess model", "1"))


def test_the_first_stage_is_found_under_the_name_that_it_is_stored_by(taxonomy, talk):
    strategy = TwoStage(Single(RuleAsker(dict, "a"), taxonomy), RuleAsker(dict, "b"))
    assert first_stages(strategy.source) == (strategy.first.source,)
    assert first_stages(TWO_STAGE)[0] == replace(TWO_STAGE, name="single")
    assert first_stages(strategy.first.source) == first_stages(EMBEDDED) == ()
