"""Views of a session: which text a strategy gets to see of a customer turn and its history.

They take the place of what a language model is shown in different orders: the same turn, seen
with more or less of what was said before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

from turnwise.conversations import ContextWindow, Conversation, Example, context_turns, examples

SessionView = Literal["turn", "customer", "both", "exchange"]
SESSION_VIEWS: tuple[SessionView, ...] = get_args(SessionView)

WINDOWS: Mapping[SessionView, ContextWindow] = {
    "turn": ContextWindow("single"),
    "customer": ContextWindow("customer"),
    "both": ContextWindow("both"),
    "exchange": ContextWindow("both", max_turns=1),
}


def session_text(example: Example, view: SessionView, count_tokens: Callable[[str], int]) -> str:
    """The turn with as much of its history as a view holds, joined by commas, the turn last.

    `turn` holds none, `customer` the customer's earlier turns (q_all of MINT-CL, METHODS.md),
    `both` those of both sides, `exchange` only what was said right before.
    """
    if view == "turn":
        return example.text
    history = context_turns(example, WINDOWS[view], count_tokens)
    return ", ".join(turn.text for turn in (*history, example.turn))


def customer_turns(conversations: Sequence[Conversation]) -> tuple[Example, ...]:
    """All customer turns of some conversations, in their order."""
    return tuple(one for conversation in conversations for one in examples(conversation))
