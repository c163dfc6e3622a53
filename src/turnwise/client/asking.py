"""What is asked about, in the shapes that are sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict

from turnwise.client.answers import StateAnswer

Role = Literal["customer", "agent", "bot"]


class Message(TypedDict):
    """What one side said; messages of one role in a row are read as one turn."""

    role: Role
    content: str


class Conversation(TypedDict):
    """A conversation so far, oldest message first; at least one message is the customer's.

    `conversation_id` names it over several requests; `locale`, such as `en` or `pt-BR`, is the
    customer's language.
    """

    messages: Sequence[Message]
    conversation_id: NotRequired[str | None]
    locale: NotRequired[str | None]


class DecidedConversation(Conversation):
    """A conversation so far, and the `state` of the answer about its turn before.

    Where `state` is left out and `conversation_id` is given, the state is what the service kept.
    """

    state: NotRequired[StateAnswer | None]


class Feedback(TypedDict, total=False):
    """What is known of a conversation afterwards. What is left out, or None, is not said.

    `finished`: the customer went through what was proposed; `resolved`: the matter is settled;
    `hand_off`: a person took over; `misrouted`: it went to the wrong place; `duration`: seconds
    that it took; `corrected`: dimension -> the right label of turn `turn`, which counts from 0.
    """

    finished: bool | None
    resolved: bool | None
    rating: Literal["good", "bad"] | None
    hand_off: bool | None
    misrouted: bool | None
    duration: float | None
    turn: int | None
    corrected: Mapping[str, str] | None
