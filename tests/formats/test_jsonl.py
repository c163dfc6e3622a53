import json
from pathlib import Path

import pytest
from format_cases import any_label, any_text, conversations, read_all, shared
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Turn
from turnwise.formats import read, read_text, streams, write

HI = {"turns": [{"role": "customer", "text": "hi"}]}


def lines_of(*values: object) -> str:
    return "".join(
        (value if isinstance(value, str) else json.dumps(value)) + "\n" for value in values
    )


def only_error(value: object) -> str:
    (record,) = read_text(json.dumps(value), "input")
    assert record.error is not None
    return str(record.error)


@settings(max_examples=60)
@given(
    st.lists(conversations(any_text, any_label), min_size=1, max_size=4),
    st.sampled_from(["", ".xz"]),
)
def test_what_is_written_is_read_back_equal(tmp_path_factory, written, suffix):
    path = tmp_path_factory.mktemp("jsonl") / f"out.jsonl{suffix}"
    assert write(written, path, "jsonl") == len(written)
    read_back, errors = read_all(path)
    assert read_back == written
    assert not errors


def test_the_sample_is_read_whole_and_written_back_as_it_stands(tmp_path):
    sample = Path(__file__).parents[2] / "examples" / "larkspur" / "conversations.jsonl"
    if not sample.exists():
        pytest.skip("examples/larkspur is not there")
    read_back, errors = read_all(sample)
    assert (len(read_back), len(errors)) == (250, 0)
    write(read_back, tmp_path / "again.jsonl", "jsonl")
    assert read_all(tmp_path / "again.jsonl")[0] == read_back


def test_messages_are_written_only_where_they_do_not_follow_from_the_turns(tmp_path):
    turns = (
        Turn("customer", "a\nb", {}, (0, 1)),
        Turn("bot", "c", {}, (2,)),
        Turn("customer", "d", {}, (3,)),
        Turn("customer", "e", {}, (7,)),
    )
    write([Conversation("c", turns)], tmp_path / "out.jsonl", "jsonl")
    written = json.loads((tmp_path / "out.jsonl").read_text())
    assert [turn.get("messages") for turn in written["turns"]] == [[0, 1], None, None, [7]]


def test_every_field_finds_its_place():
    value = {
        "id": 7,
        "locale": "de-DE",
        "market": "DE",
        "channel": "chat",
        "started_at": "2024-01-09T18:42:00Z",
        "split": "train",
        "turns": [
            {"speaker": "User", "content": "hallo", "gold": {"intent": ["A", "B"], "issue": "C"}},
            {"role": "agent", "text": "Guten Tag"},
        ],
        "meta": {"source": "crm", "rating": 4},
    }
    (record,) = read_text(json.dumps(value), "input")
    found = record.conversation
    assert found is not None
    assert (found.id, found.locale, found.market, found.channel) == ("7", "de-DE", "DE", "chat")
    assert found.meta == {"source": "crm", "rating": "4", "split": "train"}
    assert [turn.role for turn in found.turns] == ["customer", "agent"]
    assert found.turns[0].gold == {"intent": ("A", "B"), "issue": ("C",)}
    assert found.started_at is not None


BROKEN = {
    '{"id": "x", "turns": [{]}': "broken JSON: expecting property name",
    "not json at all": "broken JSON",
    "[" * 100_000: "nested too deeply",
    '{"id": ' + "9" * 5_000 + "}": "broken JSON",
    '"a string"': "no JSON object",
    "{}": "the turns are missing",
    '{"turns": "hi"}': "the turns are no list",
    '{"turns": []}': "the conversation is empty",
    '{"turns": ["hi"]}': "turns[0].role: this is no turn",
    '{"turns": [{"text": "hi"}]}': "turns[0].role: the role is missing",
    '{"turns": [{"role": "boss", "text": "hi"}]}': "turns[0].role: unknown role 'boss'",
    '{"turns": [{"role": "customer"}]}': "turns[0].text: the text is missing",
    '{"turns": [{"role": "customer", "text": 5}]}': "turns[0].text: the text is a number",
    '{"turns": [{"role": "customer", "text": "a"}, {"role": "bot", "text": " "}]}': (
        "turns[1].text: the text is empty"
    ),
    '{"turns": [{"role": "bot", "text": "hi"}]}': "no customer turn",
    '{"started_at": "soon", "turns": [{"role": "customer", "text": "hi"}]}': (
        "field started_at: 'soon' is no point in time"
    ),
    '{"id": [], "turns": [{"role": "customer", "text": "hi"}]}': "field id",
    '{"turns": [{"role": "customer", "text": "hi", "messages": [0.5]}]}': "turns[0].messages",
    '{"turns": [{"role": "customer", "text": "hi", "gold": "X"}]}': "turns[0].gold",
}


