"""What a finding is, and the placeholders that stand for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["email", "url", "ip", "iban", "card", "phone", "address", "order", "name"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# Six digits are more values than a conversation holds, and keep int() cheap on hostile input.
PLACEHOLDER = re.compile(rf"\[({'|'.join(kind.upper() for kind in KINDS)})_([1-9][0-9]{{0,5}})\]")

# Stands for what is already taken. A private-use character: neither word, space nor punctuation
# of any pattern, so that nothing is found across it.
_TAKEN = "\ue000"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """One piece of personal data in a text: characters `start` to `end` (exclusive)."""

    start: int
    end: int
    kind: Kind
    text: str


def take(text: str, spans: Iterable[Span]) -> str:
    """Blank out spans that do not overlap; every other character keeps its position."""
    parts: list[str] = []
    at = 0
    for span in sorted(spans):
        parts += text[at : span.start], _TAKEN * (span.end - span.start)
        at = span.end
    return "".join((*parts, text[at:])) if parts else text


def take_placeholders(text: str) -> str:
    """Blank out the placeholders of an earlier redaction."""
    if "[" not in text:
        return text
    return PLACEHOLDER.sub(lambda match: _TAKEN * len(match[0]), text)
