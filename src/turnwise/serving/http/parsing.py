"""From the bytes of a body to conversations, or to the field that is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from turnwise.conversations import Conversation, Turn, merge_turns
from turnwise.serving.decision import DialogueState, Question, Ranked
from turnwise.serving.http import bodies
from turnwise.serving.http.failures import RequestError

UNIT_BYTES = 4096
SHOWN = 200  # characters of a field's name, which may be the caller's own

Body = TypeVar("Body", bound=bodies.Conversation)
Form = TypeVar("Form")


@dataclass(frozen=True, slots=True)
class Asked(Generic[Body]):
    """What a request asks about.

    Attributes:
        batch: whether it came as one, and is answered as one.
        units: how much work it is: one for each conversation, or where that is more, one for
            every 4,096 bytes.
    """

    conversations: Sequence[Body]
    batch: bool
    units: int


def read_classify(body: bytes) -> Asked[bodies.Conversation]:
    """Read the body of a request to label.

    Raises:
        RequestError: 400 where it is not JSON, 422 with the field where it does not fit.
    """
    read = validated(bodies.CLASSIFY, body)
    if isinstance(read, bodies.Conversations):
        return _asked(read.conversations, True, len(body))
    return _asked((read,), False, len(body))


def read_decide(body: bytes) -> Asked[bodies.DecidedConversation]:
    """Read the body of a request to decide.

    Raises:
        RequestError: 400 where it is not JSON, 422 with the field where it does not fit.
    """
    read = validated(bodies.DECIDE, body)
    if isinstance(read, bodies.DecidedConversations):
        return _asked(read.conversations, True, len(body))
    return _asked((read,), False, len(body))


def validated(form: TypeAdapter[Form], body: bytes) -> Form:
    """A body in its form.

    Raises:
        RequestError: as `read_classify`.
    """
    try:
        return form.validate_json(body)
    except ValidationError as error:
        raise _refused(error) from None


def conversation_of(body: bodies.Conversation) -> Conversation:
    """The conversation that a body describes; each turn knows its messages."""
    turns = tuple(Turn(one.role, one.content) for one in body.messages)
    return Conversation(body.conversation_id or "", merge_turns(turns), locale=body.locale or "")


def state_of(body: bodies.State) -> DialogueState:
    """The dialogue state that a body describes."""
    asked = tuple(Question(one.text, one.dimension, _ranked(one.candidates)) for one in body.asked)
    before = {name: _ranked(ranked) for name, ranked in body.before.items()}
    return DialogueState(asked, body.open, before, body.unsettled)


def _ranked(candidates: Sequence[bodies.Candidate]) -> Ranked:
    return tuple((one.label, one.probability) for one in candidates)


def _asked(conversations: Sequence[Body], batch: bool, size: int) -> Asked[Body]:
    for place, one in enumerate(conversations):
        if (reason := _beyond_schema(one)) is not None:
            field = f"conversations.{place}.messages" if batch else "messages"
            raise RequestError(422, "invalid", reason, field=field)
    return Asked(conversations, batch, max(len(conversations), math.ceil(size / UNIT_BYTES)))


def _beyond_schema(conversation: bodies.Conversation) -> str | None:
    """What is wrong with the messages of a conversation together."""
    if not any(one.role == "customer" for one in conversation.messages):
        return "no message is of role customer, so there is nothing to label"
    if sum(len(one.content) for one in conversation.messages) > bodies.CONVERSATION_CHARACTERS:
        return f"holds more than {bodies.CONVERSATION_CHARACTERS:,} characters together"
    return None


def _refused(error: ValidationError) -> RequestError:
    """The first thing that is wrong, without the value, which may be personal."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return RequestError(400, "invalid_json", first["msg"])
    # The first part of the place says which form of the body was taken, and is not in it.
    field = ".".join(str(part) for part in first["loc"][1:])
    return RequestError(422, "invalid", first["msg"], field=field[:SHOWN] or None)
