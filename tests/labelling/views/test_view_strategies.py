"""The embedded forms of all strategies: what holds for each of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from turnwise.conversations import Conversation, Turn
from turnwise.labelling import LabellingConfig, label
from turnwise.labelling.annotator import STRATEGIES
from turnwise.labelling.views import build, fit_strategy, lay_ground

NEVER = LabellingConfig(abstain_below=0.0)


def talk(*texts: str, id: str = "new") -> Conversation:
    """Customer and agent take turns, the customer first."""
    roles = ("customer", "agent")
    return Conversation(id, tuple(Turn(roles[at % 2], text) for at, text in enumerate(texts)))


def final(annotator, conversation):
    return [one for one in annotator.annotate(conversation) if one.source == annotator.source]


@pytest.fixture
def ground(taxonomy, seed, encoder):
    return lay_ground(taxonomy, seed, encoder)


@pytest.fixture(params=STRATEGIES)
def strategy(request):
    return request.param


def test_every_turn_is_labelled_under_the_name_of_the_strategy(ground, strategy):
    annotator = build(ground, strategy, NEVER)
    found = final(annotator, talk("my boat leaks", "oh", "please repair it"))
    assert [(one.turn, one.dimension) for one in found] == [
        (turn, name) for turn in (0, 2) for name in ("product", "wish")
    ]
    assert (annotator.source.kind, annotator.source.name) == ("embedded", strategy)
    assert all(0.0 <= one.confidence <= 1.0 for one in found)


def test_a_strategy_is_fitted_from_its_configuration_alone(taxonomy, seed, encoder, strategy):
    config = replace(NEVER, strategy=strategy)
    annotator = fit_strategy(taxonomy, seed, encoder, config)
    found = final(annotator, talk("the boat and its sails"))
    assert annotator.source.name == strategy
    product = next(one for one in found if one.dimension == "product")
    assert "Boat" in (product.label, *(name for name, _ in product.runners_up))


def test_no_strategy_looks_at_later_turns(ground, strategy):
    annotator = build(ground, strategy, NEVER)
    whole = talk("my boat leaks", "oh", "yes", "sure", "no wait the bike is broken")
    for end in (1, 3):
        part = replace(whole, turns=whole.turns[:end])
        for early, late in zip(final(annotator, part), final(annotator, whole), strict=False):
            assert early.label == late.label
            assert early.confidence == pytest.approx(late.confidence, abs=1e-4)


def test_no_strategy_looks_at_the_gold_of_what_it_labels(ground, strategy):
    annotator = build(ground, strategy, NEVER)
    plain = talk("my boat leaks", "oh", "please repair it")
    gold = {"product": ("Sledge",), "wish": ("PRICE",)}
    marked = replace(plain, turns=tuple(replace(turn, gold=gold) for turn in plain.turns))
    assert annotator.annotate(plain) == annotator.annotate(marked)


def test_every_strategy_works_without_a_seed(taxonomy, encoder, strategy):
    annotator = build(lay_ground(taxonomy, [], encoder), strategy, NEVER)
    found = final(annotator, talk("the sails of a boat", "I see", "what something costs"))
    product = found[0]
    assert "Boat" in (product.label, *(name for name, _ in product.runners_up))


def test_batches_prepared_ahead_are_labelled_as_each_by_itself(ground, strategy):
    annotator = build(ground, strategy, NEVER)
    some = [
        talk("my boat leaks", "oh", "yes", id=f"talk {number}") if number % 2 else talk("the bike")
        for number in range(70)  # more than one batch of `label`
    ]
    alone = build(ground, strategy, NEVER)
    for conversation, found in label(some, annotator):
        if conversation.id in ("talk 1", "talk 69"):
            expected = alone.annotate(conversation)
            assert [(one.key, one.label, one.rationale) for one in found] == [
                (one.key, one.label, one.rationale) for one in expected
            ]


def test_what_a_strategy_is_not_sure_of_it_leaves_out(ground, strategy):
    shy = build(ground, strategy, LabellingConfig(abstain_below=1.0))
    for one in final(shy, talk("qwerty uiop")):
        assert one.label is None


def test_odd_texts_and_empty_conversations_are_no_trouble(ground, strategy):
    annotator = build(ground, strategy, NEVER)
    assert len(final(annotator, talk("", "?", "👍", "...", "42"))) == 6
    assert annotator.annotate(Conversation("empty", ())) == ()
    assert annotator.annotate(Conversation("agent", (Turn("agent", "hello?"),))) == ()


def test_zero_shot_reads_no_seed_no_history_and_gives_no_reasons(taxonomy, seed, encoder):
    with_seed = build(lay_ground(taxonomy, seed, encoder), "zero-shot", NEVER)
    without = build(lay_ground(taxonomy, [], encoder), "zero-shot", NEVER)
    conversation = talk("my boat leaks", "oh", "a bicycle and its wheels")
    found = with_seed.annotate(conversation)
    assert found == without.annotate(conversation)
    assert found[2].label == "Bike"
    alone = with_seed.annotate(talk("a bicycle and its wheels"))
    assert [one.label for one in found[2:]] == [one.label for one in alone]
    assert all(not one.rationale and not one.evidence for one in found)


def test_lara_tells_its_candidates_and_shows_its_demonstrations(ground):
    annotator = build(ground, "lara", NEVER)
    found = annotator.annotate(talk("hello number 3 please repair my boat"))
    assert found[0].label == "Boat"
    assert found[0].rationale.startswith("Proposed: ")
    assert "boat" in found[0].evidence[0].words
    assert found[0].evidence[0].conversation_id.startswith("talk-")


def test_lara_remembers_what_earlier_queries_were_about(ground):
    annotator = build(ground, "lara", NEVER)
    for thing, product in (("bike", "Bike"), ("boat", "Boat")):
        found = annotator.annotate(talk(f"please repair my {thing}", "shall we start?", "yes"))
        assert [one.label for one in found if one.dimension == "product"] == [product] * 2


def test_lara_without_demonstrations_still_labels(ground):
    annotator = build(ground, "lara", replace(NEVER, demonstrations=0))
    found = annotator.annotate(talk("please repair my boat"))
    assert found[0].label == "Boat"
    assert not found[0].evidence


def test_one_candidate_leaves_lara_no_choice_but_turn_and_session(ground):
    annotator = build(ground, "lara", replace(NEVER, candidates=1))
    (product, _) = annotator.annotate(talk("please repair my boat"))
    proposed = product.rationale.removeprefix("Proposed: ").partition(".")[0]
    assert proposed == "Boat"


def test_an_ensemble_hands_on_its_members_and_weighs_or_counts_them(ground):
    conversation = talk("please repair my boat")
    for weighted in (True, False):
        annotator = build(ground, "ensemble", NEVER, weighted)
        names = {one.source.name for one in annotator.annotate(conversation)}
        assert names == {"single", "two-stage", "lara", "ensemble"}
        (product, _) = final(annotator, conversation)
        assert product.label == "Boat"
        assert "single" in product.rationale
    assert "majority" in annotator.source.version
