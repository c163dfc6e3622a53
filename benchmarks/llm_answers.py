"""What a stand-in for a language model says: a valid instance of a schema, always the same.

instance(schema, prompt)   what the server answers to a prompt, for tests to compare with
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, TypeVar

Json = Any  # what json.loads gives
T = TypeVar("T")

QUOTED = re.compile(r"evidence|quote", re.IGNORECASE)  # names of fields that quote the prompt
QUOTE_WORDS = 4
SCHEMA_KEYS = {"properties", "$defs", "enum", "anyOf", "$ref"}


def prompt_of(messages: Sequence[Mapping[str, Json]]) -> str:
    """The messages up to the first of the user: the same for a question and for its repair."""
    said = []
    for message in messages:
        said.append(_text(message.get("content")))
        if message.get("role") == "user":
            break
    return "\n".join(said)


def pick(prompt: str, place: str, options: Sequence[T]) -> T:
    """One of the options, decided by the prompt and by where the answer needs it ("/label")."""
    digest = sha256(f"{place}\0{prompt}".encode("utf-8", "surrogatepass")).digest()
    return options[int.from_bytes(digest[:8], "big") % len(options)]


def schema_in(text: str) -> Json | None:
    """The JSON schema that stands in a prompt, the last one; None where there is none."""
    decoder, found = json.JSONDecoder(), None
    start = text.find("{")
    while start >= 0:
        end = start + 1
        try:
            value, stop = decoder.raw_decode(text, start)
            if SCHEMA_KEYS & value.keys():
                found, end = value, stop
        except (ValueError, RecursionError):
            pass
        start = text.find("{", end)
    return found


def instance(
    schema: Json,
    prompt: str,
    *,
    fixed: Mapping[str, Json] | None = None,
    quote: str = "",
    wrong: bool = False,
) -> Json:
    """A valid instance of a schema: each choice is decided by the prompt, see `pick`.

    Args:
        fixed: name of a property -> what it holds wherever it stands.
        quote: regular expression; fields named like evidence or quote hold words of its last match
            in the prompt (of its first group, if any), those of the history of the match before
            it, where there is one. Empty: words of the last line.
        wrong: hold values that no enumeration offers.
    """
    return _Filling(schema, prompt, fixed or {}, quote, wrong).fill(schema, "", "")


class _Filling:
    def __init__(
        self, root: Json, prompt: str, fixed: Mapping[str, Json], quote: str, wrong: bool
    ) -> None:
        self._root, self._prompt, self._fixed = root, prompt, fixed
        self._quote, self._wrong = quote, wrong

    def fill(self, schema: Json, place: str, name: str) -> Json:
        if name in self._fixed:
            return self._fixed[name]
        schema = self._plain(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            label = pick(self._prompt, place, schema["enum"])
            return f"no such label as {label}" if self._wrong else label
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = kind[0]
        if kind == "object":
            inside = schema.get("properties", {}).items()
            return {key: self.fill(part, f"{place}/{key}", key) for key, part in inside}
        if kind == "array":
            return self._array(schema, place, name)
        return self._scalar(kind, schema, place, name)

    def _plain(self, schema: Json) -> Json:
        """The schema with references followed and the first of its alternatives taken."""
        while True:
            if "$ref" in schema:
                rest = {key: value for key, value in schema.items() if key != "$ref"}
                schema = {**self._referred(schema["$ref"]), **rest}
            elif choices := schema.get("anyOf") or schema.get("oneOf"):
                schema = choices[0]
            elif parts := schema.get("allOf"):
                rest = {key: value for key, value in schema.items() if key != "allOf"}
                schema = {key: value for part in (*parts, rest) for key, value in part.items()}
            else:
                return schema

    def _referred(self, reference: str) -> Json:
        found = self._root
        for step in reference.removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        return found

    def _array(self, schema: Json, place: str, name: str) -> list[Json]:
        parts = list(schema.get("prefixItems", ()))
        number = min(max(1, schema.get("minItems", 0)), schema.get("maxItems", 1_000))
        parts += [schema.get("items", {})] * (number - len(parts))
        return [self.fill(part, f"{place}/{at}", name) for at, part in enumerate(parts)]

    def _scalar(self, kind: str, schema: Json, place: str, name: str) -> Json:
        if kind == "null":
            return None
        if kind == "boolean":
            return pick(self._prompt, place, (True, False))
        if kind in ("integer", "number"):
            low = schema.get("minimum", 0)
            high = schema.get("maximum", low + 10)
            share = pick(self._prompt, place, range(11)) / 10
            return (
                round(low + share * (high - low))
                if kind == "integer"
                else low + share * (high - low)
            )
        text = self._quoted(place) if QUOTED.search(name) else f"the customer's words on {name}"
        text = text.ljust(schema.get("minLength", 0), ".")
        return text[: schema.get("maxLength", len(text))]

    def _quoted(self, place: str) -> str:
        """Some words in a row of the prompt, as they stand there."""
        found = list(re.finditer(self._quote, self._prompt)) if self._quote else []
        lines = [line for line in self._prompt.splitlines() if line.strip()] or [""]
        match = found[-2 if "history" in place and len(found) > 1 else -1] if found else None
        source = match[match.re.groups and 1] if match else lines[-1]
        words = [(word.start(), word.end()) for word in re.finditer(r"\S+", source)]
        if not words:
            return ""
        first = pick(self._prompt, place, range(max(1, len(words) - QUOTE_WORDS + 1)))
        return source[words[first][0] : words[min(first + QUOTE_WORDS, len(words)) - 1][1]]


def _text(content: Json) -> str:
    """The text of a message, which may come in parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return content if isinstance(content, str) else ""
