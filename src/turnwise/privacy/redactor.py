"""Finding personal data in a conversation and putting placeholders in its place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from turnwise.conversations import Conversation, Role, Turn
from turnwise.privacy.addresses import find_addresses
from turnwise.privacy.contacts import find_emails, find_ips, find_urls
from turnwise.privacy.names import (
    Mentions,
    asks_for_name,
    companies,
    hinted_cues,
    names_of_mailbox,
    stated_names,
)
from turnwise.privacy.numbers import (
    asks_for_number,
    find_codes,
    find_ibans,
    find_runs,
    same_number,
)
from turnwise.privacy.spans import PLACEHOLDER, Kind, Span, take, take_placeholders

_MAY_HOLD = re.compile("[0-9@]")
_DOTTED = re.compile(r"\.[A-Za-z]{2}")
_DIGIT = re.compile("[0-9]")
_FEWEST_DIGITS = 3  # of a number that points at somebody


@dataclass(slots=True)
class _Numbering:
    """Which placeholder stands for which value, within one conversation."""

    region: str
    used: set[tuple[Kind, int]] = field(default_factory=set)
    given: dict[tuple[Kind, str], str] = field(default_factory=dict)
    last: Counter[Kind] = field(default_factory=Counter)

    @classmethod
    def over(cls, conversation: Conversation) -> Self:
        """Nothing given yet; the placeholders that the conversation holds stay what they are."""
        numbering = cls(_region(conversation))
        for turn in conversation.turns:
            for kind, number in PLACEHOLDER.findall(turn.text) if "[" in turn.text else ():
                numbering.used.add((kind.lower(), int(number)))
        return numbering

    def placeholder(self, span: Span) -> str:
        key = (span.kind, _same(span, self.region))
        if key not in self.given:
            self.given[key] = self._next(span.kind)
            for word in key[1].split() if span.kind == "name" else ():
                self.given.setdefault(("name", word), self.given[key])
        return self.given[key]

    def _next(self, kind: Kind) -> str:
        number = self.last[kind] + 1
        while (kind, number) in self.used:
            number += 1
        self.last[kind] = number
        return f"[{kind.upper()}_{number}]"


class Redactor:
    """Replaces personal data by placeholders; holds nothing from one conversation to the next.

    A value has the same placeholder throughout its conversation, and numbers run per kind and
    conversation: `[EMAIL_1]`, `[NAME_2]`. Placeholders are left alone, so that redacting what
    was redacted changes nothing. Ids and meta of a conversation are not looked at.
    """

    def redact(self, conversation: Conversation) -> tuple[Conversation, Counter[str]]:
        """Return the conversation without personal data, and how many findings were replaced.

        Only texts change; without findings the very same conversation comes back. The counts
        are of mentions, by kind.
        """
        counts: Counter[str] = Counter()
        found, numbering = self.find(conversation), _Numbering.over(conversation)
        # A replacement may clear the view on a neighbour, so the turns that changed, and those
        # that may answer them, are looked at again until nothing is found: which is also why a
        # second redaction finds nothing.
        while any(found):
            turns = tuple(
                _replaced(turn, spans, numbering)
                for turn, spans in zip(conversation.turns, found, strict=True)
            )
            conversation = replace(conversation, turns=turns)
            counts.update(span.kind for spans in found for span in spans)
            changed = {index for index, spans in enumerate(found) if spans}
            found = _find(conversation, _and_answers(conversation, changed))
        return conversation, counts

    def redact_text(
        self, text: str, role: Role = "customer", region: str = ""
    ) -> tuple[str, Counter[str]]:
        """Redact one text on its own. `region` (ISO 3166, "US") is where its numbers are from."""
        alone = Conversation("", (Turn(role, text),), market=region)
        redacted, counts = self.redact(alone)
        return redacted.turns[0].text, counts

    def find(self, conversation: Conversation) -> tuple[tuple[Span, ...], ...]:
        """Return, for each turn, what is found there, in order and without overlaps."""
        return _find(conversation, range(len(conversation.turns)))


def _and_answers(conversation: Conversation, changed: set[int]) -> set[int]:
    """Those turns, and the customer's turns that may answer them."""
    every, asked = set(changed), False
    for index, turn in enumerate(conversation.turns):
        if turn.role != "customer":
            asked = index in changed
        elif asked:
            every.add(index)
    return every


