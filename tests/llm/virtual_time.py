"""An event loop whose clock jumps to the next event: waits of minutes take no time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class VirtualTime(asyncio.SelectorEventLoop):
    """Time passes only where every coroutine waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._select, self._selector.select = self._selector.select, self._jump  # type: ignore

    def time(self) -> float:
        return self._now

    def _jump(self, timeout: float | None) -> list[Any]:
        self._now += timeout or 0.0
        return self._select(0)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        return runner.run(work)
