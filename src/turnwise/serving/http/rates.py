"""How much each key may ask for: a token bucket for each."""

from __future__ import annotations

import time
from collections.abc import Callable


class Rates:
    """One bucket for each owner, full at first. Of one thread.

    Args:
        rate: tokens a second that flow into a bucket; burst: that it holds.
        clock: seconds that never go back.
    """

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = rate, max(1.0, burst), clock
        self._buckets: dict[str, tuple[float, float]] = {}  # owner -> tokens, when

    def take(self, owner: str) -> float:
        """Take one token; 0, or where there is none the seconds until there is one again."""
        tokens = self._flow(owner)
        if tokens < 1:
            return (1 - tokens) / self._rate
        self.charge(owner, 1)
        return 0.0

    def charge(self, owner: str, tokens: float) -> None:
        """Take tokens that may not be there yet: what comes next waits until they are."""
        self._buckets[owner] = (self._flow(owner) - tokens, self._clock())

    def _flow(self, owner: str) -> float:
        """The tokens that an owner has by now."""
        now = self._clock()
        tokens, when = self._buckets.get(owner, (self._burst, now))
        tokens = min(self._burst, tokens + (now - when) * self._rate)
        self._buckets[owner] = (tokens, now)
        return tokens
