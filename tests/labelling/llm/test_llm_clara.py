"""`clara`: only what several orders of the demonstrations agree on is kept."""

from __future__ import annotations

import asyncio
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.labelling.llm.rule_asker import NOTHING, RuleAsker
from turnwise.labelling import LabellingConfig
from turnwise.labelling.demonstrations import (
    Demonstration,
    LabelledText,
    shelve,
    single_turn_examples,
)
from turnwise.labelling.llm import Clara, Lara, Retriever, is_missing, is_unusable
from turnwise.labelling.llm.clara import orders
from turnwise.labelling.llm.retrieval import Offer


@pytest.fixture
def retriever(taxonomy, seed, encoder):
    shelves = shelve(single_turn_examples(taxonomy, seed), encoder)
    return Retriever(taxonomy, shelves, shelves, LabellingConfig(demonstrations=2))


def offers_of(count):
    shots = tuple(
        Demonstration(LabelledText(f"text {at}", "wish", "PRICE"), 1 - at / 100)
        for at in range(count)
    )
    return {"wish": Offer(("PRICE",), shots)}


def votes_for(*wishes):
    """Answer the questions of one turn with these labels of `wish`, in turn; None: unusable."""
    left = list(wishes)

    def rule(question):
        wish = left.pop(0)
        if not isinstance(wish, str):
            return wish
        return {
            "labels": {"product": "Bike", "wish": wish},
            "certainty": {"product": "certain", "wish": "likely"},
        }

    return RuleAsker(rule)


def label(asker, retriever, example, **settings):
    strategy = Clara(Lara(asker, retriever), **settings)
    return {one.dimension: one for one in asyncio.run(strategy.turn(example))}


def test_what_every_order_agrees_on_is_kept(retriever, talk):
    asker = votes_for("PRICE", "PRICE", "PRICE")
    found = label(asker, retriever, talk)
    assert found["wish"].label == "PRICE"
    assert found["wish"].confidence == pytest.approx(0.7)
    assert found["wish"].runners_up == ()
    assert "PRICE: ascending, descending, random 1" in found["wish"].rationale
    assert len(asker.asked) == 3


def test_each_dimension_is_kept_or_dropped_by_itself(retriever, talk):
    found = label(votes_for("PRICE", "ANSWER", "PRICE"), retriever, talk)
    assert found["product"].label == "Bike"
    wish = found["wish"]
    assert wish.label is None
    assert not is_unusable(wish)
    assert wish.runners_up == (("PRICE", pytest.approx(2 / 3)), ("ANSWER", pytest.approx(1 / 3)))
    assert "PRICE: ascending, random 1; ANSWER: descending" in wish.rationale
    assert wish.confidence == pytest.approx(0.7 * 2 / 3)


def test_a_milder_rule_keeps_what_most_agree_on(retriever, talk):
    found = label(votes_for("PRICE", "ANSWER", "PRICE"), retriever, talk, agreement=0.6)
    assert found["wish"].label == "PRICE"
    assert found["wish"].runners_up == (("ANSWER", pytest.approx(1 / 3)),)


def test_more_orders_are_more_questions(retriever, talk):
    asker = votes_for(*["PRICE"] * 7)
    assert label(asker, retriever, talk, orders=7)["wish"].label == "PRICE"
    shown = [tuple(one.values["parts"][1].shots) for one in asker.asked]
    assert len(set(shown)) == 7
    assert shown[1] == shown[0][::-1]


def test_an_unusable_answer_agrees_with_nothing(retriever, talk):
    found = label(votes_for("PRICE", None, "PRICE"), retriever, talk)
    assert found["wish"].label is None
    assert found["wish"].rationale.startswith("Abstained, 1 of 3 answers unusable: ")
    assert not is_unusable(found["wish"])
    assert all(map(is_unusable, label(votes_for(None, None, None), retriever, talk).values()))


def test_a_label_that_an_answer_which_never_came_might_have_given_is_missing(retriever, talk):
    found = label(votes_for("PRICE", NOTHING, "PRICE"), retriever, talk)
    assert all(map(is_missing, found.values()))
    found = label(votes_for("PRICE", NOTHING, "PRICE"), retriever, talk, agreement=0.5)
    assert found["wish"].label == "PRICE"


@given(st.integers(0, 5), st.integers(1, 9), st.text(max_size=5))
def test_orders_differ_hold_the_same_and_come_again(count, wanted, seed):
    offers = offers_of(count)
    found = [shots["wish"] for _, shots in islice(orders(offers, seed), wanted)]
    assert len(set(found)) == len(found) >= 1
    assert {tuple(sorted(one, key=lambda shot: shot.score)) for one in found} == {found[0]}
    assert found == [shots["wish"] for _, shots in islice(orders(offers, seed), wanted)]


def test_there_are_no_more_orders_than_there_are():
    assert [len(list(orders(offers_of(count), ""))) for count in (0, 1, 2, 3)] == [1, 1, 2, 6]


def test_rule_and_orders_are_part_of_the_version(retriever):
    asker = votes_for()
    lara = Lara(asker, retriever)
    versions = {
        Clara(lara, orders, agreement).source.version
        for orders, agreement in ((3, 1.0), (3, 0.5), (5, 1.0))
    }
    assert len(versions) == 3
