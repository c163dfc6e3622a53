"""Questions as JSON: as they are sent, and as they are hashed.

Instructions and the schema are most of a request and the same in thousands of them, so what
each of them looks like in JSON is remembered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache

from turnwise.llm.exchange import Message


def request_body(messages: Sequence[Message], fields: Mapping[str, object], asked: str) -> bytes:
    """The body of a request.

    Args:
        fields: beside the messages; asked: more of them, as JSON without its braces, or empty.
    """
    told = ", ".join(
        f'{{"role": {_text(one["role"])}, "content": {_text(one["content"])}}}' for one in messages
    )
    first = json.dumps(dict(fields), ensure_ascii=False)[:-1]
    rest = f", {asked}" if asked else ""
    return f'{first}, "messages": [{told}]{rest}}}'.encode("utf-8", "replace")


def prompt_hash(messages: Sequence[Message]) -> str:
    """sha256 of a prompt, the same in every process."""
    return _sha256(_sorted(messages))


def key_of_question(
    task: Sequence[str], messages: Sequence[Message], asked: Sequence[object]
) -> str:
    """sha256 of a question with all that decides its answer."""
    before, after = (json.dumps(one, sort_keys=True) for one in (task, asked))
    return _sha256(f"[{before}, {_sorted(messages)}, {after}]")


def _sorted(messages: Sequence[Message]) -> str:
    parts = (
        f'{{"content": {_ascii(one["content"])}, "role": {_ascii(one["role"])}}}'
        for one in messages
    )
    return f"[{', '.join(parts)}]"


@lru_cache(maxsize=64)
def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@lru_cache(maxsize=64)
def _ascii(text: str) -> str:
    return json.dumps(text)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
