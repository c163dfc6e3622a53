"""One chat completion over the wire: the body that is sent, and what the answer says.

Nothing is believed of an answer but what can be checked: the model's name that it echoes is not
looked at, counts of tokens are taken where they make sense.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from turnwise.llm.wire import Response

Message = dict[str, str]  # {"role": ..., "content": ...}
TOLD = 300  # characters of a server's own words that are passed on


class NoCompletionError(Exception):
    """A server answered 200, and it is no chat completion."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model said.

    Attributes:
        text: its answer, empty where there is none.
        finish: why it ended: "stop", "length", "content_filter", ...; empty where not told.
        refusal: its words where it declined.
        tokens_in, tokens_out: as the server counts; None where it does not, or senselessly.
        seconds: from request to answer.
    """

    text: str
    finish: str
    refusal: str
    tokens_in: int | None
    tokens_out: int | None
    seconds: float


def read_completion(response: Response) -> Completion:
    """Read the answer of a server, streamed or not.

    Raises:
        NoCompletionError: it is no chat completion, or one without a choice, or a cut stream.
    """
    text = response.body.decode("utf-8", "replace").strip()
    if text.startswith("data:"):
        return _streamed(text, response.seconds)
    body = _json(text)
    if body.get("error") and not body.get("choices"):
        raise NoCompletionError(f"an error in place of an answer: {error_message(response)}")
    choice = _first(body.get("choices"))
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    return Completion(
        text=_content(message.get("content")),
        finish=_word(choice.get("finish_reason")),
        refusal=_word(message.get("refusal")),
        tokens_in=_count(body, "prompt_tokens", 1),
        tokens_out=_count(body, "completion_tokens", 0),
        seconds=response.seconds,
    )


def error_message(response: Response) -> str:
    """What a server says is wrong, on one line: of OpenAI's form, FastAPI's, or any other."""
    text = response.body.decode("utf-8", "replace")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    told: Any = body
    if isinstance(body, dict):
        told = body.get("error", body.get("detail", body.get("message", body)))
    if isinstance(told, dict):
        told = " ".join(str(told[part]) for part in ("code", "param", "message") if told.get(part))
    line = " ".join(str(told or text).split())
    return "".join(character for character in line[:TOLD] if character.isprintable())


def is_html(response: Response) -> bool:
    kind = response.headers.get("content-type", "")
    return "html" in kind or response.body[:200].lstrip().lower().startswith((b"<!doc", b"<html"))


def _streamed(text: str, seconds: float) -> Completion:
    """A server that streams though it was not asked to."""
    parts: list[str] = []
    finish, tokens_in, tokens_out = "", None, None
    for line in text.splitlines():
        event = line.removeprefix("data:").strip()
        if not line.startswith("data:") or event == "[DONE]":
            continue
        body = _json(event)
        tokens_in = _count(body, "prompt_tokens", 1) or tokens_in
        tokens_out = _count(body, "completion_tokens", 0) or tokens_out
        for choice in body.get("choices") or []:
            if isinstance(choice, dict) and choice.get("index", 0) == 0:
                delta = choice.get("delta")
                parts.append(_content(delta.get("content") if isinstance(delta, dict) else None))
                finish = _word(choice.get("finish_reason")) or finish
    if not finish:
        raise NoCompletionError("a stream that breaks off")
    return Completion("".join(parts), finish, "", tokens_in, tokens_out, seconds)


def _json(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise NoCompletionError("no JSON") from None
    if not isinstance(body, dict):
        raise NoCompletionError("JSON, but no object")
    return body


def _first(choices: object) -> dict[str, Any]:
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    raise NoCompletionError("an answer without a choice")


def _content(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):  # parts, as some servers give them
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(text for text in texts if isinstance(text, str))
    return ""


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(body: Mapping[str, Any], name: str, least: int) -> int | None:
    usage = body.get("usage")
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if type(count) is int and count >= least else None
