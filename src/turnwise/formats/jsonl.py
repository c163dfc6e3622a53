"""JSON lines, one conversation a line: our own form, chat messages, and the flat public form.

    {"id", "locale", "market", "channel", "started_at",
     "turns": [{"role", "text", "gold": {dimension: label or [labels]}, "messages": [0, 1]}],
     "meta": {...}}

All but turns, role and text may be left out. `messages` are the positions of the messages that
made a turn; it is written where they do not simply follow the turn before. Labels of models are
written as a turn's `pseudo` and passed over by the reader. What else stands in the object as plain
value is kept in meta. The same objects are also read from a JSON array, and
from a file where one spans several lines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from turnwise.conversations import Conversation, Turn
from turnwise.errors import FormatError
from turnwise.formats import chat, checks, flattened
from turnwise.formats.arrays import elements
from turnwise.formats.pseudo import Labelled, by_turn
from turnwise.formats.records import Record, rejected
from turnwise.formats.streams import Line, chunks, head, lines, opened, replacing

_OWN = frozenset(("id", "turns", "messages", "started_at", "locale", "market", "channel", "meta"))
_PLAIN = (str, int, float, bool)
_ONE_A_LINE = "Write one conversation a line, as an object with turns or messages"


def read(path: Path) -> Iterator[Record]:
    """Yield the conversations of a file of JSON lines, or of a JSON array."""
    first = head(path).lstrip("\ufeff \t\r\n").split("\n", 1)[0].rstrip()
    if not first.startswith("[") and first != "{":
        yield from _of_lines(lines(path), path)
        return
    with opened(path) as stream:
        text = chunks(stream, path)
        yield from _of_array(chain("[", text, "]") if first == "{" else text, path)


def read_text(text: str, name: str) -> Iterator[Record]:
    """The same from a text, as from standard input; one conversation may span several lines.

    Args:
        name: what to call the text in errors.
    """
    if text.lstrip().startswith("["):
        yield from _of_array([text], name)
        return
    try:
        values = [json.loads(text)]
    except (ValueError, RecursionError):
        numbered = enumerate(text.split("\n"), 1)
        yield from _of_lines((Line(number, line) for number, line in numbered), name)
    else:
        yield from (_record(value, name, 1, text) for value in values)


def _of_lines(source: Iterable[Line], path: Path | str) -> Iterator[Record]:
    decode = json.JSONDecoder().decode
    for number, text, error in source:
        if error is None and (not text or text.isspace()):
            continue
        try:
            if error is not None:
                raise error
            yield Record(number, parse(decode(text)))
        except FormatError as failure:
            yield rejected(failure, path, number, text)
        except RecursionError:
            yield rejected(FormatError("broken JSON: nested too deeply"), path, number, text)
        except json.JSONDecodeError as failure:
            reason = f"broken JSON: {failure.msg.lower()} at character {failure.pos + 1:,}"
            yield rejected(FormatError(reason, hint=_ONE_A_LINE), path, number, text)
        except ValueError as failure:  # a number of thousands of digits
            yield rejected(FormatError(f"broken JSON: {failure}"), path, number, text)


def _of_array(source: Iterable[str], path: Path | str) -> Iterator[Record]:
    for element in elements(source, keys=("turns", "messages")):
        if element.error is not None:
            yield rejected(element.error, path, element.line, element.raw)
        else:
            yield _record(element.value, path, element.line)


def _record(value: object, path: Path | str, line: int, raw: str = "") -> Record:
    try:
        return Record(line, parse(value))
    except FormatError as error:
        return rejected(error, path, line, raw or json.dumps(value, ensure_ascii=False))


def parse(value: object) -> Conversation:
    """A conversation from a decoded object of any of the three forms.

    Raises:
        FormatError: with the field, as in `turns[3].text`, but without file and line.
    """
    if not isinstance(value, dict):
        raise FormatError("this is no JSON object", hint=_ONE_A_LINE)
    field = "turns" if "turns" in value else "messages"
    said = value.get(field)
    if not isinstance(said, list):
        found = "missing" if said is None else "no list"
        raise FormatError(f"the turns are {found}", field="turns", hint=_ONE_A_LINE)
    checks.few_enough(said, field)
    if field == "messages":
        turns: Iterable[Turn] = chat.turns(said)
    elif said and isinstance(said[0], dict) and "intents" in said[0]:
        return flattened.conversation(value, said)
    else:
        turns = _turns(said)
    return checks.conversation(
        tuple(turns),
        id=checks.name(value.get("id"), "id"),
        started_at=checks.moment(value.get("started_at"), "started_at"),
        locale=checks.name(value.get("locale"), "locale"),
        market=checks.name(value.get("market"), "market"),
        channel=checks.name(value.get("channel"), "channel"),
        meta=_meta(value),
    )


def _turns(values: list[object]) -> list[Turn]:
    turns: list[Turn] = []
    position = 0
    for index, value in enumerate(values):
        try:
            if type(value) is not dict:
                raise FormatError("this is no turn", field="role")
            role, text = value.get("role"), value.get("text")
            if role is None or text is None:
                role = value.get("speaker") if role is None else role
                text = value.get("content") if text is None else text
            said = value.get("messages")
            messages = (position,) if said is None else _messages(said)
            gold = checks.gold(value.get("gold"), "gold")
            turns.append(checks.turn(role, text, gold, messages))
        except FormatError as error:
            error.field = f"turns[{index}].{error.field}"
            raise
        position = messages[-1] + 1
    return turns


def _messages(value: object) -> tuple[int, ...]:
    if isinstance(value, list) and value and all(type(one) is int for one in value):
        return tuple(value)
    hint = "It is the list of the positions of the messages in the source"
    raise FormatError("messages is no list of integers", field="messages", hint=hint)


def _meta(value: dict[str, object]) -> dict[str, str]:
    kept = checks.meta(value.get("meta"), "meta")
    if value.keys() - _OWN:
        others = {key: one for key, one in value.items() if key not in _OWN}
        plain = {key: one for key, one in others.items() if isinstance(one, _PLAIN)}
        return checks.meta(plain, "meta") | kept
    return kept


def write(labelled: Iterable[Labelled], path: Path) -> int:
    """Write conversations in our own form, which `read` reads back equal; returns how many.

    Labels of models stand beside the gold, and `read` passes them over.

    Raises:
        FormatError: the disk is full, or the folder can't be written to.
    """
    return _write(labelled, path, "turns", _turn_values)


def write_chat(labelled: Iterable[Labelled], path: Path) -> int:
    """Write conversations as chat messages; which messages made a turn is not kept."""
    return _write(labelled, path, "messages", chat.messages)


def _write(
    labelled: Iterable[Labelled],
    path: Path,
    field: str,
    said: Callable[[Conversation], list[dict[str, object]]],
) -> int:
    written = 0
    with replacing(path) as stream:
        for conversation, annotations in labelled:
            turns = said(conversation)
            for turn, labels in by_turn(annotations).items():
                turns[turn]["pseudo"] = labels
            values = about(conversation) | {field: turns}
            stream.write(json.dumps(values, ensure_ascii=False) + "\n")
            written += 1
    return written


def about(conversation: Conversation) -> dict[str, object]:
    """What is said of a conversation as a whole, as plain values; what is empty is left out."""
    values = {
        "id": conversation.id,
        "locale": conversation.locale,
        "market": conversation.market,
        "channel": conversation.channel,
        "started_at": written_moment(conversation.started_at),
        "meta": dict(conversation.meta),
    }
    return {key: value for key, value in values.items() if value}


def written_moment(moment: datetime | None) -> str:
    """A point in time as ISO 8601, with Z for UTC; one without a zone is taken as UTC."""
    if moment is None:
        return ""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.isoformat().replace("+00:00", "Z")


def _turn_values(conversation: Conversation) -> list[dict[str, object]]:
    values: list[dict[str, object]] = []
    position = 0
    for turn in conversation.turns:
        value: dict[str, object] = {"role": turn.role, "text": turn.text}
        if turn.gold:
            value["gold"] = {
                name: labels[0] if len(labels) == 1 else list(labels)
                for name, labels in turn.gold.items()
            }
        messages = turn.messages or (position,)
        if messages != (position,):
            value["messages"] = list(messages)
        position = messages[-1] + 1
        values.append(value)
    return values
