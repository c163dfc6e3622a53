import json

import pytest

from turnwise.conversations import Conversation
from turnwise.formats import read_text


def read_one(*turns: tuple[int, str, list[str]], domain: object = None) -> Conversation:
    said = [
        {"n": n, "speaker": "user" if n % 2 == 0 else "agent", "text": text, "intents": intents}
        for n, text, intents in turns
    ]
    value = {"id": "x", "split": "dev", "lang": "en", "domain": domain, "turns": said}
    (record,) = read_text(json.dumps(value), "input")
    assert record.conversation is not None, record.error
    return record.conversation


def test_a_jump_in_the_numbers_keeps_the_customers_turns_apart():
    found = read_one((0, "hi", ["greet"]), (2, "book", ["book"]), (4, "ok", []), domain="travel")
    assert [turn.messages for turn in found.turns] == [(0,), (2,), (4,)]
    assert found.turns[1].gold == {"domain": ("travel",), "intent": ("book",)}
    assert found.turns[2].gold == {}
    assert (found.locale, found.meta) == ("en", {"split": "dev", "domain": "travel"})


def test_an_intent_that_names_its_service_gives_service_and_domain():
    (turn,) = read_one((0, "a room", ["Hotels_2/Search"]), domain=["Hotels_2", "Bus_1"]).turns
    assert turn.gold["domain"] == ("Hotels",)
    assert turn.gold["service"] == ("Hotels_2",)
    assert turn.gold["intent"] == ("Hotels_2/Search",)


@pytest.mark.parametrize("second", [["A_1/Find", "B_1/Book"], ["A_1/NONE", "B_1/Book"]])
def test_where_a_turn_leaves_one_service_for_another_it_is_about_the_new_one(second):
    found = read_one((0, "x", ["A_1/Find"]), (1, "y", []), (2, "z", second))
    assert found.turns[2].gold["intent"] == ("B_1/Book",)


def test_intents_that_are_no_names_are_refused():
    said = [{"n": 0, "speaker": "user", "text": "x", "intents": "greet"}]
    (record,) = read_text(json.dumps({"turns": said}), "input")
    assert "turns[0].intents: intents is no list of names" in str(record.error)