@pytest.mark.parametrize("line", BROKEN)
def test_a_line_that_can_not_be_read_is_told_with_its_place_and_costs_no_other(tmp_path, line):
    path = tmp_path / "logs.jsonl"
    path.write_text(lines_of({"id": "a", **HI}, "", line, {"id": "b", **HI}))
    good, (bad,) = read_all(path)
    assert [one.id for one in good] == ["a", "b"]
    assert bad.line == 3
    assert str(bad.error).startswith(f"{path}, line 3")
    assert BROKEN[line] in str(bad.error)
    assert line.startswith(bad.raw)
    assert len(bad.raw) <= 2_000


def test_limits_of_turns_and_of_characters_hold():
    said = {"role": "customer", "text": "x"}
    assert "more than 2,000 messages" in only_error({"turns": [said] * 5_000})
    long = {"role": "customer", "text": "x" * 1_000_000}
    assert "1,000,000 characters, more than 50,000" in only_error({"turns": [long]})


def test_a_line_in_another_encoding_is_told_with_its_byte(tmp_path):
    path = tmp_path / "logs.jsonl"
    good = lines_of({"id": "a", **HI}).encode()
    latin = '{"turns": [{"role": "customer", "text": "grüße"}]}\n'.encode("latin-1")
    path.write_bytes(good + latin + good)
    (_, bad, _) = read(path)
    assert bad.error is not None
    assert f"line 2: byte {len(good) + latin.index(0xFC):,} (0xFC) is not UTF-8" in str(bad.error)


def test_a_line_that_is_too_long_costs_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "MAX_LINE_BYTES", 1_000)
    path = tmp_path / "logs.jsonl"
    huge = {"turns": [{"role": "customer", "text": "x" * 5_000}]}
    path.write_text(lines_of({"id": "a", **HI}, huge, {"id": "b", **HI}))
    good, (bad,) = read_all(path)
    assert [one.id for one in good] == ["a", "b"]
    assert "the line has" in str(bad.error)


def test_nul_and_lone_surrogates_are_replaced():
    text = '{"id": "a\\u0000", "turns": [{"role": "customer", "text": "x\\ud83d \\ud83d\\ude4f"}]}'
    (record,) = read_text(text, "input")
    assert record.conversation is not None
    assert record.conversation.id == "a\ufffd"
    assert record.conversation.turns[0].text == "x\ufffd 🙏"


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_and_objects_over_several_lines_are_read_too(tmp_path, indent):
    path = tmp_path / "logs.json"
    path.write_text(json.dumps([{"id": "a", **HI}, {"id": "b"}, {"id": "c", **HI}], indent=indent))
    good, (bad,) = read_all(path)
    assert [one.id for one in good] == ["a", "c"]
    assert "the turns are missing" in str(bad.error)
    path.write_text("\n".join(json.dumps({"id": one, **HI}, indent=2) for one in "ab"))
    assert [one.id for one in read_all(path)[0]] == ["a", "b"]


def test_a_text_of_one_conversation_or_of_lines_is_read_as_a_file_is():
    pretty = json.dumps({"id": "a", **HI}, indent=2)
    lines = lines_of({"id": "a", **HI}, {"id": "b", **HI}, "{")
    assert [record.line for record in read_text(pretty, "standard input")] == [1]
    *good, bad = read_text(lines, "standard input")
    assert len(good) == 2
    assert str(bad.error).startswith("standard input, line 3")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sgd", (14_272, 262_524)),
        ("multidogo", (9_420, 66_168)),
        ("natcs_insurance", (896, 1_201)),
        ("crosswoz_zh", (500, 8_458)),
    ],
)
def test_public_dialogues_are_read_without_a_loss(name, expected):
    path = shared(f"dialogues/{name}.jsonl.xz")
    found = [record.conversation for record in read(path)]
    assert (len(found), sum(len(one.turns) for one in found if one)) == expected
