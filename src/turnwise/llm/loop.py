"""Asking from synchronous code: an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")


class Background:
    """One thread that runs coroutines.

    Leaving it as a context ends what has not been sent yet, and waits for the calls that are
    on the wire: they are paid for, and their answers are kept.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._asked: set[asyncio.Task[object]] = set()
        self._last: list[Callable[[], Awaitable[None]]] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="llm", daemon=True)
        self._thread.start()

    def submit(self, work: Awaitable[T]) -> Future[T]:
        """Start it; its result, or its error, comes by the future."""
        return asyncio.run_coroutine_threadsafe(self._run(work), self._loop)

    def finally_(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have this done when all else has ended, such as closing connections."""
        self._last.append(work)

    def close(self) -> None:
        """End what waits, let end what is in flight, and stop the thread. May be called twice."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def _run(self, work: Awaitable[T]) -> T:
        task = asyncio.current_task()
        assert task is not None
        self._asked.add(task)
        task.add_done_callback(_looked_at)
        try:
            return await work
        finally:
            self._asked.discard(task)

    async def _end(self) -> None:
        for task in self._asked:
            task.cancel()
        mine = asyncio.current_task()
        while others := [task for task in asyncio.all_tasks() if task is not mine]:
            await asyncio.gather(*others, return_exceptions=True)
        for work in self._last:
            await work()


async def together(work: Iterable[Awaitable[T]]) -> list[T]:
    """All results, in their order; after the first error the rest is given up."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        raise


def _looked_at(task: asyncio.Task[object]) -> None:
    """Where nobody waits any more, asyncio would print the error of a task with a traceback."""
    if not task.cancelled():
        task.exception()
