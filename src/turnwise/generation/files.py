"""Generated conversations in a file, one a line, each turn with what it was made of.

    {"id", "method", "maker", "market", "locale", "outcome", "offered": {dimension: [labels]},
     "turns": [{"role", "text", "labels": {dimension: label}, "made", "sources", "rules"}],
     "scores": {name: number}, "meta": {"generated": method}}

`turnwise import` reads such a file as unlabelled logs: a label that was intended never becomes one
that a person gave.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from turnwise.conversations import Role
from turnwise.errors import FormatError
from turnwise.formats.streams import lines, replacing
from turnwise.generated import GENERATED, GeneratedConversation, GeneratedTurn, Method

_Name = Annotated[str, Field(max_length=500)]
_AGAIN = "Generate it anew with 'turnwise generate'"


class _Read(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Turn(_Read):
    role: Role
    text: Annotated[str, Field(max_length=100_000)]
    labels: dict[_Name, _Name] = {}
    made: _Name = ""
    sources: Annotated[tuple[_Name, ...], Field(max_length=100)] = ()
    rules: Annotated[tuple[_Name, ...], Field(max_length=100)] = ()


class _Conversation(_Read):
    id: Annotated[_Name, Field(min_length=1)]
    method: Method
    turns: Annotated[tuple[_Turn, ...], Field(min_length=1, max_length=1000)]
    maker: _Name = ""
    market: _Name = ""
    locale: _Name = ""
    offered: dict[_Name, tuple[_Name, ...]] = {}
    outcome: _Name = ""
    scores: dict[_Name, FiniteFloat] = {}
    meta: dict[_Name, _Name] = {}


def write_generated(conversations: Iterable[GeneratedConversation], path: Path) -> int:
    """Write conversations; the file appears when it is whole. Returns how many.

    Raises:
        FormatError: the disk is full, or the folder can't be written to.
    """
    written = 0
    with replacing(path) as stream:
        for one in conversations:
            values = {name: value for name, value in asdict(one).items() if value}
            values["turns"] = [
                {name: value for name, value in turn.items() if value or name == "text"}
                for turn in values["turns"]
            ]
            values["meta"] = {GENERATED: one.method}
            stream.write(json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n")
            written += 1
    return written


def read_generated(path: Path) -> Iterator[GeneratedConversation]:
    """Read what `write_generated` wrote.

    Raises:
        FormatError: it can't be read, or a line is no generated conversation, or one of an id that
            another has; with its line.
    """
    ids: dict[str, int] = {}
    for line in lines(path):
        if line.error is not None:
            error = line.error
            raise FormatError(error.reason, path=path, line=line.number, hint=_AGAIN) from error
        if not line.text.strip():
            continue
        try:
            found = _Conversation.model_validate_json(line.text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(map(str, first["loc"])) or None
            raise FormatError(
                str(first["msg"]),
                path=path,
                line=line.number,
                field=field,
                hint=_AGAIN,
            ) from error
        if found.id in ids:
            reason = f"{found.id!r} stands in line {ids[found.id]:,}, too"
            raise FormatError(reason, path=path, line=line.number, field="id", hint=_AGAIN)
        ids[found.id] = line.number
        yield _conversation(found)


def _conversation(found: _Conversation) -> GeneratedConversation:
    values = dict(found)
    del values["meta"]
    turns = tuple(GeneratedTurn(**dict(turn)) for turn in found.turns)
    return GeneratedConversation(**{**values, "turns": turns})
