"""What of a conversation a model is shown, and whether a quote really stands in it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from turnwise.annotations import Evidence
from turnwise.conversations import ContextWindow, Example, Role, context_turns
from turnwise.llm.templates import quoted

BYTES_PER_TOKEN = 3  # of UTF-8, roughly; only used to tell how much history to leave out
SAME = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "`": "'", "…": "..."})
_LINES_KEPT = 2048  # a turn is looked through for each quote, and again in later histories
MARKS = " \"'.[]"  # what models put around a quote


@dataclass(frozen=True, slots=True)
class Line:
    """One turn as it is shown; `number` is its index in the conversation."""

    number: int
    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A customer turn and as much of its history as is shown, oldest first."""

    turn: Line
    history: tuple[Line, ...]

    @property
    def left_out(self) -> int:
        """Turns at the beginning of the conversation that are not shown."""
        return self.turn.number - len(self.history)

    @property
    def quotable(self) -> bool:
        """Whether there is anything in the history to quote."""
        return any(any(map(str.isalnum, line.text)) for line in self.history)

    def places(self, quote: str) -> tuple[Line, ...]:
        """The turns that a quote stands in, the current one first, then the nearest.

        White space, case, the kind of quotation marks and what was escaped to be shown make no
        difference.
        """
        wanted = _plain(quote).strip(MARKS)
        lines = (self.turn, *reversed(self.history)) if wanted else ()
        return tuple(line for line in lines if any(wanted in form for form in _forms(line.text)))


def show(example: Example, saving: int = 0) -> Shown:
    """Show a turn with its whole history, less so many tokens.

    What is left out is the far end of the history, by the rule of `context_turns`; the turn
    itself is always whole.
    """
    window = ContextWindow("both", max_turns=example.index, max_tokens=_room(example, saving))
    kept = context_turns(example, window, _tokens) if saving else example.history
    first = example.index - len(kept)
    history = tuple(Line(first + at, turn.role, turn.text) for at, turn in enumerate(kept))
    return Shown(Line(example.index, example.turn.role, example.text), history)


def cite(shown: Shown, quotes: Sequence[str], conversation_id: str) -> tuple[Evidence, ...]:
    """Quotes that stand in a conversation, each once, as evidence."""
    found: dict[str, Evidence] = {}
    for quote in quotes:
        for line in shown.places(quote)[:1]:
            text = " ".join(quote.split())
            found.setdefault(
                _plain(text),
                Evidence(text, score=1.0, conversation_id=conversation_id, turn=line.number),
            )
    return tuple(found.values())


def not_found(shown: Shown, quotes: Sequence[str]) -> str:
    """What to tell a model about quotes that stand nowhere; empty where all do."""
    wrong = [quote for quote in quotes if not shown.places(quote)]
    if not wrong:
        return ""
    listed = ", ".join(json.dumps(quote, ensure_ascii=False) for quote in wrong)
    return f"these quotes are not in the conversation, copy them word for word: {listed}"


def _room(example: Example, saving: int) -> int:
    history = sum(_tokens(turn.text) for turn in example.history)
    return max(_tokens(example.text) + max(history - saving, 0), 1)


def _tokens(text: str) -> int:
    # A role and a number stand before each turn, so that even an empty one costs something.
    return 4 + len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN


def _plain(text: str) -> str:
    even = unicodedata.normalize("NFKC", text.translate(SAME)).casefold()
    if not even.isprintable():
        even = "".join(one for one in even if one.isprintable() or one.isspace())
    return " ".join(even.split())


@lru_cache(_LINES_KEPT)
def _forms(text: str) -> tuple[str, str]:
    """A text as it was written, and as a prompt shows it."""
    return _plain(text), _plain(quoted(text)[1:-1])
