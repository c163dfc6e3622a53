"""What every conversation must be, whatever file it comes from; all limits stand here.

Readers hand over what they found; these functions return our types or raise a FormatError that
names the field and says what to do. A NUL character, which PostgreSQL can't store, and half of
a surrogate pair, which UTF-8 can't write, are replaced by U+FFFD.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise

from turnwise.conversations import Conversation, Gold, Role, Turn, merge_turns
from turnwise.errors import FormatError

MAX_TURN_CHARACTERS = 50_000
MAX_TURNS = 2_000  # messages of one conversation, before they are merged
MAX_ID_CHARACTERS = 512
DERIVED_ID_CHARACTERS = 32  # 128 bits: no two of any number of conversations meet by chance

_SPEAKERS: Mapping[Role, str] = {
    "customer": "customer user human client visitor caller consumer end_user enduser end-user",
    "agent": "agent operator representative rep advisor adviser staff support human_agent",
    "bot": "bot assistant system chatbot virtual_agent virtual_assistant ai",
}
ROLE_NAMES: Mapping[str, Role] = {
    name: role for role, names in _SPEAKERS.items() for name in names.split()
}
_KNOWN_ROLES = "Known are customer, agent, bot, and user, assistant, system and the like"


def turn(role: object, text: object, gold: Gold, messages: tuple[int, ...]) -> Turn:
    """A turn from what a file says of it.

    Args:
        role, text: as found; None where the file has none.
        gold: labels per dimension, checked by `gold`.
        messages: its positions in the source.
    """
    known = ROLE_NAMES.get(role) if type(role) is str else None
    if known is None:
        known = speaker(role)
    return Turn(known, said(text), gold, messages)


def speaker(value: object, names: Mapping[str, Role] = ROLE_NAMES) -> Role:
    """The role that a name stands for, in any case."""
    if value is None or value == "":
        raise FormatError("the role is missing", field="role", hint=_KNOWN_ROLES)
    if isinstance(value, str):
        role = names.get(value) or names.get(value.strip().lower())
        if role is not None:
            return role
    raise FormatError(f"unknown role {_shown(value)}", field="role", hint=_KNOWN_ROLES)


def said(value: object) -> str:
    """The text of one message, as it will be kept."""
    if not isinstance(value, str):
        found = "missing" if value is None else f"{_kind(value)}, not a string"
        raise FormatError(f"the text is {found}", field="text")
    if not value or value.isspace():
        raise FormatError("the text is empty", field="text", hint="Leave the turn out")
    if len(value) > MAX_TURN_CHARACTERS:
        reason = f"the turn has {len(value):,} characters, more than {MAX_TURN_CHARACTERS:,}"
        raise FormatError(reason, field="text", hint="Leave it out or shorten it")
    return clean(value)


def clean(text: str) -> str:
    """A text with U+FFFD for NUL and for lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "".join("\ufffd" if "\ud800" <= one <= "\udfff" else one for one in text)
    return text


def gold(value: object, field: str) -> Gold:
    """Labels per dimension from `{dimension: label or list of labels}`; empty ones are left out."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FormatError(f"gold is {_kind(value)}, not an object of dimensions", field=field)
    found: dict[str, tuple[str, ...]] = {}
    for dimension, said in value.items():
        labels = tuple(said) if isinstance(said, list) else () if said is None else (said,)
        for label in labels:
            if not isinstance(label, str) or not label.strip():
                wrong = "empty" if isinstance(label, str) else f"{_kind(label)}, not a name"
                raise FormatError(f"a label is {wrong}", field=f"{field}.{dimension}")
        if labels:
            found[clean(dimension)] = tuple(map(clean, labels))
    return found


def moment(value: object, field: str) -> datetime | None:
    """A point in time from ISO 8601 or from seconds or milliseconds since 1970; UTC if not said."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            digits = value.strip()
            number = float(digits) if digits.isdigit() and 9 <= len(digits) <= 13 else None
        else:
            number = float(value) if isinstance(value, (int, float)) else None
        if number is not None and not isinstance(value, bool):
            # 1e11 seconds are the year 5138 and 1e11 milliseconds 1973: nothing lies between.
            return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value.strip())
            return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    hint = "Write 2024-01-09T18:42:00Z, or seconds since 1970"
    raise FormatError(f"{_shown(value)} is no point in time", field=field, hint=hint)


