"""The schema of an answer, as servers are told it and as a prompt shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from turnwise.llm.exchange import Message
from turnwise.llm.shapes import Form
from turnwise.llm.templates import inline, load_template, render

REPAIR_SHOWS = 2000  # characters of the answer that could not be used
LEFT_OUT = ("title", "default")  # of a schema: servers don't need them, and some refuse them


@lru_cache(maxsize=256)
def answer_schema(model: type[BaseModel]) -> Mapping[str, Any]:
    """JSON schema in the strict form: every field is required, no other is allowed."""
    strict = _strict(model.model_json_schema())
    assert isinstance(strict, dict)
    return strict


@lru_cache(maxsize=256)
def schema_text(model: type[BaseModel]) -> str:
    """The schema on one line, the same in every process."""
    return json.dumps(answer_schema(model), ensure_ascii=False)


@lru_cache(maxsize=256)
def schema_field(model: type[BaseModel], form: Form) -> str:
    """The field of a request that tells a server the schema, as JSON; empty in a plain form."""
    schema = answer_schema(model)
    if form == "plain":
        return ""
    given: dict[str, Any] = {"type": "json_object", "schema": schema}
    if form == "schema":
        named = {"name": "answer", "schema": schema, "strict": True}
        given = {"type": "json_schema", "json_schema": named}
    return f'"response_format": {json.dumps(given, ensure_ascii=False)}'


@lru_cache(maxsize=256)
def schema_note(model: type[BaseModel]) -> str:
    """What a prompt ends in where the server is not told the schema otherwise."""
    return _text("form", schema=dict(answer_schema(model)))


def with_note(messages: list[Message], note: str) -> list[Message]:
    """The messages with something added to the end of the last one."""
    *before, last = messages
    return [*before, {"role": last["role"], "content": f"{last['content']}\n\n{note}"}]


def repair_messages(
    messages: list[Message], text: str, problem: str, model: type[BaseModel]
) -> list[Message]:
    """The question once more, with the answer that can't be used and what is wrong with it."""
    note = _text("repair", problem=problem, schema=dict(answer_schema(model)))
    shown = inline(text[:REPAIR_SHOWS])
    if not shown:  # two messages of the user in a row are refused by some servers
        return with_note(messages, note)
    return [
        *messages,
        {"role": "assistant", "content": shown},
        {"role": "user", "content": note},
    ]


def _text(name: str, **values: object) -> str:
    return render(load_template("turnwise.llm", f"prompts/{name}.j2"), values)[-1]["content"]


def _strict(part: Any) -> Any:
    if isinstance(part, list):
        return [_strict(one) for one in part]
    if not isinstance(part, dict):
        return part
    named = part.get("properties")
    kept = {
        key: _strict(value)
        for key, value in part.items()
        if key not in (*LEFT_OUT, "properties") or not isinstance(value, (str, int, float, bool))
    }
    if isinstance(named, dict):
        kept["properties"] = {name: _strict(value) for name, value in named.items()}
        kept["required"] = list(named)
        kept["additionalProperties"] = False
    return kept
