"""Telling a question that is too long from an endpoint whose context holds none of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sized
from contextlib import suppress

PAUSE = 0.3  # seconds in which further questions of a run may be asked


class Fitting:
    """What one client has learnt of whether its questions fit into the context."""

    def __init__(self) -> None:
        self._fits = asyncio.Event()
        self._held = 0
        self._hopeless = False

    def answered(self) -> None:
        """A question was answered: it did fit."""
        self._fits.set()

    async def any(self, working: Sized) -> bool:
        """Whether any question fits, for one that does not: waits until one does, or none is left.

        Args:
            working: the questions that are being worked on, this one too; looked at again and
                again.
        """
        self._held += 1
        try:
            while not self._fits.is_set() and not self._hopeless:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._fits.wait(), PAUSE)
                self._hopeless |= not self._fits.is_set() and self._held >= len(working)
            return self._fits.is_set()
        finally:
            self._held -= 1
