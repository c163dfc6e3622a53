"""Logs are read with what was answered, by classifiers that never saw what they read."""

from __future__ import annotations

import pytest

from turnwise.conversations import Conversation, Example, Turn, examples
from turnwise.encoders import DEFAULT_ENCODER, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.errors import TrainingError
from turnwise.project import encoder_cache
from turnwise.sampling import stable_hash
from turnwise.steps.exchange_reading import PARTS, ExchangeReader, exchange
from turnwise.taxonomy import Dimension, Label, Taxonomy
from turnwise.training.data import gold_labels

NAMES = ("BOOK", "PAY")
TAXONOMY = Taxonomy("inn", (Dimension("intent", tuple(Label(one, (one,)) for one in NAMES)),))
ANSWERS = {"BOOK": "Your table for two is booked.", "PAY": "The invoice has been paid by card."}


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, encoder_cache()))


def talk(id: str, *said: tuple[str, str], label: str = "") -> Conversation:
    """What a customer said and an agent answered, in turn; the first turn is labelled."""
    turns = [
        turn for text, answer in said for turn in (Turn("customer", text), Turn("agent", answer))
    ]
    if label:
        turns[0] = Turn("customer", said[0][0], {"intent": (label,)})
    return Conversation(id, tuple(turns))


def reader(labelled: list[Conversation], encoder: OnnxEncoder) -> ExchangeReader:
    turns = [gold_labels(Example(one, 0), TAXONOMY) for one in labelled]
    return ExchangeReader(turns, [], TAXONOMY, encoder)


def read(by: ExchangeReader, *talks: Conversation) -> list[str]:
    turns = [turn for one in talks for turn in examples(one)]
    return [NAMES[place] for place in by.probabilities(turns)["intent"].argmax(axis=1)]


def test_an_exchange_is_a_turn_and_all_that_is_said_before_the_customer_speaks_again():
    turns = (
        Turn("agent", "Welcome."),
        Turn("customer", "A table?", {"intent": ("BOOK",)}),
        Turn("agent", "One moment."),
        Turn("bot", "Booked."),
        Turn("customer", "Thanks."),
    )
    whole = Conversation("a", turns)
    first, last = (exchange(Example(whole, at)) for at in (1, 4))
    assert first.text == "A table?\nOne moment.\nBooked."
    assert first.gold == {"intent": ("BOOK",)}
    assert last.text == "Thanks."
    assert first.conversation.turns == (first.turn,)
    assert first.key != last.key  # both may be learnt from


def test_an_answer_tells_what_a_bare_yes_meant(encoder):
    taught = [
        talk(f"{label} {at}", ("yes please", ANSWERS[label]), label=label)
        for at in range(15)
        for label in NAMES
    ]
    asked = talk("new", *(("yes please", ANSWERS[label]) for label in ("PAY", "BOOK", "PAY")))
    assert read(reader(taught, encoder), asked) == ["PAY", "BOOK", "PAY"]


def test_no_conversation_is_read_by_what_learnt_from_it(encoder):
    """Those of one part have another label than all others, and there are more of them."""
    ids: dict[bool, list[str]] = {True: [], False: []}
    for at in range(400):
        ids[stable_hash(f"talk {at}") // 10 % PARTS == 0].append(f"talk {at}")
    same = ("yes please", "Very well.")
    told = [talk(id, same, label="PAY") for id in ids[True][:60]]
    others = [talk(id, same, label="BOOK") for id in ids[False][:30]]
    others += [talk(id, ("What do I owe?", "Nine."), label="PAY") for id in ids[False][30:50]]
    by = reader([*told, *others], encoder)
    assert {*read(by, *told)} == {"BOOK"}
    assert read(by, talk("new", same)) == ["PAY"]


def test_too_little_to_learn_from_is_said(encoder):
    taught = [talk(label, ("yes please", ANSWERS[label]), label=label) for label in NAMES]
    with pytest.raises(TrainingError, match="too few"):
        read(reader(taught, encoder), talk("new", ("yes please", ANSWERS["PAY"])))
