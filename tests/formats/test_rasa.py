from pathlib import Path

import pytest
from format_cases import any_text, read_all
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Turn
from turnwise.errors import FormatError
from turnwise.formats import read, write

NLU = """\
version: "3.1"
stories:
- story: x
  steps: []
nlu:
- intent: book_flight
  examples: |
    - to [berlin](city) please
    - from [new york]{"entity": "city", "value": "NYC"} to [rome][{"entity": "city"}]

    - [tomorrow](date:2024-01-01)
- synonym: NYC
  examples: |
    - new york
- regex: zip
  examples: |
    - [0-9]{5}
- lookup: city
  examples: |
    - berlin
- intent: greet+thank
  examples:
  - text: |
      hi there
      and thanks
    metadata:
      sentiment: good
  - plain
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "nlu.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_examples_are_read_as_customer_turns_without_their_markup(tmp_path):
    good, errors = read_all(written(tmp_path, NLU))
    assert not errors
    assert [(one.turns[0].text, one.turns[0].gold["intent"]) for one in good] == [
        ("to berlin please", ("book_flight",)),
        ("from new york to rome", ("book_flight",)),
        ("tomorrow", ("book_flight",)),
        ("hi there\nand thanks", ("greet", "thank")),
        ("plain", ("greet", "thank")),
    ]


def test_each_example_carries_its_line(tmp_path):
    assert [record.line for record in read(written(tmp_path, NLU))] == [8, 9, 11, 23, 28]


def test_a_damaged_item_costs_no_other(tmp_path):
    text = """\
nlu:
- intent: a
  examples: |
    - one
    two
    -
- intent: b
- examples: |
    - three
- intent: c
  examples:
  - text: four
  - metadata: {}
"""
    good, errors = read_all(written(tmp_path, text))
    assert [one.turns[0].text for one in good] == ["one", "four"]
    assert [(record.line, record.error.reason) for record in errors if record.error] == [
        (5, "the line is no example"),
        (6, "the text is empty"),
        (7, "intent 'b' has no examples"),
        (8, "the item has no intent"),
        (13, "the example has no text"),
    ]


def test_yaml_that_breaks_off_gives_what_came_before(tmp_path):
    path = written(tmp_path, 'nlu:\n- intent: a\n  examples: |\n    - one\n- intent: "b\n')
    good, (bad,) = read_all(path)
    assert len(good) == 1
    assert "broken YAML" in str(bad.error)
    assert "1 conversations were read before" in str(bad.error)


@pytest.mark.parametrize("text", ["version: '3'\n", "- a\n", "nlu: []\n", "nlu:\n- {a: [}\n"])
def test_yaml_without_examples_is_refused(tmp_path, text):
    with pytest.raises(FormatError):
        read(written(tmp_path, text))


@settings(max_examples=60)
@given(st.lists(st.tuples(any_text, st.sampled_from(["a", "b c", "ü: 1"])), min_size=1, max_size=5))
def test_labelled_customer_turns_are_read_back(tmp_path_factory, said):
    path = tmp_path_factory.mktemp("rasa") / "nlu.yml"
    given_ones = [
        Conversation(str(at), (Turn("customer", text, {"intent": (intent,)}), Turn("bot", "ok")))
        for at, (text, intent) in enumerate(said)
    ]
    assert write(given_ones, path, "rasa") == len(said)
    good, errors = read_all(path)
    assert not errors
    unmarked = {(text.replace("](", "] ("), intent) for text, intent in said}
    assert {(one.turns[0].text, one.turns[0].gold["intent"][0]) for one in good} == unmarked


def test_several_intents_of_a_turn_are_read_back(tmp_path):
    turn = Turn("customer", "hi, cancel it", {"intent": ("greet", "cancel")})
    write([Conversation("c", (turn,))], tmp_path / "nlu.yml", "rasa")
    ((found,), _) = read_all(tmp_path / "nlu.yml")
    assert found.turns[0].gold == turn.gold


@pytest.mark.parametrize("labels", [("a+b",), (" a",), ("a", "b ")])
def test_a_label_that_would_be_read_back_as_others_is_refused(tmp_path, labels):
    turn = Turn("customer", "hi", {"intent": labels})
    with pytest.raises(FormatError, match="Write jsonl, or rename"):
        write([Conversation("c", (turn,))], tmp_path / "nlu.yml", "rasa")
    assert list(tmp_path.iterdir()) == []


def test_an_intent_of_many_examples_is_written_in_parts_and_read_whole(tmp_path):
    texts = [f"text {number}" for number in range(2_500)]
    turns = [Turn("customer", text, {"intent": ("a",)}) for text in texts]
    said = (Conversation(str(at), (turn,)) for at, turn in enumerate(turns))
    assert write(said, tmp_path / "nlu.yml", "rasa") == 2_500
    good, errors = read_all(tmp_path / "nlu.yml")
    assert not errors
    assert [one.turns[0].text for one in good] == texts
    assert (tmp_path / "nlu.yml").read_text("utf-8").count("intent: a") == 3
