"""`lara`: candidates and demonstrations retrieved, then one question."""

from __future__ import annotations

import asyncio

import pytest

from tests.labelling.llm.rule_asker import RuleAsker, example_of
from turnwise.annotations import Source
from turnwise.labelling import LabellingConfig
from turnwise.labelling.annotator import VARIANTS
from turnwise.labelling.demonstrations import shelve, single_turn_examples
from turnwise.labelling.llm import Lara, Retriever, is_unusable
from turnwise.labelling.llm.lara import symbols, unique_titles
from turnwise.llm.templates import render
from turnwise.taxonomy import Dimension, Label, Taxonomy


class Fixed:
    """Proposes for texts that hold a word what the word stands for."""

    def __init__(self, **proposals: str) -> None:
        self.proposals = proposals
        self.texts: list[str] = []

    def propose(self, texts, dimension, count):
        self.texts.extend(texts)
        return [
            tuple(
                (label, 1.0)
                for word, labels in self.proposals.items()
                if word in text
                for label in labels.split()
            )[:count]
            for text in texts
        ]


@pytest.fixture
def retriever(taxonomy, seed, encoder):
    shelves = shelve(single_turn_examples(taxonomy, seed), encoder)
    return Retriever(taxonomy, shelves, shelves, LabellingConfig(candidates=2, demonstrations=2))


def first_offered(question):
    """Choose the first candidate along each dimension."""
    return {
        "labels": {part.name: part.candidates[0].shown for part in question.values["parts"]},
        "certainty": {part.name: "likely" for part in question.values["parts"]},
    }


def lara(retriever, variant="formatted"):
    return Lara(RuleAsker(first_offered), retriever, variant)


def nearest(retriever, example, label):
    """The text of the demonstration of a label of `wish` that is nearest to a turn."""
    (offers,) = retriever.retrieve([example])
    shown = offers["wish"].demonstrations
    return next(one.example.text for one in shown if one.example.label == label)


def prompt(strategy, example):
    asyncio.run(strategy.turn(example))
    asked = strategy.asker.asked[-1]
    return [one["content"] for one in render(asked.task.template, asked.values)]


def test_candidates_come_from_the_last_query_and_from_all_joined(taxonomy, retriever, talk):
    proposer = retriever.proposer = Fixed(bike="Bike REPAIR", much="PRICE")
    (offers,) = retriever.retrieve([talk])
    assert set(proposer.texts) == {
        "yes please, how much is it?",
        "my bike is broken, yes please, how much is it?",
    }
    assert offers["wish"].candidates == ("REPAIR", "PRICE")  # united, as the taxonomy orders them
    assert offers["product"].candidates == ("Bike",)


def test_who_proposes_nothing_offers_every_label(retriever, talk):
    retriever.proposer = Fixed()
    (offers,) = retriever.retrieve([talk])
    assert offers["wish"].candidates == ("REPAIR", "PRICE", "ANSWER")


def test_each_candidate_is_shown_its_nearest_examples(retriever, talk):
    (offers,) = retriever.retrieve([talk])
    offer = offers["wish"]
    shown = [one.example.label for one in offer.demonstrations]
    assert {label: shown.count(label) for label in shown} == dict.fromkeys(offer.candidates, 2)
    assert {one.example.conversation_id for one in offers["wish"].demonstrations} != {"talk"}


