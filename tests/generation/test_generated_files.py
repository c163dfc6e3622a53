"""Generated conversations are read back as they were written, and are no one's gold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.errors import FormatError
from turnwise.formats import read
from turnwise.generated import METHODS, GeneratedConversation, GeneratedTurn
from turnwise.generation.files import read_generated, write_generated

words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
turns = st.builds(
    GeneratedTurn,
    role=st.sampled_from(["customer", "agent", "bot"]),
    text=words,
    labels=st.dictionaries(words, words, max_size=3),
    made=words,
    sources=st.lists(words, max_size=2).map(tuple),
    rules=st.lists(words, max_size=2).map(tuple),
)
made = st.builds(
    GeneratedConversation,
    id=words.filter(bool),
    method=st.sampled_from(METHODS),
    turns=st.lists(turns, min_size=1, max_size=4).map(tuple),
    maker=words,
    market=words,
    locale=words,
    offered=st.dictionaries(words, st.lists(words, max_size=2).map(tuple), max_size=2),
    outcome=words,
    scores=st.dictionaries(words, st.floats(1, 10), max_size=2),
)


@given(st.lists(made, max_size=3, unique_by=lambda one: one.id))
def test_what_is_written_is_read_back(tmp_path_factory, conversations):
    path = tmp_path_factory.mktemp("generated") / "conversations.jsonl"
    assert write_generated(conversations, path) == len(conversations)
    assert list(read_generated(path)) == conversations


def talk(**rest) -> GeneratedConversation:
    turn = GeneratedTurn("customer", "cancel it", {"intent": "CANCEL"}, "example", ("c1#0",))
    return GeneratedConversation("hmm-0-1", "hmm", (turn,), **rest)


def test_an_import_takes_no_intended_label_for_one_that_a_person_gave(tmp_path):
    path = tmp_path / "conversations.jsonl"
    write_generated([talk()], path)
    (record,) = read(path)
    assert record.conversation.turns[0].text == "cancel it"
    assert record.conversation.turns[0].gold == {}
    assert record.conversation.meta["generated"] == "hmm"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2"),
        ('{"id": "x", "method": "magic", "turns": [{"role": "customer", "text": ""}]}', "method"),
        ('{"id": "x", "method": "hmm", "turns": []}', "turns"),
        ('{"id": "", "method": "hmm", "turns": [{"role": "customer", "text": ""}]}', "field id"),
        (
            '{"id": "x", "method": "hmm", "turns": [{"role": "customer", "text": ""}], '
            '"scores": {"session": NaN}}',
            "scores.session",
        ),
        ('{"id": "x", "method": "hmm", "turns": [{"role": "system", "text": ""}]}', "turns.0.role"),
    ],
)
def test_a_damaged_line_is_told_with_its_place(tmp_path, line, said):
    path = tmp_path / "conversations.jsonl"
    write_generated([talk()], path)
    path.write_text(path.read_text("utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"line 2.*turnwise generate") as raised:
        list(read_generated(path))
    assert said in str(raised.value)


def test_a_line_that_is_no_text_and_an_id_that_stands_twice_are_refused_with_their_place(tmp_path):
    path = tmp_path / "conversations.jsonl"
    write_generated([talk()], path)
    whole = path.read_bytes()
    path.write_bytes(whole + b"\xff\xfe{}\n")
    with pytest.raises(FormatError, match=r"line 2: .*turnwise generate"):
        list(read_generated(path))
    path.write_bytes(whole * 2)
    with pytest.raises(FormatError, match="line 2, field id: 'hmm-0-1' stands in line 1, too"):
        list(read_generated(path))
