"""Bundles that decide beside those that serve, for comparison: recorded, and never answered."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from turnwise.conversations import Conversation
from turnwise.serving.decision import Decision, DialogueState
from turnwise.serving.escalation import EscalationError
from turnwise.serving.http.bundles import Bundles, Served
from turnwise.serving.http.failures import RequestError
from turnwise.serving.http.metrics import Metrics
from turnwise.serving.http.workers import Workers

WAITING = 256  # turns that wait for a shadow at most
PAUSE = 0.005  # seconds between two looks whether a request waits for the model

_log = logging.getLogger("turnwise.serving")

Record = Callable[[Decision, Conversation, str, Served], None]


class Shadowing:
    """Has the shadows decide, where no request waits for the model. Of one event loop.

    A shadow asks nobody: that a turn would have been escalated is what it decides then. It is
    shown the dialogue as it was led, questions of the serving bundle included.

    Args:
        record: is told decision, conversation, name of the key, and which shadow.
    """

    def __init__(self, bundles: Bundles, model: Workers, metrics: Metrics, record: Record) -> None:
        self._bundles, self._model, self._metrics = bundles, model, metrics
        self._record = record
        self._left: deque[tuple[Served, Conversation, str, DialogueState]] = deque()
        self._task: asyncio.Task[None] | None = None

    def look(self, conversation: Conversation, owner: str, state: DialogueState) -> None:
        """Have the shadows decide about a turn that has been answered; returns at once."""
        for shadow in self._bundles.shadows():
            if len(self._left) >= WAITING:
                self._metrics.shadowed("passed_over")
            else:
                self._left.append((shadow, conversation, owner, state))
        if self._left and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        """One turn after another, so that no request waits for more than one of them."""
        while self._left:
            while self._model.waiting():  # whoever waits for an answer goes first
                await asyncio.sleep(PAUSE)
            await self._decide(*self._left.popleft())

    async def _decide(
        self, shadow: Served, conversation: Conversation, owner: str, state: DialogueState
    ) -> None:
        try:
            with self._model.place():
                made = await self._model.run(lambda: decided(shadow, conversation, state))
        except RequestError:
            self._metrics.shadowed("passed_over")
        except Exception as error:  # nobody waits for it
            _log.error("shadow %s failed: %s", shadow.policy.bundle.id, type(error).__name__)
            self._metrics.shadowed("failed")
        else:
            self._metrics.shadowed("done")
            self._record(made, conversation, owner, shadow)


def decided(shadow: Served, conversation: Conversation, state: DialogueState) -> Decision:
    """What a policy decides without asking anybody."""
    found = shadow.policy.begin(conversation, state)
    if isinstance(found, Decision):
        return found
    made = shadow.policy.finish(found, EscalationError("a shadow asks nobody"), 0.0)
    return replace(made, kind="escalate", sure=False, question=None)
