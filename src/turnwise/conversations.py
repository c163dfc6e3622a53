"""Conversations, their turns, and what a model gets to see of them.

    Conversation --merge_turns--> turns --examples--> Example --context_text--> one string

A conversation is a list of turns. Consecutive messages of one role are merged into one turn.
An example is one customer turn with its history; a context window says how much of the
history a model sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from turnwise.errors import ConfigError

Role = Literal["customer", "agent", "bot"]
ROLES: tuple[Role, ...] = get_args(Role)

Gold = Mapping[str, tuple[str, ...]]  # dimension -> the labels that a person gave


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said before the other side spoke again.

    Attributes:
        role: who spoke.
        text: what was said; messages that were merged are joined by a new line.
        gold: labels that a person gave this turn, per dimension; one label as a rule, several
            where the turn carries several intents.
        messages: positions, in the source, of the messages that made this turn.
    """

    role: Role
    text: str
    gold: Gold = field(default_factory=dict)
    messages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation, from its first to its last turn.

    Attributes:
        id: unique within a workspace.
        turns: in the order in which they were said.
        started_at: when it began, where the log tells.
        locale, market, channel: as the log gives them; empty where it does not.
        meta: whatever else the source says of the conversation (its split, its services, ...).
    """

    id: str
    turns: tuple[Turn, ...]
    started_at: datetime | None = None
    locale: str = ""
    market: str = ""
    channel: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """One customer turn with its history: the unit that is labelled, learnt and predicted.

    Attributes:
        conversation: the whole conversation; what follows the turn must not be looked at.
        index: position of the turn in `conversation.turns`.
    """

    conversation: Conversation
    index: int

    @property
    def turn(self) -> Turn:
        return self.conversation.turns[self.index]

    @property
    def text(self) -> str:
        return self.turn.text

    @property
    def history(self) -> tuple[Turn, ...]:
        """The turns before this one, oldest first."""
        return self.conversation.turns[: self.index]

    @property
    def gold(self) -> Gold:
        return self.turn.gold

    @property
    def key(self) -> tuple[str, int]:
        """(conversation id, turn index): carried by everything that is said of this example."""
        return self.conversation.id, self.index


def merge_turns(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Merge consecutive turns of one role, keeping which messages made each.

    A turn that names no messages counts as the message at its own position. Where several of
    the merged turns carry gold for a dimension, the last one holds: it was judged knowing the
    others. Merging is idempotent.
    """
    merged: list[Turn] = []
    run: list[Turn] = []
    for position, turn in enumerate(turns):
        placed = turn if turn.messages else Turn(turn.role, turn.text, turn.gold, (position,))
        if run and run[0].role != placed.role:
            merged.append(_join(run))
            run = []
        run.append(placed)
    if run:
        merged.append(_join(run))
    return tuple(merged)


def _join(run: Sequence[Turn]) -> Turn:
    if len(run) == 1:
        return run[0]
    gold: dict[str, tuple[str, ...]] = {}
    for turn in run:
        gold.update(turn.gold)
    return Turn(
        role=run[0].role,
        text="\n".join(turn.text for turn in run),
        gold=gold,
        messages=tuple(index for turn in run for index in turn.messages),
    )


def examples(conversation: Conversation) -> Iterator[Example]:
    """Yield each customer turn of a conversation with its history, oldest first."""
    for index, turn in enumerate(conversation.turns):
        if turn.role == "customer":
            yield Example(conversation, index)


ContextKind = Literal["single", "customer", "both"]
Join = Literal["apart", "text", "select"]


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """How much of the history a model sees beside the current turn.

    Attributes:
        kind: `single` the turn alone, `customer` the customer's turns, `both` every turn.
        max_turns: turns of history at most (0 or more).
        max_tokens: tokens of history and turn together at most; the current turn comes first
            and is never cut here, however long.
        join: `apart` turn and history are encoded turn by turn and joined in the model, `text`
            they are joined to one text that is encoded, `select` the one earlier turn that a
            trained selector picks is joined to the turn.
    """

    kind: ContextKind = "both"
    max_turns: int = 6
    max_tokens: int = 256
    join: Join = "apart"

    def __post_init__(self) -> None:
        if self.kind not in get_args(ContextKind):
            raise ConfigError(f"there is no context {self.kind!r}", field="context.kind")
        if self.join not in get_args(Join):
            raise ConfigError(f"there is no way {self.join!r} to join", field="context.join")
        if self.max_turns < 0 or self.max_tokens < 1:
            raise ConfigError("max_turns is 0 or more, max_tokens 1 or more", field="context")


def context_turns(
    example: Example, window: ContextWindow, count_tokens: Callable[[str], int]
) -> tuple[Turn, ...]:
    """Return the history that fits a window, oldest first, without the current turn.

    Turns are taken from the nearest to the farthest. The first one that no longer fits is cut
    at its far end (its beginning) to the words that do, and nothing beyond it is taken.
    """
    if window.kind == "single":
        return ()
    room = window.max_tokens - count_tokens(example.text)
    kept: list[Turn] = []
    for index in range(example.index - 1, -1, -1):
        turn = example.conversation.turns[index]
        if window.kind == "customer" and turn.role != "customer":
            continue
        if room <= 0 or len(kept) == window.max_turns:
            break
        cost = count_tokens(turn.text)
        if cost > room:
            tail = _nearest_words(turn.text, room, count_tokens)
            if tail:
                kept.append(Turn(turn.role, tail, turn.gold, turn.messages))
            break
        kept.append(turn)
        room -= cost
    return tuple(reversed(kept))


def _nearest_words(text: str, room: int, count_tokens: Callable[[str], int]) -> str:
    """The longest end of a text, in whole words, that costs at most `room` tokens."""
    words = text.split()
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if count_tokens(" ".join(words[-middle:])) <= room:
            low = middle
        else:
            high = middle - 1
    return " ".join(words[-low:]) if low else ""


def context_text(
    example: Example, window: ContextWindow, count_tokens: Callable[[str], int]
) -> str:
    """Render an example as one string, oldest turn first, the current turn last and whole.

    `customer` joins the customer's turns with a comma and a space (the form q_all of MINT-CL,
    METHODS.md); `both` puts each turn on a line of its own behind its role.
    """
    history = context_turns(example, window, count_tokens)
    if window.kind == "both":
        return "\n".join(f"{turn.role}: {turn.text}" for turn in (*history, example.turn))
    return ", ".join(turn.text for turn in (*history, example.turn))
