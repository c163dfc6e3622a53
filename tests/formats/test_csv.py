from pathlib import Path

import pytest
from format_cases import any_label, any_text, conversations, read_all
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Turn
from turnwise.errors import ConfigError, FormatError
from turnwise.formats import ColumnMapping, read, write


def written(folder: Path, text: str, name: str = "logs.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# A carriage return is an end of line to many programs, and is read as one.
csv_text = any_text.filter(lambda text: "\r" not in text)


@settings(max_examples=50)
@given(
    st.lists(conversations(csv_text, any_label), min_size=1, max_size=4, unique_by=lambda c: c.id),
    st.sampled_from(["csv", "tsv"]),
)
def test_what_is_written_is_read_back_but_for_meta(tmp_path_factory, given_ones, format):
    path = tmp_path_factory.mktemp("csv") / f"out.{format}"
    write(given_ones, path, format)
    read_back, errors = read_all(path)
    assert not errors
    assert len(read_back) == len(given_ones)
    for found, one in zip(read_back, given_ones, strict=True):
        assert found.turns == one.turns
        assert (found.id, found.started_at, found.locale) == (one.id, one.started_at, one.locale)


def test_columns_are_told_by_their_names(tmp_path):
    path = written(
        tmp_path,
        "Chat ID;Created At;Sender;Message;Intent;gold.issue\n"
        "7;2024-01-09 18:42;Visitor;hi;GREET;NONE\n"
        "7;2024-01-09 18:43;operator;hello;;\n",
    )
    (found,) = read_all(path)[0]
    assert (found.id, str(found.started_at)) == ("7", "2024-01-09 18:42:00+00:00")
    assert [turn.role for turn in found.turns] == ["customer", "agent"]
    assert found.turns[0].gold == {"intent": ("GREET",), "issue": ("NONE",)}
    assert found.turns[1].gold == {}


def test_a_mapping_names_columns_roles_and_gold(tmp_path):
    path = written(
        tmp_path, "a,b,c,d,e\nx,Kunde,hallo,A|B,1\nx,Firma,guten Tag,,2\nx,Kunde,ja,C,5\n"
    )
    mapping = ColumnMapping(
        conversation="a",
        role="b",
        text="c",
        position="e",
        roles={"kunde": "customer", "Firma": "agent"},
        gold={"intent": "d"},
    )
    (record,) = read(path, "csv", mapping)
    assert record.conversation is not None
    assert record.conversation.turns == (
        Turn("customer", "hallo", {"intent": ("A", "B")}, (1,)),
        Turn("agent", "guten Tag", {}, (2,)),
        Turn("customer", "ja", {"intent": ("C",)}, (5,)),
    )


def test_a_list_of_utterances_is_read_one_conversation_a_row(tmp_path):
    path = written(tmp_path, 'text,label\nstop it,CANCEL\n"stop, it",STOP\n,STOP\n')
    good, (bad,) = read_all(path)
    assert [one.turns[0].gold["intent"] for one in good] == [("CANCEL",), ("STOP",)]
    assert good[1].turns[0].text == "stop, it"
    assert str(bad.error).startswith(f"{path}, line 4, field text: the text is empty")


HEAD = "conversation_id,role,text\n"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,customer,one,two", "line 3: the row has 4 cells, the header 3"),
        ("a,customer", "line 3: the row has 2 cells, the header 3"),
        ('a,customer,"open', "line 3: the row can't be split"),
        ('a,customer,"x"y', "line 3: the row can't be split"),
        ("a,boss,hi", "line 3, field role: unknown role 'boss'"),
        ("a,,hi", "line 3, field role: the role is missing"),
        ("a,customer,", "line 3, field text: the text is empty"),
        (",customer,hi", "line 3: the conversation id is missing"),
        ("a,customer," + "x" * 50_001, "line 3, field text: the turn has 50,001 characters"),
        ('a,customer,"' + "x" * 200_000 + '"', "line 3: the row can't be split"),
    ],
)
def test_a_damaged_row_costs_that_row_and_no_other(tmp_path, row, reason):
    path = written(tmp_path, f'{HEAD}a,customer,first\n{row}\na,bot,"sec\nond"\nb,customer,third\n')
    good, (bad,) = read_all(path)
    assert reason in str(bad.error)
    assert [[turn.text for turn in one.turns] for one in good] == [["first", "sec\nond"], ["third"]]


