"""Dialogflow ES agents as they are exported: a zip or its folder, training phrases per intent.

    intents/NAME.json               says the intent's name
    intents/NAME_usersays_en.json   its phrases, in parts: [{"data": [{"text": "to "}, ...]}]

Each phrase is read as one customer turn with gold intent, in the locale of its file. Phrases
that are templates (`isTemplate`) are passed over: they are patterns, no utterances.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from turnwise.conversations import Conversation
from turnwise.errors import FormatError
from turnwise.formats import checks
from turnwise.formats.arrays import records
from turnwise.formats.records import Record, rejected
from turnwise.formats.streams import chunks

DIMENSION = "intent"
MAX_INTENT_BYTES = 16 * 1024 * 1024
_PHRASES = re.compile(r"(.*/)?intents/(?P<intent>[^/]+)_usersays_(?P<locale>[\w-]+)\.json")
_UNREADABLE = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError)


def is_agent(path: Path) -> bool:
    """Whether a folder or a zip holds training phrases."""
    try:
        return any(_PHRASES.fullmatch(name) for name in _Agent(path).names)
    except FormatError:
        return False


def read(path: Path) -> Iterator[Record]:
    """Yield the training phrases of an agent as conversations of one turn with gold intent."""
    agent = _Agent(path)
    for name in agent.names:
        found = _PHRASES.fullmatch(name)
        if found is None:
            continue
        place = f"{path}/{name}"
        try:
            stem = name.removesuffix(f"_usersays_{found['locale']}.json")
            intent = agent.display_name(f"{stem}.json") or found["intent"]
            with agent.opened(name) as stream:
                phrase = partial(_phrase, intent=intent, locale=found["locale"])
                yield from records(chunks(stream, place), place, "data", phrase)
        except FormatError as error:
            yield rejected(error, place, error.line or 1)


def _phrase(value: object, intent: str, locale: str) -> Conversation | None:
    parts = value.get("data") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(parts, list):
        raise FormatError("this is no training phrase", field="data")
    if value.get("isTemplate") is True:
        return None
    texts = [part.get("text") if isinstance(part, dict) else None for part in parts]
    if not all(isinstance(text, str) for text in texts):
        raise FormatError("a part of the phrase has no text", field="data")
    gold = {DIMENSION: (checks.clean(intent),)}
    return checks.utterance("".join(map(str, texts)).strip(), gold, locale=locale)


def _zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _UNREADABLE as error:
        hint = "Export the agent again"
        raise FormatError(f"the zip can't be read: {error}", path=path, hint=hint) from None


class _Agent:
    """The files of an agent, in a folder or in a zip, by their path inside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._zip: zipfile.ZipFile | None = None
        if path.is_dir():
            files = sorted(one for one in path.rglob("*.json") if one.is_file())
            self.names = [one.relative_to(path).as_posix() for one in files]
        else:
            self._zip = _zip(path)
            self.names = sorted(self._zip.namelist())
        self._known = frozenset(self.names)

    @contextmanager
    def opened(self, name: str) -> Iterator[io.BufferedReader[Any]]:
        """One file as a stream of bytes; what is wrong with the zip becomes a FormatError."""
        try:
            raw = (self._path / name).open("rb") if self._zip is None else self._zip.open(name)
            with raw, io.BufferedReader(raw) as stream:  # type: ignore[type-var]
                yield stream
        except _UNREADABLE as error:
            reason = f"the file can't be read: {error}"
            raise FormatError(reason, hint="Export the agent again") from None

    def display_name(self, name: str) -> str:
        """The name that an intent's own file says, or an empty string."""
        if name not in self._known:
            return ""
        with self.opened(name) as stream:
            data = stream.read(MAX_INTENT_BYTES)
        try:
            value = json.loads(data.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return ""
        said = value.get("name") if isinstance(value, dict) else None
        return said if isinstance(said, str) else ""
