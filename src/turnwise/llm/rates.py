"""When the next call may go out: calls in flight, rates per minute, and pauses."""

from __future__ import annotations

import asyncio
import random
from collections import deque

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds, where the server does not say how long


def jittered(times: int) -> float:
    """Seconds to wait after so many failures: anything up to an end that doubles (full jitter)."""
    return random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**times))


class Gate:
    """Lets calls out to one endpoint.

    At most `concurrency` at once, evenly spread where there are limits per minute, none while
    the endpoint asked for a pause. After a pause half as many as before may be in flight; each
    answer lets one more in. Otherwise all would come back at once, to be refused again.

    Attributes:
        pauses: that followed each other without an answer between.
    """

    def __init__(
        self, concurrency: int, requests_per_minute: int | None, tokens_per_minute: int | None
    ) -> None:
        self._most = self._room = concurrency
        self._per_request = 60 / requests_per_minute if requests_per_minute else 0.0
        self._per_token = 60 / tokens_per_minute if tokens_per_minute else 0.0
        self._next_request = self._next_token = 0.0  # the loop's time
        self._paused_until = 0.0
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.pauses = 0

    async def enter(self, tokens: int) -> float:
        """Wait for one's turn; `leave` must follow.

        Args:
            tokens: what the call is expected to use.

        Returns:
            When it went out, in the loop's time.
        """
        if self._waiting or self._in_flight >= self._room:
            await self._turn()
        else:
            self._in_flight += 1
        try:
            return await self._on_time(tokens)
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """The call has ended."""
        self._in_flight -= 1
        self._wake()

    def answered(self) -> None:
        """The endpoint takes calls: one more may be in flight."""
        self.pauses = 0
        self._room = min(self._most, self._room + 1)

    def used(self, expected: int, tokens: int) -> None:
        """Correct the tokens that `enter` was told."""
        self._next_token += (tokens - expected) * self._per_token

    def pause(self, sent: float, seconds: float | None) -> None:
        """The endpoint refused a call that went out at `sent`, for so many seconds if it says so.

        Calls that went out before a pause and are refused after it began say nothing new.
        """
        now = asyncio.get_running_loop().time()
        if sent >= self._paused_until:
            self._room = max(1, self._room // 2)
            self.pauses += 1
            until = now + (jittered(self.pauses) if seconds is None else seconds)
        else:
            until = now + (seconds or 0.0)
        self._paused_until = max(self._paused_until, until)

    async def _on_time(self, tokens: int) -> float:
        loop = asyncio.get_running_loop()
        start = max(loop.time(), self._next_request, self._next_token)
        self._next_request = start + self._per_request
        self._next_token = start + tokens * self._per_token
        while (now := loop.time()) < (due := max(start, self._paused_until)):
            await asyncio.sleep(due - now)
        return now

    async def _turn(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def _wake(self) -> None:
        while self._waiting and self._in_flight < self._room:
            turn = self._waiting.popleft()
            if not turn.done():
                self._in_flight += 1
                turn.set_result(None)
