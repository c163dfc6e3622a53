"""From what a model wrote to a checked answer, or to what is wrong with it.

A model may put prose or a fence of backquotes around its JSON, or think aloud before it. The
object that fits the answer model is taken, when there is exactly one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from pydantic import BaseModel, ValidationError

from turnwise.llm.schemas import answer_schema
from turnwise.llm.tasks import A

LONGEST = 200_000  # characters in which an answer is looked for
STARTS = 50  # braces at which an object may begin that are tried
ERRORS = 3  # that the model is told of
LISTED = 100  # characters of the values that a field may have; more are told by their number
WRITTEN = 80  # characters that are told of a value that is none of them

THOUGHT = re.compile(r"^.*</think(?:ing)?>", flags=re.S)


@dataclass(frozen=True, slots=True)
class Reading(Generic[A]):
    """An answer that was read.

    Attributes:
        value: the answer; None where it can't be used.
        problem: what is wrong, as the model is told.
        formed: it was a JSON object of the form that was asked for, whatever it says.
    """

    value: A | None
    problem: str = ""
    formed: bool = True


class _TwiceError(ValueError):
    """A key stands twice in an object."""


def read_answer(text: str, model: type[A]) -> Reading[A]:
    """Find the answer in a text: strictly of the model, no key twice, and only one such."""
    found: dict[str, A] = {}
    problems: list[str] = []
    for candidate in _objects(text[:LONGEST]):
        try:
            json.loads(candidate, object_pairs_hook=_once)
            value = model.model_validate_json(candidate, strict=True)
            found[value.model_dump_json(by_alias=True)] = value
        except ValidationError as error:
            problems.append(_explained(error, model))
        except _TwiceError as error:
            problems.append(str(error))
        except (ValueError, RecursionError):
            continue
    if len(found) == 1:
        return Reading(next(iter(found.values())))
    if found:
        return Reading(None, "it holds several different answers; give exactly one", formed=False)
    if problems:
        return Reading(None, problems[-1], formed=False)
    return Reading(None, "it is not a JSON object" if text.strip() else "it is empty", formed=False)


def _objects(text: str) -> Iterator[str]:
    """The outermost JSON objects of a text, in their order."""
    text = THOUGHT.sub("", text)
    decoder = json.JSONDecoder()
    position = 0
    for _ in range(STARTS):
        start = text.find("{", position)
        if start < 0:
            return
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            position = start + 1
            continue
        yield text[start:end]
        position = end


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _TwiceError(f"the key {json.dumps(twice)} stands twice in it")
    return values


def _explained(error: ValidationError, model: type[BaseModel]) -> str:
    told = []
    for one in error.errors(include_url=False, include_context=False)[:ERRORS]:
        what = one["msg"]
        if one["type"] in ("literal_error", "enum") and len(what) > LISTED:
            # The model is shown the schema with all of them; people look for what was written.
            written = json.dumps(one["input"], ensure_ascii=False)[:WRITTEN]
            many = _options(answer_schema(model), one["loc"])
            offered = f"the {many:,} that are offered" if many else "those that are offered"
            what = f"{written} is not one of {offered}"
        told.append(f"{'.'.join(map(str, one['loc'])) or 'the object'}: {what}")
    return "; ".join(told)


def _options(schema: Mapping[str, Any], place: Sequence[int | str]) -> int:
    """How many values a field may have; 0 where its schema does not list them."""
    part: Any = schema
    for step in (*place, ""):
        if "$ref" in part:
            part = schema["$defs"][part["$ref"].rpartition("/")[2]]
        if step != "":
            part = (
                part.get("items") if isinstance(step, int) else part.get("properties", {}).get(step)
            )
        if not isinstance(part, dict):
            return 0
    return len(part.get("enum", ()))
