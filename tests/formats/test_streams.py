import gzip
import lzma
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from turnwise.errors import FormatError
from turnwise.formats import streams

OPENERS = {"plain": open, "gz": gzip.open, "xz": lzma.open}


def written(folder: Path, data: bytes, kind: str = "plain") -> Path:
    path = folder / "logs"
    with OPENERS[kind](path, "wb") as stream:
        stream.write(data)
    return path


@pytest.mark.parametrize("kind", OPENERS)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_lines_are_the_same_compressed_or_not_and_with_or_without_a_mark(tmp_path, kind, mark):
    path = written(tmp_path, mark + "eins\r\nzwei ä\n\ndrei".encode(), kind)
    assert [line.text for line in streams.lines(path)] == ["eins", "zwei ä", "", "drei"]


def test_compression_is_told_by_the_content_and_not_by_the_name(tmp_path):
    path = tmp_path / "logs.gz"
    path.write_bytes(b"plain after all\n")
    assert [line.text for line in streams.lines(path)] == ["plain after all"]


def test_a_line_in_another_encoding_is_named_with_its_byte_and_the_others_are_read(tmp_path):
    path = written(tmp_path, b"good\nn\xe4chste\nalso good\n")
    first, second, third = streams.lines(path)
    assert (first.text, third.text) == ("good", "also good")
    assert second.error is not None
    assert "byte 6 (0xE4) is not UTF-8" in str(second.error)
    assert second.number == 2


def test_a_line_that_is_too_long_is_never_loaded_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "MAX_LINE_BYTES", 1_000)
    monkeypatch.setattr(streams, "CHUNK_BYTES", 300)
    path = written(tmp_path, b"a\n" + b"x" * 5_000 + b"\nb\n" + b"y" * 1_000 + b"\n\xff\n")
    read = list(streams.lines(path))
    assert [line.error is None for line in read] == [True, False, True, True, False]
    assert len(read[1].text) == 0
    assert "byte 6,006" in str(read[4].error), "the offset counts the line that was passed over"


@pytest.mark.parametrize("kind", ["gz", "xz"])
def test_a_file_that_is_cut_off_gives_its_lines_and_then_says_where_it_ends(tmp_path, kind):
    lines = "".join(f"line {number} {number * 7919 % 65537}\n" for number in range(20_000))
    path = written(tmp_path, lines.encode(), kind)
    path.write_bytes(path.read_bytes()[:-4_000])
    with pytest.raises(FormatError, match="cut off") as caught:
        list(streams.lines(path))
    assert caught.value.line is not None
    assert caught.value.line > 1_000


def test_a_damaged_archive_is_told_from_one_that_is_cut_off(tmp_path):
    path = written(tmp_path, b"some text\n" * 10_000, "gz")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = b"\xff" * (len(data) - len(data) // 2)
    path.write_bytes(bytes(data))
    with pytest.raises(FormatError, match="damaged"):
        list(streams.lines(path))


def test_chunks_name_line_and_byte_of_what_is_not_utf8(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "CHUNK_BYTES", 4)
    path = written(tmp_path, "ä€\nzwei\n".encode() + b"dr\xffi\n")
    with (
        streams.opened(path) as stream,
        pytest.raises(FormatError, match=r"line 3: byte 13 \(0xFF\)"),
    ):
        list(streams.chunks(stream, path))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_chunks_are_the_text_whatever_character_they_are_cut_in(tmp_path, monkeypatch, size):
    monkeypatch.setattr(streams, "CHUNK_BYTES", size)
    text = "ä€🙏\nzwei"
    path = written(tmp_path, text.encode())
    with streams.opened(path) as stream:
        assert "".join(streams.chunks(stream, path)) == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        ("hi".encode("utf-16"), "UTF-16"),
        (b"\0\1\2\0\0\0", "no text file"),
    ],
)
def test_a_file_without_text_is_refused(tmp_path, data, reason):
    with pytest.raises(FormatError, match=reason):
        streams.head(written(tmp_path, data))


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path):
    with pytest.raises(FormatError, match="no such file"):
        streams.head(tmp_path / "none")
    with pytest.raises(FormatError, match="folder"):
        streams.head(tmp_path)


@pytest.mark.parametrize("name", ["out.txt", "out.txt.gz", "out.txt.xz"])
def test_what_was_written_is_read_back_and_the_same_bytes_come_of_the_same_text(tmp_path, name):
    path = tmp_path / name
    for _ in range(2):
        with streams.replacing(path) as stream:
            stream.write("ä\n")
        data = path.read_bytes()
        assert [line.text for line in streams.lines(path)] == ["ä"]
    assert path.read_bytes() == data
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_a_file_is_replaced_only_when_the_new_one_is_complete(tmp_path):
    path = tmp_path / "out"
    path.write_text("old")
    with suppress(RuntimeError), streams.replacing(path) as stream:
        stream.write("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_said_so(tmp_path):
    (tmp_path / ".out.unfinished").symlink_to("/dev/full")
    with (
        pytest.raises(FormatError, match=r"can't be written: No space left.*free space"),
        streams.replacing(tmp_path / "out") as stream,
    ):
        stream.write("x" * 10_000_000)
    assert not (tmp_path / "out").exists()


def seen(path: Path, found: list[str]) -> Iterator[str]:
    """Notes each line as it comes, for what raises gives nothing back."""
    for line in streams.lines(path):
        found.append(line.text)
    yield from ()


def test_all_lines_before_the_cut_in_a_compressed_file_are_read(tmp_path):
    text = "".join(f"line {number * 7919}\n" for number in range(3000)).encode()
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(text)[:-2000])
    found: list[str] = []
    with pytest.raises(FormatError, match="cut off"):
        found.extend(seen(path, found))
    assert found[:2] == ["line 0", "line 7919"]
    assert len(found) > 1000
