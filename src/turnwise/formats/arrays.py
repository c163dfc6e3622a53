"""The elements of a JSON array, one at a time, however long the array is.

The standard decoder is run at the place where an element begins, over as much text as was read.
Where it stops at the end of that text the element is incomplete, and twice as much is read;
where it stops before, the element is broken, and the next object is sought that looks like an
element.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from turnwise.conversations import Conversation
from turnwise.errors import FormatError
from turnwise.formats.records import RAW_CHARACTERS, Record, rejected

MAX_ELEMENT_CHARACTERS = 64 * 1024 * 1024

_NEXT_OBJECT = re.compile(r",\s*(?=\{)")
_SPACE = re.compile(r"[\s,]*")
_NEAR_END = 16  # a token that the end of the text cuts ('fals', '\u12') fails this near to it


class Element(NamedTuple):
    """One element with the line it begins on; `error` says why it has no value."""

    line: int
    value: object
    error: FormatError | None = None
    raw: str = ""


def records(
    chunks: Iterable[str],
    path: Path | str,
    key: str,
    conversation: Callable[[object], Conversation | None],
) -> Iterator[Record]:
    """Yield a record for each element of an array of objects, on the line where it begins.

    Args:
        chunks: the text, in pieces of any size; path: where it is from, for what is rejected.
        key: every element has it.
        conversation: reads an element; None passes it over, a FormatError rejects it.

    Raises:
        FormatError: the text is no array, or ends inside it; records before were yielded.
    """
    for element in elements(chunks, (key,)):
        try:
            if element.error is not None:
                raise element.error
            found = conversation(element.value)
        except FormatError as error:
            yield rejected(error, path, element.line, element.raw or str(element.value))
        else:
            if found is not None:
                yield Record(element.line, found)


def elements(chunks: Iterable[str], keys: Collection[str]) -> Iterator[Element]:
    """Yield the elements of an array of objects.

    Args:
        chunks: the text, in pieces of any size.
        keys: an object with one of these is an element; where one is broken, the next such
            object is where reading goes on.

    Raises:
        FormatError: the text is no array, or ends inside it; elements before were yielded.
    """
    text = _Text(iter(chunks))
    if text.next_character() != "[":
        raise FormatError("this is no JSON array", line=text.line, hint="It has to begin with [")
    text.advance(text.position + 1)
    while (first := text.next_character()) != "]":
        if not first:
            raise FormatError("the JSON array has no end", line=text.line, hint="Export it again")
        line = text.line
        try:
            value, end = text.decode()
        except FormatError as error:
            yield Element(line, None, error, text.raw())
            text.seek_object(frozenset(keys))
        else:
            yield Element(line, value)
            text.advance(end)


class _Text:
    """The part of a text that was read and not yet used, with the line where it stands."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._decoder = json.JSONDecoder()
        self._text = ""
        self.position = 0
        self.line = 1

    def raw(self) -> str:
        return self._text[self.position : self.position + RAW_CHARACTERS]

    def advance(self, to: int) -> None:
        self.line += self._text.count("\n", self.position, to)
        self.position = to

    def next_character(self) -> str:
        """Step over white space and commas; an empty string at the end of the text."""
        while True:
            self.advance(_SPACE.match(self._text, self.position).end())  # type: ignore[union-attr]
            if self.position < len(self._text):
                return self._text[self.position]
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Drop what was used and read about as much again as is left; False at the end."""
        parts = [self._text[self.position :]]
        wanted, read = max(len(parts[0]), 1), 0
        for chunk in self._chunks:
            parts.append(chunk)
            read += len(chunk)
            if read >= wanted:
                break
        self._text, self.position = "".join(parts), 0
        return read > 0

    def decode(self) -> tuple[object, int]:
        """The value that begins here, and where it ends; reads on where it must.

        Raises:
            FormatError: the value is broken.
        """
        while True:
            try:
                return self._decoder.raw_decode(self._text, self.position)
            except json.JSONDecodeError as error:
                short = len(self._text) - self.position < MAX_ELEMENT_CHARACTERS
                if short and self._cut_off(error) and self._more():
                    continue
                line = self.line + self._text.count("\n", self.position, error.pos)
                reason = f"broken JSON: {error.msg.lower()} on line {line}"
            except RecursionError:
                reason = "broken JSON: nested too deeply"
            except ValueError as error:  # a number of thousands of digits
                reason = f"broken JSON: {error}"
            raise FormatError(reason, hint="Export it again, or mend it by hand")

    def _cut_off(self, error: json.JSONDecodeError) -> bool:
        if error.msg.startswith("Unterminated string"):
            return True
        left = len(self._text) - error.pos
        return left < _NEAR_END or not self._text[error.pos : error.pos + 4096].strip()

    def seek_object(self, keys: frozenset[str]) -> None:
        """Go on to the next object with one of the keys, or to the end.

        It is sought from the beginning of the broken one: where a bracket is missing, the fault
        shows only after the objects that follow were taken for a part of it.
        """
        start = self.position + 1
        while True:
            found = _NEXT_OBJECT.search(self._text, start)
            if found is None:
                # The last character may be the comma before the next object, or the array's end.
                self.advance(max(start, len(self._text.rstrip()) - 1))
                if not self._more():
                    self.advance(0 if self._text.startswith("]") else len(self._text))
                    return
                start = 0
                continue
            self.advance(found.end())
            try:
                value, end = self.decode()
            except FormatError:
                start = self.position + 1
                continue
            if isinstance(value, dict) and not keys.isdisjoint(value):
                return
            start = end
