"""The same client for programs that do something else meanwhile."""

from __future__ import annotations

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
from turnwise.client.dialogue import AsyncDialogue
from turnwise.client.failures import BusyError, UnavailableError

T = TypeVar("T")


class AsyncClient:
    """`Client`, whose every method is awaited. Of one event loop; use it in an `async with`."""

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

        self._http = httpx2.AsyncClient(
            headers=self._to.headers, timeout=timeout, trust_env=not self._to.local
        )

    async def classify(
        self,
        messages: Sequence[Message],
        *,
        conversation_id: str | None = None,
        locale: str | None = None,
    ) -> ClassifyAnswer:
        """As `Client.classify`."""
        return await self._send(
            calls.classify(
                {
                    "messages": messages,
                    "conversation_id": conversation_id,
                    "locale": locale,
                }
            )
        )

    async def classify_many(self, conversations: Sequence[Conversation]) -> list[ClassifyAnswer]:
        """As `Client.classify_many`."""
        return [
            one for call in calls.classify_many(conversations) for one in await self._send(call)
        ]

    async def decide(
        self,
        messages: Sequence[Message],
        *,
        conversation_id: str | None = None,
        locale: str | None = None,
        state: StateAnswer | None = None,
    ) -> DecideAnswer:
        """As `Client.decide`."""
        return await self._send(
            calls.decide(
                {
                    "messages": messages,
                    "conversation_id": conversation_id,
                    "locale": locale,
                    "state": state,
                }
            )
        )

    async def decide_many(self, conversations: Sequence[DecidedConversation]) -> list[DecideAnswer]:
        """As `Client.decide_many`."""
        return [one for call in calls.decide_many(conversations) for one in await self._send(call)]

    async def feedback(self, conversation_id: str, **said: Unpack[Feedback]) -> None:
        """As `Client.feedback`."""
        await self._send(calls.feedback(conversation_id, said))

    def conversation(self, conversation_id: str, locale: str | None = None) -> AsyncDialogue:
        """As `Client.conversation`."""
        return AsyncDialogue(conversation_id, locale, lambda case: self._send(calls.decide(case)))

    async def taxonomy(self) -> TaxonomyAnswer:
        """As `Client.taxonomy`."""
        return await self._send(calls.taxonomy())

    async def bundles(self) -> BundlesAnswer:
        """As `Client.bundles`."""
        return await self._send(calls.bundles())

    async def healthy(self) -> bool:
        """As `Client.healthy`."""
        try:
            return (await self._send(calls.health("/healthz"))).status == "ok"
        except (BusyError, UnavailableError):
            return False

    async def ready(self) -> bool:
        """As `Client.ready`."""
        try:
            return (await self._send(calls.health("/readyz"))).status == "ready"
        except (BusyError, UnavailableError):
            return False

    async def close(self) -> None:
        """As `Client.close`."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _send(self, call: calls.Call[T]) -> T:
        import asyncio

        tried = 0
        while isinstance(came := await self._once(call, tried), Again):
            tried += 1
            await asyncio.sleep(came.seconds)
        return came

    async def _once(self, call: calls.Call[T], tried: int) -> T | Again:
        import httpx2

        attempt = Attempt(call, self._to, tried)
        try:
            async with self._http.stream(call.method, attempt.url, content=call.body) as answer:
                attempt.head(answer.status_code, answer.headers)
                async for piece in answer.aiter_bytes():
                    attempt.more(piece)
        except (httpx2.HTTPError, TimeoutError) as error:
            return attempt.lost(error, isinstance(error, (httpx2.TimeoutException, TimeoutError)))
        return attempt.judged()