def name(value: object, field: str) -> str:
    """An id, a locale or the like; a number is taken as written, nothing as an empty string."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise FormatError(f"{_kind(value)} where a name is wanted", field=field)
    if len(value) > MAX_ID_CHARACTERS:
        reason = f"the name has {len(value):,} characters, more than {MAX_ID_CHARACTERS}"
        raise FormatError(reason, field=field)
    return clean(value)


def meta(value: object, field: str) -> dict[str, str]:
    """Whatever else a source says of a conversation, as strings; what is no string, as JSON."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FormatError(f"meta is {_kind(value)}, not an object", field=field)
    return {
        clean(key): clean(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False))
        for key, one in value.items()
        if one is not None
    }


def few_enough(messages: Sequence[object], field: str = "turns") -> None:
    """Refuse a conversation of too many messages, before any of them is looked at."""
    if len(messages) > MAX_TURNS:
        reason = f"the conversation has more than {MAX_TURNS:,} messages"
        raise FormatError(reason, field=field, hint="Split it where a new matter begins")


def conversation(
    turns: Sequence[Turn],
    *,
    id: str = "",
    started_at: datetime | None = None,
    locale: str = "",
    market: str = "",
    channel: str = "",
    meta: Mapping[str, str] | None = None,
) -> Conversation:
    """A conversation of turns in the order in which they were said; consecutive ones are merged.

    One without an id gets one from what was said, by whom and when it began, so that the same
    conversation has the same id in every file.
    """
    if not turns:
        raise FormatError("the conversation is empty", field="turns", hint="Leave it out")
    if not any(turn.role == "customer" for turn in turns):
        hint = "Check which role the customer's messages have"
        raise FormatError("the conversation has no customer turn", field="turns", hint=hint)
    few_enough(turns)
    whole = merged(turns)
    if any(len(turn.text) > MAX_TURN_CHARACTERS for turn in whole):
        reason = f"messages in a row make a turn of over {MAX_TURN_CHARACTERS:,} characters"
        raise FormatError(reason, field="turns", hint="Leave some out or shorten them")
    return Conversation(
        id or derived_id(_content(whole, started_at)),
        whole,
        started_at,
        locale,
        market,
        channel,
        {} if meta is None else meta,
    )


def utterance(text: object, gold: Gold, *, id: str = "", locale: str = "") -> Conversation:
    """A conversation of one customer turn, as lists of training phrases hold them.

    Without an id it gets one from its text and its labels: the same text may well stand under
    two intents, and both have to be seen.
    """
    kept = said(text)
    labels = [part for name, labels in gold.items() for part in (name, *labels)]
    turns = (Turn("customer", kept, gold, (0,)),)
    return Conversation(id or derived_id([kept, *labels]), turns, locale=locale)


def merged(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Merge consecutive turns of one role, but not over a gap in the numbers of their messages.

    A gap says that something was said in between which the source leaves out: logs of the
    customer's side alone number the agent's messages too, and without this rule the customer's
    whole part would become one turn.
    """
    pairs = list(pairwise(turns))
    if all(before.role != after.role for before, after in pairs):
        return tuple(turns)
    whole: list[Turn] = []
    start = 0
    for index, (before, after) in enumerate(pairs, 1):
        if before.role == after.role and after.messages[0] > before.messages[-1] + 1:
            whole.extend(merge_turns(turns[start:index]))
            start = index
    whole.extend(merge_turns(turns[start:]))
    return tuple(whole)


def _content(turns: Sequence[Turn], started_at: datetime | None) -> Iterable[str]:
    yield "" if started_at is None else started_at.astimezone(UTC).isoformat()
    for turn in turns:
        yield turn.role
        yield turn.text


def derived_id(parts: Iterable[str]) -> str:
    """An id made from the sha256 of some texts; which text is which counts."""
    written = json.dumps(list(parts), ensure_ascii=False, separators=(",", ":"))
    return sha256(written.encode()).hexdigest()[:DERIVED_ID_CHARACTERS]


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _kind(value: object) -> str:
    """What a JSON value is, in words."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    words = {str: "a string", list: "a list", dict: "an object", type(None): "null"}
    return words.get(type(value), type(value).__name__)
