"""Labelled single turns and the search for the nearest of them."""

from __future__ import annotations

import numpy as np
import pytest

from turnwise.conversations import Conversation, Turn
from turnwise.labelling.demonstrations import LabelledText, shelve, single_turn_examples


@pytest.fixture
def shelves(taxonomy, seed, encoder):
    return shelve(single_turn_examples(taxonomy, seed), encoder)


def test_openings_are_examples_and_later_turns_only_of_labels_without_one(taxonomy, seed):
    bare = Conversation("bare", (Turn("customer", "hi", {"wish": ("GREETING",)}),))
    found = single_turn_examples(taxonomy, [*seed, bare])
    assert LabelledText("please repair it", "wish", "REPAIR") in found
    opening = "hello number 0 please repair my bike"
    assert LabelledText(opening, "wish", "REPAIR", "talk-0", 0) in found
    # ANSWER and PRICE have examples in the taxonomy: turns that lean on a history are not used.
    assert {one.turn for one in found} == {-1, 0}


def test_a_label_that_opens_nothing_is_shown_by_its_later_turns(seed):
    from turnwise.taxonomy import Dimension, Label, Taxonomy

    wish = tuple(Label(name, (name,)) for name in ("REPAIR", "ANSWER"))
    found = single_turn_examples(Taxonomy("t", (Dimension("wish", wish),)), seed)
    assert {one.text for one in found if one.label == "ANSWER"} == {"yes"}


def test_the_nearest_of_each_label_come_nearest_first(shelves, encoder):
    queries = encoder.encode(["my boat leaks"])
    found = shelves.nearest(queries, "product", ["Boat", "Bike"], 2)
    assert found[0].example.text == "my boat leaks"
    assert found[0].score == pytest.approx(1.0, abs=1e-5)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert sorted(one.example.label for one in found) == ["Bike", "Bike", "Boat", "Boat"]


def test_the_search_is_exact_and_takes_the_best_of_several_forms(shelves, encoder):
    queries = encoder.encode(["what does it cost", "number 3"])
    shelf = shelves.shelves["wish"]
    for label, rows in shelf.carriers.items():
        best = (shelf.vectors[rows] @ queries.T).max()
        assert shelves.nearest(queries, "wish", [label], 1)[0].score == pytest.approx(best)


def test_a_conversation_is_not_shown_its_own_turns(shelves, encoder):
    queries = encoder.encode(["hello number 0 please repair my bike"])
    found = shelves.nearest(queries, "product", ["Bike"], 5, besides="talk-0")
    assert "talk-0" not in {one.example.conversation_id for one in found}
    assert len({one.example.text for one in found}) == 5


def test_labels_are_proposed_by_their_nearest_examples(shelves):
    boat, cost = shelves.propose(["a boat that leaks", "how much"], "product", 2)
    assert boat[0][0] == "Boat"
    assert len(boat) == len(cost) == 2
    assert shelves.propose(["how much is it"], "wish", 9)[0][0][0] == "PRICE"


def test_what_nobody_gave_examples_of_has_none(shelves, encoder):
    nothing = np.zeros((1, encoder.size), np.float32)
    assert shelves.nearest(nothing, "colour", ["red"], 3) == ()
    assert shelves.propose(["x"], "colour", 3) == [()]
    assert shelves.nearest(nothing, "product", ["Bike"], 0) == ()
    assert shelve([], encoder).shelves == {}