def test_a_stray_quote_does_not_swallow_rows_however_many_follow(tmp_path):
    many = "".join(f"c{number},customer,text {number}\n" for number in range(20_000))
    path = written(tmp_path, f'{HEAD}a,customer,"open\n{many}z,customer,"last, one"\n')
    good, (bad,) = read_all(path)
    assert len(good) == 20_001
    assert "line 2: the row has a quote that is never closed" in str(bad.error)


def test_a_row_in_another_encoding_costs_that_row(tmp_path):
    path = tmp_path / "logs.csv"
    path.write_bytes(HEAD.encode() + b"a,customer,gr\xfc\xdfe\na,customer,hi\n")
    good, (bad,) = read_all(path)
    assert "0xFC" in str(bad.error)
    assert good[0].turns[0].text == "hi"


def test_messages_on_both_sides_of_a_damaged_row_are_not_merged(tmp_path):
    path = written(tmp_path, f"{HEAD}a,customer,one\na,???,two\na,customer,three\n")
    (found,) = read_all(path)[0]
    assert [turn.messages for turn in found.turns] == [(0,), (2,)]


def test_a_conversation_that_comes_back_is_refused_once(tmp_path):
    path = written(
        tmp_path, f"{HEAD}a,customer,1\nb,customer,2\na,customer,3\na,bot,4\nc,customer,5\n"
    )
    good, (bad,) = read_all(path)
    assert [one.id for one in good] == ["a", "b", "c"]
    assert "line 4: conversation 'a' comes back after rows of another" in str(bad.error)


def test_a_conversation_of_too_many_rows_costs_no_other(tmp_path):
    path = written(tmp_path, HEAD + "a,customer,x\n" * 5_000 + "b,customer,y\n")
    good, (bad,) = read_all(path)
    assert [one.id for one in good] == ["b"]
    assert "more than 2,000 messages" in str(bad.error)


def test_a_time_that_is_none_is_told_with_its_column(tmp_path):
    path = written(tmp_path, "conversation_id,role,text,date\na,customer,hi,soon\nb,customer,hi,\n")
    good, (bad,) = read_all(path)
    assert [one.id for one in good] == ["b"]
    assert "line 2, field date: 'soon' is no point in time" in str(bad.error)


@pytest.mark.parametrize(
    ("header", "mapping", "reason"),
    [
        ("chat_id,role,words", None, "the format can't be told|no column for what was said"),
        ("chat_id,text,who", None, "no column for who spoke"),
        ("role,text,x", None, "no column for the conversation's id"),
        ("chat_id,role,text", ColumnMapping(text="txt"), "called 'txt'"),
        ("chat_id,role,text", ColumnMapping(gold={"intent": "i"}), "called 'i'"),
    ],
)
def test_a_column_that_is_missing_is_told_with_those_that_are_there(
    tmp_path, header, mapping, reason
):
    path = written(tmp_path, f"{header}\n1,customer,hi\n")
    with pytest.raises(FormatError, match=reason):
        read(path, "auto", mapping)


def test_columns_are_for_tables_only(tmp_path):
    path = written(tmp_path, '{"turns": []}\n', "logs.jsonl")
    with pytest.raises(ConfigError, match="jsonl has no columns"):
        read(path, "jsonl", ColumnMapping(text="text"))


@pytest.mark.parametrize(("id", "label"), [("c", "A|B"), ("c", "A "), (" c", "A")])
def test_what_would_not_be_read_back_is_refused(tmp_path, id, label):
    turn = Turn("customer", "hi", {"intent": (label,)})
    with pytest.raises(FormatError, match="Write jsonl"):
        write([Conversation(id, (turn,))], tmp_path / "out.csv", "csv")
    assert list(tmp_path.iterdir()) == []
