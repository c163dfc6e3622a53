"""Every request that there is: what is sent, and how its answer is read.

Plain values and functions, so that the client that waits and the one that does not share them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, Literal, TypeVar

from turnwise.client.answers import (
    BundlesAnswer,
    ClassifyAnswer,
    ClassifyAnswers,
    DecideAnswer,
    DecideAnswers,
    FeedbackAnswer,
    Health,
    TaxonomyAnswer,
)
from turnwise.client.asking import Conversation, DecidedConversation, Feedback
from turnwise.client.reading import UnreadableError, read
from turnwise.client.writing import written

MOST_CONVERSATIONS = 256  # of a batch, as a service takes it
MOST_BYTES = 1_000_000  # of a body, where a service is not told otherwise

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request.

    Attributes:
        read: makes an answer of the body that came; raises UnreadableError or ValueError.
        body: JSON in UTF-8; None for none.
        first: place of a batch's first conversation among those that the caller asks about.
        retried: whether it is worth more than one try.
    """

    method: Literal["GET", "POST"]
    path: str
    read: Callable[[bytes], T]
    body: bytes | None = None
    first: int = 0
    retried: bool = True


def classify(conversation: Conversation) -> Call[ClassifyAnswer]:
    """Label the last customer turn of a conversation."""
    body = written(conversation, "/v1/classify")
    return Call("POST", "/v1/classify", partial(_read, ClassifyAnswer), body)


def classify_many(conversations: Sequence[Conversation]) -> Iterator[Call[list[ClassifyAnswer]]]:
    """Label each, in as many requests as it takes."""
    for first, count, body in _batches(conversations, "/v1/classify"):

        def answers(got: bytes, count: int = count) -> list[ClassifyAnswer]:
            return _as_many(_read(ClassifyAnswers, got).results, count)

        yield Call("POST", "/v1/classify", answers, body, first)


def decide(conversation: DecidedConversation) -> Call[DecideAnswer]:
    """Decide about the last customer turn of a conversation."""
    body = written(conversation, "/v1/decide")
    return Call("POST", "/v1/decide", partial(_read, DecideAnswer), body)


def decide_many(conversations: Sequence[DecidedConversation]) -> Iterator[Call[list[DecideAnswer]]]:
    """Decide about each, in as many requests as it takes."""
    for first, count, body in _batches(conversations, "/v1/decide"):

        def answers(got: bytes, count: int = count) -> list[DecideAnswer]:
            return _as_many(_read(DecideAnswers, got).results, count)

        yield Call("POST", "/v1/decide", answers, body, first)


def feedback(conversation_id: str, said: Feedback) -> Call[FeedbackAnswer]:
    """Say what came of a conversation."""
    known = {name: value for name, value in said.items() if value is not None}
    body = written({"conversation_id": conversation_id, **known}, "/v1/feedback")
    return Call("POST", "/v1/feedback", partial(_read, FeedbackAnswer), body)


def taxonomy() -> Call[TaxonomyAnswer]:
    """The labels and actions of the bundle that serves."""
    return Call("GET", "/v1/taxonomy", partial(_read, TaxonomyAnswer))


def bundles() -> Call[BundlesAnswer]:
    """The bundles that are loaded."""
    return Call("GET", "/v1/bundles", partial(_read, BundlesAnswer))


def health(path: Literal["/healthz", "/readyz"]) -> Call[Health]:
    """Whether a service is there, or ready: asked once."""
    return Call("GET", path, partial(_read, Health), retried=False)


def _read(kind: type[T], body: bytes) -> T:
    return read(kind, json.loads(body))


def _as_many(results: Sequence[T], count: int) -> list[T]:
    if len(results) != count:
        raise UnreadableError(f"{len(results)} answers came for {count} conversations")
    return list(results)


def _batches(
    conversations: Sequence[Conversation | DecidedConversation], path: str
) -> Iterator[tuple[int, int, bytes]]:
    """(place of the first, how many, body) of each request. All are written before one is sent."""
    bodies = [
        written(one, path, f"conversations.{place}.") for place, one in enumerate(conversations)
    ]
    first = size = 0
    for place, one in enumerate(bodies):
        if place > first and (
            size + len(one) > MOST_BYTES - 100 or place - first == MOST_CONVERSATIONS
        ):
            yield first, place - first, _batch(bodies[first:place])
            first, size = place, 0
        size += len(one) + 1
    if bodies:
        yield first, len(bodies) - first, _batch(bodies[first:])


def _batch(bodies: Sequence[bytes]) -> bytes:
    return b'{"conversations":[' + b",".join(bodies) + b"]}"
