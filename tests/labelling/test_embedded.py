"""The embedded annotator: what it finds, what it looks at, and what it does without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from turnwise.conversations import Conversation, Turn
from turnwise.labelling import LabellingConfig, fit_annotator, label
from turnwise.taxonomy import Taxonomy

NEVER = LabellingConfig(abstain_below=0.0)


def talk(*texts: str, id: str = "new") -> Conversation:
    """Customer and agent take turns, the customer first."""
    roles = ("customer", "agent")
    return Conversation(id, tuple(Turn(roles[at % 2], text) for at, text in enumerate(texts)))


def labels(annotator, conversation: Conversation, dimension: str) -> list[str | None]:
    return [one.label for one in annotator.annotate(conversation) if one.dimension == dimension]


def without_examples(taxonomy: Taxonomy) -> Taxonomy:
    return replace(
        taxonomy,
        dimensions=tuple(
            replace(one, labels=tuple(replace(label, examples=()) for label in one.labels))
            for one in taxonomy.dimensions
        ),
    )


def test_every_customer_turn_is_labelled_along_every_dimension(taxonomy, seed, encoder):
    conversation = talk("my boat leaks", "oh", "please repair it", "done", "how much is it")
    found = fit_annotator(taxonomy, seed, encoder).annotate(conversation)
    assert [(one.turn, one.dimension) for one in found] == [
        (turn, name) for turn in (0, 2, 4) for name in ("product", "wish")
    ]
    assert all(one.conversation_id == "new" and one.source.kind == "embedded" for one in found)


def test_history_tells_what_the_turn_does_not(taxonomy, seed, encoder):
    annotator = fit_annotator(taxonomy, seed, encoder, NEVER)
    for thing, product in (("bike", "Bike"), ("boat", "Boat")):
        conversation = talk(f"please repair my {thing}", "shall we start?", "yes")
        assert labels(annotator, conversation, "product") == [product, product]
        assert labels(annotator, conversation, "wish") == ["REPAIR", "ANSWER"]


def test_what_an_agent_says_tells_too(taxonomy, seed, encoder):
    annotator = fit_annotator(taxonomy, seed, encoder, NEVER)
    conversation = talk("good morning", "Is the boat here, shall we start on the boat?", "yes")
    assert labels(annotator, conversation, "product")[-1] == "Boat"


def test_later_turns_change_nothing(taxonomy, seed, encoder):
    annotator = fit_annotator(taxonomy, seed, encoder)
    whole = talk("my boat leaks", "oh", "yes", "sure", "no wait the bike is broken", "ok", "yes")
    for end in (1, 2, 3, 5):
        part = replace(whole, turns=whole.turns[:end])
        for early, late in zip(annotator.annotate(part), annotator.annotate(whole), strict=False):
            assert early.label == late.label
            assert early.confidence == pytest.approx(late.confidence, abs=1e-5)


def test_gold_of_the_conversation_is_not_looked_at(taxonomy, seed, encoder):
    annotator = fit_annotator(taxonomy, seed, encoder)
    plain = talk("my boat leaks", "oh", "please repair it")
    gold = {"product": ("Sledge",), "wish": ("PRICE",)}
    marked = replace(plain, turns=tuple(replace(turn, gold=gold) for turn in plain.turns))
    assert annotator.annotate(plain) == annotator.annotate(marked)


def test_a_label_that_the_seed_never_shows_is_still_found(taxonomy, seed, encoder):
    annotator = fit_annotator(taxonomy, seed, encoder, NEVER)
    assert labels(annotator, talk("the runner of my sledge is bent"), "product") == ["Sledge"]


def test_it_works_without_a_seed(taxonomy, encoder):
    annotator = fit_annotator(taxonomy, [], encoder, NEVER)
    conversation = talk("the boat leaks", "I see", "can you fix it")
    assert labels(annotator, conversation, "product") == ["Boat", "Boat"]
    assert labels(annotator, conversation, "wish")[-1] == "REPAIR"


def test_it_works_from_descriptions_alone(taxonomy, encoder):
    annotator = fit_annotator(without_examples(taxonomy), [], encoder, NEVER)
    assert labels(annotator, talk("the sails of a boat"), "product") == ["Boat"]
    assert labels(annotator, talk("what something costs"), "wish") == ["PRICE"]


def test_it_works_with_a_seed_and_names_alone(taxonomy, seed, encoder):
    bare = replace(
        taxonomy,
        dimensions=tuple(
            replace(one, labels=tuple(replace(x, description="", examples=()) for x in one.labels))
            for one in taxonomy.dimensions
        ),
    )
    annotator = fit_annotator(bare, seed, encoder, NEVER)
    assert labels(annotator, talk("please repair my boat"), "product") == ["Boat"]


def test_one_labelled_conversation_is_enough_to_start(taxonomy, seed, encoder):
    annotator = fit_annotator(taxonomy, seed[:1], encoder, NEVER)
    assert labels(annotator, talk("my boat leaks"), "product") == ["Boat"]


def test_turns_without_gold_and_unknown_labels_are_passed_over(taxonomy, seed, encoder):
    patchy = [
        replace(one, turns=(*one.turns, Turn("agent", "bye"), Turn("customer", "bye")))
        for one in seed
    ]
    odd = Conversation("odd", (Turn("customer", "my rocket", {"product": ("Rocket",)}),))
    annotator = fit_annotator(taxonomy, [*patchy, odd], encoder, NEVER)
    assert labels(annotator, talk("please repair my boat"), "product") == ["Boat"]


def test_a_turn_with_two_gold_labels_teaches_both(taxonomy, encoder):
    both = [
        Conversation(str(at), (Turn("customer", f"zebra {at}", {"product": ("Bike", "Boat")}),))
        for at in range(6)
    ]
    chances = fit_annotator(taxonomy, both, encoder).probabilities(talk("zebra"))["product"][0]
    assert chances[0] + chances[1] > 2 * chances[2]


def test_it_abstains_below_the_threshold_and_never_at_zero(taxonomy, seed, encoder):
    conversation = talk("qwerty uiop")
    shy = fit_annotator(taxonomy, seed, encoder, LabellingConfig(abstain_below=1.0))
    bold = fit_annotator(taxonomy, seed, encoder, NEVER)
    for silent, spoken in zip(shy.annotate(conversation), bold.annotate(conversation), strict=True):
        assert silent.label is None
        assert spoken.label is not None
        assert silent.confidence == spoken.confidence < 1.0
        assert silent.runners_up[0][0] == spoken.label, "the best guess comes first"
        assert "Abstained" in silent.rationale


def test_conversations_prepared_together_are_labelled_as_each_by_itself(taxonomy, seed, encoder):
    annotator = fit_annotator(taxonomy, seed, encoder)
    some = [talk("my boat leaks", "oh", "yes", id="a"), talk("the bike", "which?", "yes", id="b")]
    by_itself = [annotator.annotate(one) for one in some]
    for (_, found), alone in zip(label(some, annotator), by_itself, strict=True):
        assert [(one.key, one.label, one.rationale) for one in found] == [
            (one.key, one.label, one.rationale) for one in alone
        ]
        np.testing.assert_allclose(
            [one.confidence for one in found], [one.confidence for one in alone], rtol=1e-5
        )


def test_the_order_of_the_seed_makes_no_difference(taxonomy, seed, encoder):
    conversation = talk("my boat leaks", "oh", "yes")
    some = fit_annotator(taxonomy, seed, encoder).annotate(conversation)
    assert some == fit_annotator(taxonomy, seed[::-1], encoder).annotate(conversation)


def test_probabilities_are_in_taxonomy_order_and_sum_to_one(taxonomy, seed, encoder):
    annotator = fit_annotator(taxonomy, seed, encoder, NEVER)
    conversation = talk("my boat leaks", "oh", "yes")
    chances = annotator.probabilities(conversation)
    for dimension in taxonomy.dimensions:
        rows = chances[dimension.name]
        assert rows.shape == (2, len(dimension.labels))
        np.testing.assert_allclose(rows.sum(axis=1), 1.0)
        best = [dimension.names[at] for at in rows.argmax(axis=1)]
        assert best == labels(annotator, conversation, dimension.name)


def test_the_rationale_cites_the_nearest_example_and_its_words(taxonomy, encoder):
    annotator = fit_annotator(taxonomy, [], encoder)
    (first, *_) = annotator.annotate(talk("a sail that is torn"))
    assert first.label == "Boat"
    assert first.evidence[0].text == "the sail of the boat is torn"
    assert first.evidence[0].turn == -1
    assert {"sail", "torn"} <= set(first.evidence[0].words)
    assert '"the sail of the boat is torn"' in first.rationale


def test_where_the_history_decided_the_rationale_cites_it(taxonomy, seed, encoder):
    annotator = fit_annotator(taxonomy, seed, encoder, NEVER)
    conversation = talk("please repair my boat", "shall we start?", "yes")
    last = next(
        one
        for one in annotator.annotate(conversation)
        if one.turn == 2 and one.dimension == "product"
    )
    assert last.label == "Boat"
    assert last.evidence[1].conversation_id == "new"
    assert last.evidence[1].turn == 0
    assert "boat" in last.evidence[1].words
    assert "history decided" in last.rationale


def test_evidence_from_the_seed_names_its_turn(taxonomy, seed, encoder):
    annotator = fit_annotator(without_examples(taxonomy), seed, encoder)
    (first, *_) = annotator.annotate(talk("hello number 3 please repair my boat"))
    cited = first.evidence[0]
    assert (cited.conversation_id, cited.turn) == ("talk-3", 0)
    assert cited.score == pytest.approx(1.0, abs=1e-5)


def test_a_conversation_without_customer_turns_gets_no_annotation(taxonomy, seed, encoder):
    annotator = fit_annotator(taxonomy, seed, encoder)
    assert annotator.annotate(Conversation("empty", ())) == ()
    assert annotator.annotate(Conversation("agent", (Turn("agent", "hello?"),))) == ()


def test_empty_and_wordless_texts_are_labelled_too(taxonomy, seed, encoder):
    annotator = fit_annotator(taxonomy, seed, encoder, NEVER)
    found = annotator.annotate(talk("", "?", "👍", "...", "42"))
    assert len(found) == 6
    assert all(0.0 <= one.confidence <= 1.0 for one in found)


def test_a_dimension_of_one_label_is_always_that_label(taxonomy, seed, encoder):
    one = replace(taxonomy.dimensions[0], labels=taxonomy.dimensions[0].labels[:1])
    annotator = fit_annotator(replace(taxonomy, dimensions=(one,)), seed, encoder)
    assert labels(annotator, talk("anything"), "product") == ["Bike"]
