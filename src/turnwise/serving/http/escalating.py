"""Asking somebody else about a turn in doubt, in threads of their own and for so long only."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from turnwise.conversations import Conversation
from turnwise.serving.decision import Decision
from turnwise.serving.escalation import EscalationError, Settled
from turnwise.serving.http.failures import RequestError
from turnwise.serving.http.metrics import Metrics
from turnwise.serving.http.workers import Workers
from turnwise.serving.policy import Policy
from turnwise.serving.rules import Pending

_log = logging.getLogger("turnwise.serving")


class Escalating:
    """Asks whoever a policy escalates to. Of one event loop."""

    def __init__(self, workers: Workers, metrics: Metrics) -> None:
        self._workers, self._metrics = workers, metrics
        self._late: set[asyncio.Task[Settled | EscalationError]] = set()
        self._wording: set[asyncio.Task[Decision]] = set()

    async def ask(self, policy: Policy, pending: Pending) -> Settled | EscalationError:
        """Ask, for as long as the policy allows; the answer of one who is late is not awaited."""
        name = policy.escalator.name if policy.escalator else ""
        asking = asyncio.create_task(self._held(policy, pending, name))
        self._late.add(asking)
        asking.add_done_callback(self._late.discard)
        try:
            return await asyncio.wait_for(asyncio.shield(asking), policy.config.seconds)
        except TimeoutError:
            self._metrics.escalated(name, "late")
            return EscalationError(f"{name} did not answer within {policy.config.seconds:g} s")

    async def _held(self, policy: Policy, pending: Pending, name: str) -> Settled | EscalationError:
        """Ask in a thread of its own; the place is held until the thread is done, late or not."""
        try:
            with self._workers.place():
                return await self._workers.run(partial(self.answer, policy, pending))
        except RequestError:
            self._metrics.escalated(name, "turned_away")
            return EscalationError(f"too much is waiting for {name} already")

    def answer(self, policy: Policy, pending: Pending) -> Settled | EscalationError:
        """Ask in this thread."""
        name = policy.escalator.name if policy.escalator else ""
        try:
            answer = policy.ask(pending)
        except Exception as error:  # a fault of whoever is asked must not cost the answer
            _log.error("%s failed by a fault: %s", name, type(error).__name__)
            answer = EscalationError(f"{name} failed")
        self._metrics.spent(name, answer.money)
        self._metrics.escalated(name, _outcome(answer))
        return answer

    async def word(
        self, policy: Policy, decision: Decision, conversation: Conversation
    ) -> Decision:
        """Have a decision's question worded anew; as it is where that is late or turned away."""
        wording = asyncio.create_task(self._worded(policy, decision, conversation))
        self._wording.add(wording)
        wording.add_done_callback(self._wording.discard)
        try:
            return await asyncio.wait_for(asyncio.shield(wording), policy.config.seconds)
        except TimeoutError:
            return decision

    async def _worded(
        self, policy: Policy, decision: Decision, conversation: Conversation
    ) -> Decision:
        name = policy.escalator.name if policy.escalator else ""
        try:
            with self._workers.place():
                made = await self._workers.run(lambda: policy.reword(decision, conversation))
        except RequestError:
            self._metrics.escalated(name, "turned_away")
            return decision
        except Exception as error:  # as of whoever is asked about doubts
            _log.error("%s failed by a fault: %s", name, type(error).__name__)
            return decision
        self._metrics.spent(name, made.cost - decision.cost)
        return made


def _outcome(answer: Settled | EscalationError) -> str:
    if isinstance(answer, EscalationError):
        return "failed"
    return "left_open" if answer.leaves_open else "settled"
