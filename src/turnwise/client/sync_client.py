"""A client that waits for its answers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self, TypeVar, Unpack

from turnwise.client import calls
from turnwise.client.answers import (
    BundlesAnswer,
    ClassifyAnswer,
    DecideAnswer,
    StateAnswer,
    TaxonomyAnswer,
)
from turnwise.client.asking import Conversation, DecidedConversation, Feedback, Message
from turnwise.client.attempts import Again, Attempt
from turnwise.client.connecting import LOCAL, connection
from turnwise.client.dialogue import Dialogue
from turnwise.client.failures import BusyError, UnavailableError

T = TypeVar("T")


class Client:
    """Asks a service. Threads may share it; close it, or use it in a `with`.

    A refusal for being busy (429, 503) is tried again when the service says so, if that is within
    5 seconds; a connection that fails before an answer begins, after a pause; nothing else.
    Redirects are not followed. A service on this machine is asked directly, any other through the
    proxy that the environment names.

    Args:
        base_url: where the service is, such as `https://intents.example.com`.
        key: API key; by default the environment variable TURNWISE_API_KEY, if it is set.
        timeout: seconds that connecting, sending, and waiting for the answer may take, each.
        retries: tries after the first, 0 to 10.
        insecure: let the key travel over plain http to another machine.

    Raises:
        ConfigError: one of them is faulty, or the extra `client` is not installed.
    """

    def __init__(
        self,
        base_url: str = LOCAL,
        key: str | None = None,
        timeout: float = 5.0,
        retries: int = 2,
        *,
        insecure: bool = False,
    ) -> None:
        self._to = connection(base_url, key, timeout, retries, insecure=insecure)
        import httpx2

        self._http = httpx2.Client(
            headers=self._to.headers, timeout=timeout, trust_env=not self._to.local
        )

    def classify(
        self,
        messages: Sequence[Message],
        *,
        conversation_id: str | None = None,
        locale: str | None = None,
    ) -> ClassifyAnswer:
        """Label the last customer turn of a conversation.

        Args:
            messages: the conversation so far, oldest first.
            conversation_id: names it; locale: the customer's language, such as `en` or `pt-BR`.

        Raises:
            ServiceError: UnauthorizedError, InvalidRequestError, BusyError, UnavailableError, or
                another.
        """
        return self._send(
            calls.classify(
                {
                    "messages": messages,
                    "conversation_id": conversation_id,
                    "locale": locale,
                }
            )
        )

    def classify_many(self, conversations: Sequence[Conversation]) -> list[ClassifyAnswer]:
        """Label each, in order; one request for up to 256.

        Raises:
            ServiceError: a request failed; what was answered before it is lost.
        """
        return [one for call in calls.classify_many(conversations) for one in self._send(call)]

    def decide(
        self,
        messages: Sequence[Message],
        *,
        conversation_id: str | None = None,
        locale: str | None = None,
        state: StateAnswer | None = None,
    ) -> DecideAnswer:
        """Decide what to do about the last customer turn of a conversation.

        Args:
            state: of the answer about the turn before; left out, the one that the service kept
                under `conversation_id`.

        Raises:
            ServiceError: as for `classify`.
        """
        return self._send(
            calls.decide(
                {
                    "messages": messages,
                    "conversation_id": conversation_id,
                    "locale": locale,
                    "state": state,
                }
            )
        )

    def decide_many(self, conversations: Sequence[DecidedConversation]) -> list[DecideAnswer]:
        """Decide about each, in order; one request for up to 256.

        Raises:
            ServiceError: a request failed; what was answered before it is lost.
        """
        return [one for call in calls.decide_many(conversations) for one in self._send(call)]

    def feedback(self, conversation_id: str, **said: Unpack[Feedback]) -> None:
        """Say what came of a conversation; what is said later holds, field by field.

        Args:
            said: the fields of `Feedback`: finished, resolved, rating, hand_off, misrouted,
                duration, turn, corrected.

        Raises:
            ServiceError: as for `classify`.
        """
        self._send(calls.feedback(conversation_id, said))

    def conversation(self, conversation_id: str, locale: str | None = None) -> Dialogue:
        """Begin a conversation that keeps its messages and its state."""
        return Dialogue(conversation_id, locale, lambda case: self._send(calls.decide(case)))

    def taxonomy(self) -> TaxonomyAnswer:
        """The labels and actions of the bundle that serves."""
        return self._send(calls.taxonomy())

    def bundles(self) -> BundlesAnswer:
        """The bundles that are loaded."""
        return self._send(calls.bundles())

    def healthy(self) -> bool:
        """Whether the service is there."""
        try:
            return self._send(calls.health("/healthz")).status == "ok"
        except (BusyError, UnavailableError):
            return False

    def ready(self) -> bool:
        """Whether its bundle is loaded and there is room for a request."""
        try:
            return self._send(calls.health("/readyz")).status == "ready"
        except (BusyError, UnavailableError):
            return False

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, call: calls.Call[T]) -> T:
        tried = 0
        while isinstance(came := self._once(call, tried), Again):
            tried += 1
            time.sleep(came.seconds)
        return came

    def _once(self, call: calls.Call[T], tried: int) -> T | Again:
        import httpx2

        attempt = Attempt(call, self._to, tried)
        try:
            with self._http.stream(call.method, attempt.url, content=call.body) as answer:
                attempt.head(answer.status_code, answer.headers)
                for piece in answer.iter_bytes():
                    attempt.more(piece)
        except (httpx2.HTTPError, TimeoutError) as error:
            return attempt.lost(error, isinstance(error, (httpx2.TimeoutException, TimeoutError)))
        return attempt.judged()
