"""Files as streams of lines or of text: plain, .gz or .xz, UTF-8 with or without a mark.

Compression is told by a file's first bytes, not by its name. Whatever makes the rest of a file
unreadable (cut or corrupt compression, a wrong byte where there are no lines to skip) is raised
as a FormatError with its line; what concerns one line only is handed on with that line.
"""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, TextIO, cast

from turnwise.errors import FormatError

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_LINE_BYTES = 64 * 1024 * 1024  # a longer line is passed over piece by piece, never loaded
HEAD_BYTES = 64 * 1024
CHUNK_BYTES = 256 * 1024

_GZIP, _XZ, _ZIP = b"\x1f\x8b", b"\xfd7zXZ\x00", b"PK\x03\x04"
_DAMAGE = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
_SAVE_AS_UTF8 = "Save the file as UTF-8"


class Pieces(Protocol):
    """A stream of bytes that gives what it has at hand."""

    def read1(self, size: int, /) -> bytes: ...


class Line(NamedTuple):
    """One physical line, without its end; `error` says why it has no text."""

    number: int
    text: str
    error: FormatError | None = None


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader[_AsItComes]]:
    """Open a file for reading bytes, decompressed, behind a byte order mark if there is one.

    Raises:
        FormatError: there is no such file, or it can't be opened.
    """
    try:
        raw = _decompressing(_first_bytes(path))(path, "rb")
    except OSError as error:
        raise _unopened(error, path) from None
    with raw, io.BufferedReader(_AsItComes(raw), CHUNK_BYTES) as stream:
        with suppress(*_DAMAGE):
            if stream.peek(3).startswith(codecs.BOM_UTF8):
                stream.read(3)
        yield stream


class _AsItComes(io.RawIOBase):
    """A stream piece by piece: asked for more at once, a decompressor that meets damage would
    withhold the sound data before it."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = cast(io.BufferedReader, source)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        piece = self._source.read1(len(view))
        view[: len(piece)] = piece
        return len(piece)


def _decompressing(magic: bytes) -> Callable[[Path, str], BinaryIO]:
    kinds = {_GZIP: gzip.open, _XZ: lzma.open}
    opener = next((one for start, one in kinds.items() if magic.startswith(start)), open)
    return cast(Callable[[Path, str], BinaryIO], opener)


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(8)


def _unopened(error: OSError, path: Path) -> FormatError:
    if isinstance(error, FileNotFoundError):
        return FormatError("there is no such file", path=path, hint="Check the path")
    if isinstance(error, IsADirectoryError):
        return FormatError("this is a folder", path=path, hint="Name the files in it")
    return FormatError(f"the file can't be opened: {error.strerror}", path=path)


def is_zip(path: Path) -> bool:
    """Whether a path is a file that begins as a zip archive does."""
    return path.is_file() and _first_bytes(path).startswith(_ZIP)


def head(path: Path) -> str:
    """The first `HEAD_BYTES` of a file as text, to tell its format by.

    Raises:
        FormatError: the file is missing, empty, in UTF-16, or no text at all.
    """
    with opened(path) as stream:
        data = b""
        with suppress(*_DAMAGE):  # a damaged end is reported by the reader, with its line
            while len(data) < HEAD_BYTES and (piece := stream.read1(HEAD_BYTES - len(data))):
                data += piece
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FormatError("the file is in UTF-16", path=path, line=1, hint=_SAVE_AS_UTF8)
    if data.count(0) > len(data) // 20:
        reason = "this is no text file, or one in UTF-16 or UTF-32"
        raise FormatError(reason, path=path, line=1, hint=_SAVE_AS_UTF8)
    if not data.strip():
        raise FormatError("the file is empty", path=path)
    return data.decode("utf-8", errors="replace")


def lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a file; one that is not UTF-8 or too long comes with its error.

    Raises:
        FormatError: the compressed file is cut off or corrupt; lines before it were yielded.
    """
    with opened(path) as stream:
        number, offset = 0, 0
        while True:
            number += 1
            try:
                data = stream.readline(MAX_LINE_BYTES + 1)
                rest = _skip_line(stream) if _overlong(data) else 0
            except _DAMAGE as error:
                raise _damaged(error, path, number) from None
            if not data:
                return
            if rest or _overlong(data):
                yield Line(number, "", _too_long(data, rest))
            else:
                yield _decoded(data, number, offset)
            offset += len(data) + rest


def _overlong(data: bytes) -> bool:
    return len(data) > MAX_LINE_BYTES and not data.endswith(b"\n")


def _skip_line(stream: BinaryIO) -> int:
    """Read to the end of a line in pieces and return how many bytes that was."""
    skipped = 0
    while piece := stream.readline(CHUNK_BYTES):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


def _too_long(data: bytes, rest: int) -> FormatError:
    size = (len(data) + rest) / 2**20
    return FormatError(
        f"the line has {size:,.0f} MB, more than {MAX_LINE_BYTES // 2**20}",
        hint="Write one conversation a line",
    )


def _decoded(data: bytes, number: int, offset: int) -> Line:
    try:
        return Line(number, data.decode("utf-8").rstrip("\r\n"))
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", errors="replace").rstrip("\r\n")
        return Line(number, text, _not_utf8(data[error.start], offset + error.start))


def _not_utf8(byte: int, offset: int) -> FormatError:
    reason = f"byte {offset:,} (0x{byte:02X}) is not UTF-8"
    return FormatError(reason, hint=f"{_SAVE_AS_UTF8}; it may be in Windows-1252 or Latin-1")


def _damaged(error: Exception, path: Path, line: int) -> FormatError:
    if isinstance(error, EOFError):
        reason = "the compressed file is cut off here"
    else:
        reason = f"the compressed file is damaged here ({error})"
    return FormatError(reason, path=path, line=line, hint="Copy or export the file again")


def chunks(stream: Pieces, path: Path | str) -> Iterator[str]:
    """Yield the text of a stream piece by piece.

    Raises:
        FormatError: a byte that is not UTF-8 (with line and offset), or damaged compression.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, offset = 1, 0
    while True:
        try:
            data = stream.read1(CHUNK_BYTES)
            held = len(decoder.getstate()[0])
            text = decoder.decode(data, final=not data)
        except _DAMAGE as error:
            raise _damaged(error, Path(path), line) from None
        except UnicodeDecodeError as error:
            at = offset - held + error.start
            failure = _not_utf8(error.object[error.start], at)
            failure.path = path
            failure.line = line + error.object[: error.start].count(b"\n")
            raise failure from None
        if text:
            yield text
        if not data:
            return
        line += text.count("\n")
        offset += len(data)


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Open a file for writing text, compressed as its name says; it appears when complete.

    Raises:
        FormatError: the disk is full, or the folder can't be written to.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with _output(unfinished, path.suffix) as stream:
            yield stream
        os.replace(unfinished, path)
    except OSError as error:
        reason = f"the file can't be written: {error.strerror or error}"
        raise FormatError(reason, path=path, hint="Check the folder and the free space") from None
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _output(path: Path, suffix: str) -> Iterator[TextIO]:
    with path.open("wb") as plain:
        raw = _compressing(plain, suffix)
        with io.TextIOWrapper(cast(BinaryIO, raw), encoding="utf-8", newline="\n") as stream:
            yield stream


def _compressing(plain: BinaryIO, suffix: str) -> io.IOBase | BinaryIO:
    if suffix == ".gz":
        # No name and no time inside, so that the same conversations make the same bytes.
        return gzip.GzipFile("", "wb", fileobj=plain, mtime=0)
    return lzma.LZMAFile(plain, "wb") if suffix == ".xz" else plain
