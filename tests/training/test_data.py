from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from training_samples import gold, pseudo

from turnwise.conversations import Conversation, Turn
from turnwise.errors import TrainingError
from turnwise.sampling import in_tuning_split
from turnwise.training.data import MISSING, gold_labels, split_to_stop, targets

names = st.lists(st.text("abcdef", min_size=1, max_size=6), unique=True, max_size=30)


def conversation(name: str) -> Conversation:
    labels = {"product": ("Bike",), "wish": ("PRICE",)}
    return Conversation(name, (Turn("customer", "hello", labels), Turn("customer", "so", labels)))


@given(names, names)
def test_what_stops_training_shares_no_conversation_with_it(people, models):
    models = [f"log {one}" for one in models]
    labelled = gold(map(conversation, people)) + pseudo(map(conversation, models))
    assume(len(people) + len(models) >= 2)
    kept, held = split_to_stop(labelled)
    ids = [{one.example.key[0] for one in part} for part in (kept, held)]
    assert not ids[0] & ids[1]
    assert len(kept) + len(held) == len(labelled)
    assert held
    assert all(one.is_gold for one in held) != bool(models)


def test_a_tenth_by_hash_stops_training():
    many = [conversation(f"log {number}") for number in range(500)]
    _, held = split_to_stop(pseudo(many))
    assert {one.example.key[0] for one in held} == {
        one.id for one in many if in_tuning_split(one.id)
    }
    assert 60 < len(held) < 140  # of 1,000 turns


def test_a_tenth_stops_training_where_another_tenth_was_taken_away():
    many = [conversation(f"log {number}") for number in range(500)]
    left = [one for one in many if not in_tuning_split(one.id)]
    _, held = split_to_stop(gold(left))
    assert 60 < len(held) < 140  # of 900 turns


def test_one_conversation_can_not_be_divided():
    with pytest.raises(TrainingError, match="only one conversation"):
        split_to_stop(gold([conversation("a")]))


def test_missing_labels_are_marked_and_weigh_nothing(taxonomy):
    turn = Turn("customer", "hello", {"wish": ("PRICE", "WAIT"), "mood": ("GOOD",)})
    labelled = gold_labels(gold([Conversation("a", (turn,))])[0].example, taxonomy)
    found = targets([labelled], taxonomy)
    assert found.labels.tolist() == [[MISSING, 1]]
    assert found.weights.tolist() == [[0, 1]]
