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

from turnwise.conversations import ROLES, ContextWindow, Example, Role, context_turns

NO_TURN = 0
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
    examples: Sequence[Example], window: ContextWindow, count_tokens: Callable[[str], int]
) -> ContextArrays:
    """Lay out the contexts of examples.

    A turn of which only the end fits the window's tokens is taken whole: its vector is the
    same in every context then, and is made once.
    """
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


def context_width(window: ContextWindow) -> int:
    """Columns of the arrays: the current turn and its history, of which one is always there."""
    return 1 + (1 if window.kind == "single" else max(1, window.max_turns))


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
