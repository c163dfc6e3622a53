"""From what a request asks about to the bytes of its answer.

    conversations --model threads: Policy.begin--> decisions, or doubts
                  --other threads: Policy.ask-->   what was settled, or that it was not
                  --model threads: Policy.finish--> decisions

Whatever takes time is done in threads; the event loop only hands over.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from turnwise.bundle import last_customer_turn
from turnwise.conversations import Conversation
from turnwise.serving.decision import Decision, DialogueState
from turnwise.serving.escalation import EscalationError, Settled
from turnwise.serving.http import bodies
from turnwise.serving.http.answers import (
    ClassifyAnswer,
    DecideAnswer,
    classify_answer,
    decide_answer,
)
from turnwise.serving.http.bundles import Bundles
from turnwise.serving.http.failures import RequestError
from turnwise.serving.http.metrics import Metrics
from turnwise.serving.http.parsing import Asked, conversation_of, state_of
from turnwise.serving.http.states import Kept, States
from turnwise.serving.http.workers import Workers
from turnwise.serving.policy import Policy
from turnwise.serving.rules import Pending

# Conversations of a batch in one job. Between two jobs others have their turn, so that a batch
# takes no more room in the queue than one of them.
PIECE = 8

Item = TypeVar("Item")

_log = logging.getLogger("turnwise.serving")


@dataclass(frozen=True, slots=True)
class _Made:
    decision: Decision
    body: bytes


_Case = tuple[Conversation, DialogueState]


class Answering:
    """Answers requests by the bundles that are loaded. Of one event loop.

    Args:
        model, escalations: threads of their own for the two kinds of work.
    """

    def __init__(
        self,
        bundles: Bundles,
        states: States,
        metrics: Metrics,
        model: Workers,
        escalations: Workers,
    ) -> None:
        self._bundles, self._states, self._metrics = bundles, states, metrics
        self._model, self._escalations = model, escalations
        self._late: set[asyncio.Task[Settled | EscalationError]] = set()

    async def classify(self, asked: Asked[bodies.Conversation]) -> bytes:
        """Label each conversation.

        Raises:
            RequestError: 503, too much is waiting already.
        """
        policy = self._bundles.champion
        answers: list[bytes] = []
        with self._model.place(min(asked.units, PIECE)):
            for some in _pieces(asked.conversations):
                answers += await self._model.run(partial(self._classify, policy, some))
        return _joined(answers, asked.batch)

    async def decide(self, asked: Asked[bodies.DecidedConversation], owner: str) -> bytes:
        """Decide about each conversation.

        Args:
            owner: the name of the key that asks; states are kept apart by it.

        Raises:
            RequestError: 503, too much is waiting already.
        """
        policy = self._bundles.champion
        answers: list[bytes] = []
        with self._model.place(min(asked.units, PIECE)):
            for some in _pieces(asked.conversations):
                cases = [self._case(one, owner) for one in some]
                for (_, before), made in zip(cases, await self._decide(policy, cases), strict=True):
                    self._keep(made.decision, before, owner)
                    answers.append(made.body)
        return _joined(answers, asked.batch)

    def _classify(self, policy: Policy, some: Sequence[bodies.Conversation]) -> list[bytes]:
        """In a model thread."""
        start = time.perf_counter()
        conversations = [conversation_of(one) for one in some]
        predictions = policy.classify(conversations)
        self._metrics.part("model", time.perf_counter() - start)
        answers = []
        for prediction, one in zip(predictions, conversations, strict=True):
            self._metrics.predicted(prediction)
            bundle = policy.bundle
            answers.append(
                _json(classify_answer(prediction, one.turns, bundle.id, bundle.taxonomy))
            )
        return answers

    async def _decide(self, policy: Policy, cases: Sequence[_Case]) -> list[_Made]:
        begun = await self._model.run(lambda: [self._begin(policy, case) for case in cases])
        if all(isinstance(one, _Made) for one in begun):
            return [one for one in begun if isinstance(one, _Made)]
        return await asyncio.gather(*(self._settled(policy, one) for one in begun))

    def _begin(self, policy: Policy, case: _Case) -> _Made | Pending:
        """In a model thread."""
        found = policy.begin(*case)
        return self._made(found, case[0]) if isinstance(found, Decision) else found

    async def _settled(self, policy: Policy, begun: _Made | Pending) -> _Made:
        if isinstance(begun, _Made):
            return begun
        start = time.perf_counter()
        answer = await self._ask(policy, begun)
        took = round((time.perf_counter() - start) * 1e3, 3)

        def finish() -> _Made:
            return self._made(policy.finish(begun, answer, took), begun.conversation)

        return await self._model.run(finish)

    async def _ask(self, policy: Policy, pending: Pending) -> Settled | EscalationError:
        """Ask, for as long as the policy allows; the answer of one who is late is not awaited."""
        name = policy.escalator.name if policy.escalator else ""
        asking = asyncio.create_task(self._held(lambda: policy.ask(pending), name))
        self._late.add(asking)
        asking.add_done_callback(self._late.discard)
        try:
            answer = await asyncio.wait_for(asyncio.shield(asking), policy.config.seconds)
        except TimeoutError:
            self._metrics.escalated(name, "late")
            return EscalationError(f"{name} did not answer within {policy.config.seconds:g} s")
        return answer

    async def _held(
        self, ask: Callable[[], Settled | EscalationError], name: str
    ) -> Settled | EscalationError:
        """Ask in a thread of its own; the place is held until the thread is done, late or not."""
        try:
            with self._escalations.place():
                answer = await self._escalations.run(ask)
        except RequestError:
            self._metrics.escalated(name, "turned_away")
            return EscalationError(f"too much is waiting for {name} already")
        except Exception as error:  # a fault of whoever is asked must not cost the answer
            _log.error("%s failed by a fault: %s", name, type(error).__name__)
            answer = EscalationError(f"{name} failed")
        if isinstance(answer, Settled):
            self._metrics.spent(answer.by, answer.money)
        self._metrics.escalated(name, "settled" if isinstance(answer, Settled) else "failed")
        return answer

    def _made(self, decision: Decision, conversation: Conversation) -> _Made:
        self._metrics.decided(decision)
        return _Made(decision, _json(decide_answer(decision, conversation.turns)))

    def _case(self, body: bodies.DecidedConversation, owner: str) -> _Case:
        conversation = conversation_of(body)
        if body.state is not None:
            state = state_of(body.state)
        elif body.conversation_id is not None:
            turn = last_customer_turn(conversation).index
            state = self._states.get((owner, body.conversation_id), turn)
        else:
            state = DialogueState()
        return conversation, state

    def _keep(self, decision: Decision, before: DialogueState, owner: str) -> None:
        if decision.conversation_id:
            kept = Kept(decision.turn, before, decision.state)
            self._states.put((owner, decision.conversation_id), kept)


def _pieces(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), PIECE):
        yield items[start : start + PIECE]


def _joined(answers: Sequence[bytes], batch: bool) -> bytes:
    return b'{"results":[' + b",".join(answers) + b"]}" if batch else answers[0]


def _json(answer: ClassifyAnswer | DecideAnswer) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
