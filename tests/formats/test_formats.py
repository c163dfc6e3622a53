"""Reading and writing by the name of a format, and telling it from the content."""

import gzip
import json
import lzma
import random
from contextlib import suppress
from dataclasses import replace

import pytest
from format_cases import read_all, shared
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Turn
from turnwise.errors import ConfigError, FormatError
from turnwise.formats import FORMATS, format_to_write, read, write
from turnwise.formats.detect import detect

TALK = Conversation("c", (Turn("customer", "hi", {"intent": ("GREET",)}, (0,)),))
WRITABLE = [name for name, format in FORMATS.items() if format.write]


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz"])
@pytest.mark.parametrize("format", WRITABLE)
def test_what_is_written_is_told_by_its_content_whatever_it_is_called(tmp_path, format, suffix):
    path = tmp_path / f"something{suffix}"
    assert write([TALK], path, format) == 1
    ((found,), errors) = read_all(path)
    assert not errors
    assert found.turns == TALK.turns


@pytest.mark.parametrize("said", FORMATS)
@pytest.mark.parametrize("is_", ["jsonl", "csv", "rasa", "label-studio"])
def test_a_file_of_another_format_than_said_is_refused(tmp_path, said, is_):
    path = tmp_path / "logs"
    write([TALK], path, is_)
    families = [{"jsonl", "chat"}, {"csv", "tsv"}]
    if said == is_ or {said, is_} in families:
        assert read_all(path, said)[0]
    else:
        with pytest.raises(FormatError, match=rf"this is not {said}: it looks like .*{is_}"):
            read(path, said)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<html></html>", "XML or HTML"),
        ("%PDF-1.7", "a PDF"),
        ("Dear Sir or Madam", "plain text that begins 'Dear Sir or Madam'"),
        ('[{"text": "hi"}]', "a JSON array of something else"),
        ("version: '3.1'\nrules: []\n", "YAML without a section nlu"),
    ],
)
def test_what_is_no_conversation_file_is_told_by_what_it_looks_like(tmp_path, text, reason):
    path = tmp_path / "logs"
    path.write_text(text)
    with pytest.raises(FormatError, match=reason):
        read(path)
    with pytest.raises(FormatError, match=f"this is not jsonl: it looks like {reason}"):
        read(path, "jsonl")


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("{broken\n" + '{"turns": []}', "jsonl"),
        ("damaged\n" + '{"turns": []}', "jsonl"),
        ("chat id,role,text\na,user,{\n{,user,x\n", "csv"),
        ("chat id\trole\ttext\n", "tsv"),
        ("# ours\nnlu:\n", "rasa"),
    ],
)
def test_the_beginning_decides_even_where_it_is_damaged(tmp_path, text, format):
    path = tmp_path / "logs"
    path.write_text(text)
    assert detect(path).format == format


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_file_is_refused(tmp_path, content):
    path = tmp_path / "logs.jsonl"
    path.write_text(content)
    with pytest.raises(FormatError, match="empty"):
        read(path)


def test_a_file_without_a_conversation_is_refused(tmp_path):
    path = tmp_path / "logs.csv"
    path.write_text("conversation_id,role,text\n")
    with pytest.raises(FormatError, match="no conversation in the file"):
        read(path)


def test_a_missing_file_is_told_when_it_is_asked_for(tmp_path):
    with pytest.raises(FormatError, match="no such file"):
        read(tmp_path / "logs.jsonl")


def test_unknown_formats_and_formats_that_are_only_read_are_refused(tmp_path):
    write([TALK], tmp_path / "logs", "jsonl")
    with pytest.raises(ConfigError, match=r"no format 'xml'.*jsonl"):
        read(tmp_path / "logs", "xml")
    with pytest.raises(ConfigError, match=r"no format 'sgd' to write"):
        write([TALK], tmp_path / "out", "sgd")
    with pytest.raises(ConfigError, match=r"no format 'sgd' to write"):
        format_to_write(tmp_path / "out", "sgd")


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("out.jsonl", "jsonl"),
        ("OUT.NDJSON", "jsonl"),
        ("out.csv.gz", "csv"),
        ("out.tab", "tsv"),
        ("out.tsv.xz", "tsv"),
        ("nlu.yml", "rasa"),
        ("nlu.yaml.gz", "rasa"),
    ],
)
def test_the_name_of_a_file_to_write_tells_its_format(tmp_path, name, format):
    assert format_to_write(tmp_path / name) == format
    assert format_to_write(tmp_path / name, "chat") == "chat"


@pytest.mark.parametrize("name", ["out.json", "out", "out.gz", "csv", "out.CSV.GZ", "out.xlsx"])
def test_a_name_that_tells_no_format_is_refused_with_those_there_are(tmp_path, name):
    with pytest.raises(ConfigError, match=f"{name}: the name .* --format: jsonl, chat, csv"):
        format_to_write(tmp_path / name)


@pytest.mark.parametrize("opener", [gzip.open, lzma.open])
def test_a_file_that_is_cut_off_ends_with_how_many_conversations_were_read(tmp_path, opener):
    words = random.Random(0).choices("abcdefgh", k=400)
    path = tmp_path / "logs"
    with opener(path, "wt") as stream:
        for number in range(4_000):
            text = " ".join(words[number % 300 : number % 300 + 60]) + str(number * 7919)
            turn = {"role": "customer", "text": text}
            stream.write(json.dumps({"id": str(number), "turns": [turn]}) + "\n")
    path.write_bytes(path.read_bytes()[:-4_000])
    good, (bad,) = read_all(path)
    assert 0 < len(good) < 4_000
    assert "the compressed file is cut off here" in str(bad.error)
    assert f"{len(good):,} conversations were read before" in str(bad.error)
    assert bad.line == len(good) + 1


def sample_of(format: str) -> bytes:
    """A small file of a format, to be damaged."""
    frames = [{"service": "A_1", "state": {"active_intent": "Find"}}]
    user = {"speaker": "USER", "utterance": "hi", "frames": frames}
    if format == "sgd":
        dialogues = [{"dialogue_id": str(at), "turns": [user]} for at in range(5)]
        return json.dumps(dialogues, indent=1).encode()
    row = 'c{0}\t0\t<CONV>c{0}<TURN>0\t"a ""b"""\tO\tx\n'
    header = "conversationId\tturnNumber\tutteranceId\tutterance\tslot-labels\tintent\n"
    return (header + "".join(row.format(at) for at in range(5))).encode()


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0), st.integers(0, 3), st.binary(max_size=4)), max_size=6),
    st.sampled_from(sorted(set(FORMATS) - {"dialogflow"})),
)
def test_a_damaged_file_gives_records_or_a_clear_error_and_nothing_else(
    tmp_path_factory, damages, format
):
    path = tmp_path_factory.mktemp("damaged") / "logs"
    if format in WRITABLE:
        talks = [replace(TALK, id=str(at)) for at in range(5)]
        write(talks, path, format)
    else:
        path.write_bytes(sample_of(format))
    data = bytearray(path.read_bytes())
    for place, cut, put in damages:
        at = place % (len(data) + 1)
        data[at : at + cut] = put
    path.write_bytes(bytes(data))
    with suppress(FormatError):
        for record in read(path, format):
            assert (record.conversation is None) == (record.error is not None)
            assert record.line >= 1
            if record.error is not None:
                assert str(path) in str(record.error)


@pytest.mark.parametrize("name", ["raw/sgd_schema.json", "clarification/cicc_hwu64.json"])
def test_public_files_that_hold_no_conversations_are_refused(name):
    with pytest.raises(FormatError, match="a JSON array of something else"):
        read(shared(name))