def _find(conversation: Conversation, look_at: Container[int]) -> tuple[tuple[Span, ...], ...]:
    """As `Redactor.find`, but values and stated names are looked for in some turns only."""
    turns, region = conversation.turns, _region(conversation)
    found: list[list[Span]] = []
    stated: list[list[Span]] = []
    asking = ""  # what the other side said last
    for index, turn in enumerate(turns):
        spans: list[Span] = []
        names: list[Span] = []
        before = asking if turn.role == "customer" else ""
        if turn.role != "customer":
            asking = turn.text
        if index in look_at:
            if _may_hold(turn.text):
                spans = _find_in(turn.text, before, region)
            names = _stated(turn, before, spans)
        found.append(spans)
        stated.append(names)
    _add_mentions(turns, found, stated)
    return tuple(tuple(sorted(spans)) if spans else () for spans in found)


def _add_mentions(
    turns: Sequence[Turn], found: Sequence[list[Span]], stated: Sequence[Sequence[Span]]
) -> None:
    """Add to what was found in each turn its stated names, and their mentions everywhere."""
    owners = {
        name
        for spans in found
        for span in spans
        if span.kind == "email"
        for name in names_of_mailbox(span.text)
    }
    if not owners and not any(stated):
        return
    firms = {word for turn in turns if turn.role != "customer" for word in companies(turn.text)}
    stated = [
        [span for span in names if firms.isdisjoint(span.text.lower().split())] for names in stated
    ]
    people = {span.text for names in stated for span in names}
    if not people and not owners - firms:
        return
    mentions = Mentions(people, owners - firms)
    for turn, spans, names in zip(turns, found, stated, strict=True):
        rest = take(take_placeholders(turn.text), spans)
        spans += _apart([*mentions.find(rest), *names])


def _may_hold(text: str) -> bool:
    """Whether a text is worth the patterns; most turns hold nothing but words."""
    return (
        _MAY_HOLD.search(text) is not None
        or _DOTTED.search(text) is not None
        or "://" in text
        or "dot" in text
        or "DOT" in text
    )


def _find_in(text: str, before: str, region: str) -> list[Span]:
    """All but names in one text; `before` is the turn that it may answer."""
    rest, spans = take_placeholders(text), list[Span]()

    def found(more: Iterator[Span]) -> None:
        nonlocal rest
        fresh = list(more)
        if fresh:
            spans.extend(fresh)
            rest = take(rest, fresh)

    found(find_emails(rest))
    found(find_urls(rest))
    digits = len(_DIGIT.findall(rest))
    if digits:
        found(find_addresses(rest, before))
    if digits >= _FEWEST_DIGITS:
        asked = bool(before) and len(text) < 80 and asks_for_number(before)
        found(find_ips(rest))
        found(find_ibans(rest))
        found(find_codes(rest, asked))
        found(find_runs(rest, region, asked))
    return spans


def _stated(turn: Turn, before: str, taken: Sequence[Span]) -> list[Span]:
    """The names that a turn states; `before` is the turn that it may answer."""
    asked = bool(before) and len(turn.text) < 120 and asks_for_name(before)
    cues = hinted_cues(turn.text, turn.role)
    if not cues and not asked:
        return []
    text = take(take_placeholders(turn.text), taken)
    places = stated_names(text, turn.role, cues, asked)
    return [Span(start, end, "name", text[start:end]) for start, end in places]


def _apart(spans: Sequence[Span]) -> list[Span]:
    """Drop what overlaps an earlier, or at the same place a longer, span."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _replaced(turn: Turn, spans: Sequence[Span], numbering: _Numbering) -> Turn:
    if not spans:
        return turn
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += turn.text[at : span.start], numbering.placeholder(span)
        at = span.end
    return replace(turn, text="".join((*parts, turn.text[at:])))


def _region(conversation: Conversation) -> str:
    """Two-letter country of a conversation, from its market or its locale, or nothing."""
    region = conversation.market or conversation.locale.replace("_", "-").partition("-")[2]
    region = region[-2:].upper()
    return {"UK": "GB"}.get(region, region)


def _same(span: Span, region: str) -> str:
    """What makes two spans the same value: case, spaces and dashes do not count."""
    match span.kind:
        case "email" | "url" | "ip":
            return span.text.casefold().rstrip("/")
        case "name":
            return " ".join(span.text.casefold().split())
        case "address":
            return " ".join(re.findall(r"\w+", span.text.casefold()))
        case _:
            return same_number(span.kind, span.text, region)
