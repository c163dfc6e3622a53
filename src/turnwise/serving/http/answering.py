"""From what a request asks about to the bytes of its answer.

    conversations --model threads: Policy.begin--> decisions, or doubts
                  --other threads: Policy.ask-->   what was settled, or that it was not
                  --model threads: Policy.finish--> decisions

Whatever takes time is done in threads; the event loop only hands over. What was answered is
recorded, and shadows look at it, when the answer is on its way.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from turnwise.bundle import last_customer_turn
from turnwise.conversations import Conversation
from turnwise.serving.answers import (
    ClassifyAnswer,
    DecideAnswer,
    classify_answer,
    decide_answer,
)
from turnwise.serving.decision import Decision, DialogueState
from turnwise.serving.http import bodies
from turnwise.serving.http.bundles import Bundles, Served
from turnwise.serving.http.drifting import Drifts
from turnwise.serving.http.escalating import Escalating
from turnwise.serving.http.metrics import Metrics
from turnwise.serving.http.parsing import Asked, conversation_of, state_of
from turnwise.serving.http.recording import Recorder
from turnwise.serving.http.shadowing import Shadowing
from turnwise.serving.http.states import Kept, States
from turnwise.serving.http.workers import Workers
from turnwise.serving.rules import Pending

# Conversations of a batch in one job. Between two jobs others have their turn, so that a batch
# takes no more room in the queue than one of them.
PIECE = 8

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Case:
    """A conversation that is asked about, whose, in which state, and who serves it."""

    conversation: Conversation
    owner: str
    state: DialogueState
    served: Served


@dataclass(frozen=True, slots=True)
class _Made:
    decision: Decision
    body: bytes


class Answering:
    """Answers requests by the bundles that are loaded. Of one event loop.

    Args:
        model: threads for the model's work.
    """

    def __init__(
        self,
        bundles: Bundles,
        states: States,
        metrics: Metrics,
        model: Workers,
        others: tuple[Escalating, Shadowing, Recorder, Drifts],
    ) -> None:
        self._bundles, self._states, self._metrics = bundles, states, metrics
        self._model = model
        self._escalating, self._shadowing, self._recorder, self._drifts = others

    async def classify(self, asked: Asked[bodies.Conversation], owner: str) -> bytes:
        """Label each conversation.

        Args:
            owner: the name of the key that asks.

        Raises:
            RequestError: 503, too much is waiting already.
        """
        answers: list[bytes] = []
        bundles = self._bundles.at_once()  # a switch meanwhile is none of this request's
        with self._model.place(min(asked.units, PIECE)):
            for some in _pieces(asked.conversations):
                answers += await self._model.run(partial(self._classify, some, owner, bundles))
        return _joined(answers, asked.batch)

    async def decide(self, asked: Asked[bodies.DecidedConversation], owner: str) -> bytes:
        """Decide about each conversation.

        Args:
            owner: the name of the key that asks; states are kept apart by it.

        Raises:
            RequestError: 503, too much is waiting already.
        """
        answers: list[bytes] = []
        bundles = self._bundles.at_once()
        with self._model.place(min(asked.units, PIECE)):
            for some in _pieces(asked.conversations):
                cases = [self._case(one, owner, bundles) for one in some]
                for case, made in zip(cases, await self._decide(cases), strict=True):
                    self._keep(made.decision, case)
                    answers.append(made.body)
        return _joined(answers, asked.batch)

    def _classify(
        self, some: Sequence[bodies.Conversation], owner: str, bundles: Bundles
    ) -> list[bytes]:
        """In a model thread. Conversations of one bundle are labelled in one go."""
        start = time.perf_counter()
        conversations = [conversation_of(one) for one in some]
        served = [bundles.serving(one.id) for one in conversations]
        made: dict[int, bytes] = {}
        for policy in dict.fromkeys(one.policy for one in served):
            places = [place for place, one in enumerate(served) if one.policy is policy]
            predictions = policy.classify([conversations[place] for place in places])
            took = (time.perf_counter() - start) * 1e3
            for place, prediction in zip(places, predictions, strict=True):
                one, by = conversations[place], served[place]
                made[place] = _json(classify_answer(prediction, one.turns, policy.bundle))
                self._metrics.predicted(prediction)
                self._metrics.served(policy.bundle.id, by.arm)
                self._recorder.served(prediction, one, owner, by, took)
                self._drifts.served(prediction, by)
        self._metrics.part("model", time.perf_counter() - start)
        return [made[place] for place in range(len(some))]

    async def _decide(self, cases: Sequence[Case]) -> list[_Made]:
        begun = await self._model.run(lambda: [self._begin(case) for case in cases])
        if all(isinstance(one, _Made) for one in begun):
            return [one for one in begun if isinstance(one, _Made)]
        pairs = zip(cases, begun, strict=True)
        return await asyncio.gather(*(self._settled(case, one) for case, one in pairs))

    def _begin(self, case: Case) -> _Made | Decision | Pending:
        """In a model thread. A decision comes as it is where its question is to be worded anew."""
        policy = case.served.policy
        found = policy.begin(case.conversation, case.state)
        if isinstance(found, Pending) and policy.escalator and not policy.escalator.waits:
            start = time.perf_counter()
            answer = self._escalating.answer(policy, found)
            found = policy.finish(found, answer, round((time.perf_counter() - start) * 1e3, 3))
        if isinstance(found, Pending) or policy.rewords(found):
            return found
        return self._made(found, case)

    async def _settled(self, case: Case, begun: _Made | Decision | Pending) -> _Made:
        if isinstance(begun, _Made):
            return begun
        policy = case.served.policy
        if isinstance(begun, Pending):
            pending, start = begun, time.perf_counter()
            answer = await self._escalating.ask(policy, pending)
            took = round((time.perf_counter() - start) * 1e3, 3)
            begun = await self._model.run(lambda: policy.finish(pending, answer, took))
        if policy.rewords(begun):
            begun = await self._escalating.word(policy, begun, case.conversation)
        return self._made(begun, case)

    def _made(self, decision: Decision, case: Case) -> _Made:
        self._metrics.decided(decision)
        return _Made(decision, _json(decide_answer(decision, case.conversation.turns)))

    def _case(self, body: bodies.DecidedConversation, owner: str, bundles: Bundles) -> Case:
        conversation = conversation_of(body)
        if body.state is not None:
            state = state_of(body.state)
        elif body.conversation_id is not None:
            turn = last_customer_turn(conversation).index
            state = self._states.get((owner, body.conversation_id), turn)
        else:
            state = DialogueState()
        return Case(conversation, owner, state, bundles.serving(body.conversation_id))

    def _keep(self, decision: Decision, case: Case) -> None:
        if decision.conversation_id:
            kept = Kept(decision.turn, case.state, decision.state)
            self._states.put((case.owner, decision.conversation_id), kept)
        self._metrics.served(decision.bundle, case.served.arm)
        self._recorder.served(decision, case.conversation, case.owner, case.served)
        self._drifts.served(decision, case.served)
        self._shadowing.look(case.conversation, case.owner, case.state)


def _pieces(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), PIECE):
        yield items[start : start + PIECE]


def _joined(answers: Sequence[bytes], batch: bool) -> bytes:
    return b'{"results":[' + b",".join(answers) + b"]}" if batch else answers[0]


def _json(answer: ClassifyAnswer | DecideAnswer) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