def test_only_candidates_can_be_answered(retriever, talk):
    retriever.proposer = Fixed(much="PRICE ANSWER", bike="Bike")
    strategy = lara(retriever)
    asyncio.run(strategy.turn(talk))
    schema = strategy.asker.asked[0].task.answer.model_json_schema()
    assert schema["$defs"]["Labels"]["properties"]["wish"]["enum"] == ["PRICE", "ANSWER"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_comes_back_to_the_taxonomys_labels(retriever, talk, variant):
    strategy = lara(retriever, variant)
    found = {one.dimension: one for one in asyncio.run(strategy.turn(talk))}
    assert found["wish"].label == "REPAIR"
    assert found["wish"].source == Source("llm", "lara rule", f"1 {variant}")
    assert found["wish"].confidence == 0.7
    assert "Nearest labelled example" in found["wish"].rationale
    assert found["wish"].evidence[0].score > 0


def test_plain_gives_the_title_after_each_example(retriever, talk):
    _, user = prompt(lara(retriever, "plain"), talk)
    assert f'"{nearest(retriever, talk, "REPAIR")}" -> "REPAIR"\n' in user


def test_symbolic_replaces_titles_by_symbols_with_a_legend(retriever, talk):
    _, user = prompt(lara(retriever, "symbolic"), talk)
    assert '"A" = "REPAIR"' in user
    assert f'"{nearest(retriever, talk, "REPAIR")}" -> "A"\n' in user
    assert user.count('"REPAIR"') == 1


def test_prepended_gives_the_title_before_each_example(retriever, talk):
    _, user = prompt(lara(retriever, "prepended"), talk)
    assert f'"REPAIR": "{nearest(retriever, talk, "REPAIR")}"\n' in user


def test_formatted_numbers_the_queries_and_marks_the_last(retriever, talk):
    _, user = prompt(lara(retriever, "formatted"), talk)
    assert 'Query 1: "my bike is broken"\nReply by the agent: "Shall we repair it?"\n' in user
    assert 'Query 2 (the last one): "yes please, how much is it?"' in user
    shot = nearest(retriever, talk, "REPAIR")
    assert f'Example query: "{shot}"\nIts label: "REPAIR"\n' in user


def test_the_nearest_example_stands_last(retriever, talk):
    strategy = lara(retriever, "plain")
    asyncio.run(strategy.turn(talk))
    (offers,) = retriever.retrieve([talk])
    shots = {one.name: one.shots for one in strategy.asker.asked[0].values["parts"]}
    assert shots["wish"][-1].text == offers["wish"].demonstrations[0].example.text


def test_turns_are_read_together_and_once_for_several_strategies(retriever, talk, encoder):
    calls = []
    encode = encoder.encode
    encoder.encode = lambda texts: calls.append(len(texts)) or encode(texts)
    others = [talk, example_of("the sail is torn", id="other")]
    one, other = lara(retriever), lara(retriever, "plain")
    one.prepare(others)
    read = len(calls)
    other.prepare(others)
    for strategy in (one, other):
        asyncio.run(strategy.turn(talk))
    assert read > 0
    assert len(calls) == read


def test_the_same_id_with_another_history_is_another_turn(retriever, talk):
    retriever.proposer = Fixed(bike="Bike", boat="Boat")
    retriever.prepare([talk])
    changed = example_of("my boat leaks", "Shall we?", "yes please, how much is it?")
    assert changed.key == talk.key
    offers = asyncio.run(retriever.offers(changed))
    assert offers["product"].candidates == ("Boat",)
    assert asyncio.run(retriever.offers(talk))["product"].candidates == ("Bike",)


def test_an_unusable_answer_abstains(retriever, talk):
    found = asyncio.run(Lara(RuleAsker(lambda question: None), retriever).turn(talk))
    assert len(found) == 2
    assert all(map(is_unusable, found))


def test_a_candidate_without_examples_is_described(encoder, talk):
    labels = (Label("A", ("A",), "An apple."), Label("B", ("B",), "A boat.", ("boats",)))
    taxonomy = Taxonomy("t", (Dimension("thing", labels),))
    shelves = shelve(single_turn_examples(taxonomy, []), encoder)
    _, user = prompt(lara(Retriever(taxonomy, shelves, Fixed()), "plain"), talk)
    assert '- "A": "An apple."' in user
    assert '- "B"\n' in user


def test_titles_are_unique_or_give_way_to_names():
    def label(name, title):
        return Label(name, (name,), titles={"en": title})

    labels = (label("a", "Same"), label("b", "Same"), label("c", "d"), label("d", "Own"))
    assert unique_titles(Dimension("x", labels)) == {"a": "a", "b": "b", "c": "c", "d": "Own"}


def test_symbols_never_run_out():
    found = symbols(800)
    assert found[:3] + found[25:28] == ["A", "B", "C", "Z", "AA", "AB"]
    assert len(set(found)) == 800
