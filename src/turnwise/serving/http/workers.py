"""Threads beside the event loop, and how much may wait for them.

A model call takes milliseconds of a core and asking a language model seconds of waiting: each kind
has threads of its own, and a bound to what waits, so that overload is told at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from turnwise.serving.http.failures import too_busy

Result = TypeVar("Result")


class Workers:
    """Some threads for one kind of work.

    Args:
        threads: that work at once; waiting: units of work that may wait beside those at work.
        waited: is told the seconds that each job waited for a thread.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        waiting: int,
        waited: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._threads, self._most, self._waited = threads, threads + waiting, waited
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._held = 0

    def waiting(self) -> int:
        """Units of work that wait for a thread by now."""
        return max(0, self._held - self._threads)

    @property
    def full(self) -> bool:
        """Whether what comes now is turned away."""
        return self._held >= self._most

    @contextmanager
    def place(self, units: int = 1) -> Iterator[None]:
        """Hold a place in the queue.

        Args:
            units: how much is asked for; more than the whole queue holds is let in when it is
                empty.

        Raises:
            RequestError: 503, the queue is full.
        """
        if self._held and self._held + units > self._most:
            raise too_busy()
        self._held += units
        try:
            yield
        finally:
            self._held -= units

    async def run(self, job: Callable[[], Result]) -> Result:
        """Run a job in a thread. Work that is cancelled while it waits is not begun."""
        asked = time.perf_counter()

        def timed() -> Result:
            self._waited(time.perf_counter() - asked)
            return job()

        return await asyncio.get_running_loop().run_in_executor(self._pool, timed)

    def close(self) -> None:
        """Let the threads end; what waits is not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)
