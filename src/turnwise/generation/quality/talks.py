"""Conversations as they are measured, whether somebody held them or they were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from turnwise.conversations import Role
from turnwise.generated import GeneratedConversation, LabelledConversation, State

Measured = GeneratedConversation | LabelledConversation


@dataclass(frozen=True, slots=True)
class Talk:
    """What is measured of a conversation.

    Attributes:
        turns: who said what, in order.
        states: of the customer's turns one after the other, each with its labels in the order of
            the dimensions; empty parts where a turn has none.
    """

    id: str
    turns: tuple[tuple[Role, str], ...]
    states: tuple[State, ...]

    @property
    def customer(self) -> tuple[str, ...]:
        """The texts of the customer's turns."""
        return tuple(text for role, text in self.turns if role == "customer")


def talk_of(conversation: Measured, dimensions: Sequence[str]) -> Talk:
    """Take from a conversation what is measured.

    Args:
        dimensions: in the taxonomy's order, as the states of chains have them.
    """
    if isinstance(conversation, GeneratedConversation):
        made = conversation.turns
        labels = [turn.labels for turn in made]
        turns = tuple((turn.role, turn.text) for turn in made)
        return Talk(conversation.id, turns, _states(turns, labels, dimensions))
    held = conversation.conversation
    turns = tuple((turn.role, turn.text) for turn in held.turns)
    labels = [conversation.labels.get(place, {}) for place in range(len(turns))]
    return Talk(held.id, turns, _states(turns, labels, dimensions))


def _states(
    turns: Sequence[tuple[Role, str]],
    labels: Sequence[Mapping[str, str]],
    dimensions: Sequence[str],
) -> tuple[State, ...]:
    return tuple(
        tuple(named.get(dimension, "") for dimension in dimensions)
        for (role, _), named in zip(turns, labels, strict=True)
        if role == "customer"
    )
