"""Examples as the arrays that a classifier takes: which texts stand where in each context.

    examples --context_arrays--> the distinct texts, and per example their places and roles

Training and serving both build their contexts here, so that they can't drift apart. Column 0 is
the current turn, columns 1, 2, ... are its history from the nearest turn to the farthest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from turnwise.context_selection import FEATURES, Selector, select_text
from turnwise.conversations import (
    ROLES,
    ContextKind,
    ContextWindow,
    Example,
    Role,
    context_text,
    context_turns,
)

NO_TURN = 0
# What joins a turn to the next, as `context_text` writes it.
MARKS: dict[ContextKind, tuple[str, ...]] = {
    "single": (),
    "customer": (",",),
    "both": tuple(f"\n{role}:" for role in ROLES),
}
ROLE_CODES: dict[Role, int] = {role: code for code, role in enumerate(ROLES, 1)}


@dataclass(frozen=True, slots=True)
class ContextArrays:
    """The contexts of some examples.

    Attributes:
        texts: the distinct texts of all turns in them.
        turns: Int64[n_examples, width], places in `texts`; 0 where there is no turn.
        roles: Int64[n_examples, width], a code of `ROLE_CODES`, or NO_TURN.
    """

    texts: tuple[str, ...]
    turns: NDArray[np.int64]
    roles: NDArray[np.int64]


def context_arrays(
    examples: Sequence[Example],
    window: ContextWindow,
    count_tokens: Callable[[str], int],
    selector: Selector | None = None,
) -> ContextArrays:
    """Lay out the contexts of examples.

    A turn of which only the end fits the window's tokens is taken whole: its vector is the
    same in every context then, and is made once. Where the window joins turns to one text, that
    text is all there is: it stands in column 0 as the customer's.

    Args:
        selector: picks the earlier turn where the window joins by `select`; without it none.
    """
    if window.join != "apart":
        count = _with_marks(window, count_tokens)
        chosen = selector or Selector((0.0,) * len(FEATURES))
        if window.join == "select":
            return _joined([select_text(one, window, chosen, count) for one in examples])
        return _joined([context_text(one, window, count) for one in examples])
    width = context_width(window)
    turns = np.zeros((len(examples), width), np.int64)
    roles = np.zeros((len(examples), width), np.int64)
    places: dict[str, int] = {}
    for row, example in enumerate(examples):
        for column, index in enumerate(_positions(example, window, count_tokens)):
            turn = example.conversation.turns[index]
            turns[row, column] = places.setdefault(turn.text, len(places))
            roles[row, column] = ROLE_CODES[turn.role]
    return ContextArrays(tuple(places), turns, roles)


def _with_marks(window: ContextWindow, count_tokens: Callable[[str], int]) -> Callable[[str], int]:
    """Counts a turn with what joins it to the next: joined texts keep within the window so."""
    marks = max(map(count_tokens, MARKS[window.kind]), default=0)
    return lambda text: count_tokens(text) + marks


def _joined(texts: Sequence[str]) -> ContextArrays:
    places: dict[str, int] = {}
    turns = np.zeros((len(texts), 2), np.int64)
    turns[:, 0] = [places.setdefault(text, len(places)) for text in texts]
    roles = np.full_like(turns, NO_TURN)
    roles[:, 0] = ROLE_CODES["customer"]
    return ContextArrays(tuple(places), turns, roles)


def context_width(window: ContextWindow) -> int:
    """Columns of the arrays: the current turn and its history, of which one is always there."""
    alone = window.kind == "single" or window.join != "apart"
    return 1 + (1 if alone else max(1, window.max_turns))


def _positions(
    example: Example, window: ContextWindow, count_tokens: Callable[[str], int]
) -> list[int]:
    """Positions in the conversation of the turns in a context: its own, then nearest first."""
    taken = len(context_turns(example, window, count_tokens))
    turns = example.conversation.turns
    before = (
        index
        for index in range(example.index - 1, -1, -1)
        if window.kind != "customer" or turns[index].role == "customer"
    )
    return [example.index, *islice(before, taken)]
