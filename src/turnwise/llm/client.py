"""Asking questions of one endpoint: each once, checked, and kept as soon as it is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from turnwise.llm.answers import AnswerStore, KeptAnswer, Parameter
from turnwise.llm.budget import Budget, BudgetReached, Spend
from turnwise.llm.caller import HUGE, Caller
from turnwise.llm.endpoint import Endpoint
from turnwise.llm.exchange import Completion, Message
from turnwise.llm.outcomes import Bill, FailedError, RefusedError, TooLongError
from turnwise.llm.reading import Reading, read_answer
from turnwise.llm.schemas import repair_messages, schema_text
from turnwise.llm.tasks import A, Question, Reply, Task, Values
from turnwise.llm.templates import render
from turnwise.llm.wire import MAX_BYTES
from turnwise.llm.written import key_of_question, prompt_hash

SHRINKS = 4  # times a prompt that is too long is made shorter
NEAR = 2  # questions that are being worked on, for each call that may be in flight


@dataclass(slots=True)
class _Flight:
    """A question that is being answered, and how many wait for it."""

    task: asyncio.Task[Reply[Any]]
    bill: Bill
    waiting: int = 0


class Client:
    """Asks one endpoint, within a budget, and keeps every answer.

    Use it from one event loop. The same question asked twice, even at the same time, is paid
    once. An answer that can't be used is shown to the model once, with what is wrong with it.

    Attributes:
        spend: what was asked and paid in this run.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        answers: AnswerStore,
        budget: Budget | None = None,
        name: str = "teacher",
    ) -> None:
        """Ready to ask.

        Args:
            budget: shared by all clients of a run; None: no limit.
            name: of the endpoint, for messages.

        Raises:
            EndpointError: the key is not in the environment.
        """
        self.endpoint, self.spend = endpoint, Spend()
        self._answers = answers
        self._caller = Caller(endpoint, budget or Budget(), self.spend, name)
        self._flights: dict[str, _Flight] = {}
        self._near = asyncio.Semaphore(NEAR * endpoint.concurrency)

    @property
    def source_name(self) -> str:
        """The model, as annotations name it."""
        return self.endpoint.model

    async def ask(self, question: Question[A]) -> Reply[A]:
        """Answer a question, from what is kept or by the endpoint.

        Returns:
            The reply. Its value is None where the model's answer can't be used, which is kept,
            or where none came for this question, which is not, so that the next run asks again.

        Raises:
            EndpointError: no question will be answered: unreachable, a wrong key, no such model.
            BudgetReached: the next call could pass the budget.
        """
        # However many are asked together, prompts are made when their turn is near: all of them at
        # once would hold up the answers that come meanwhile.
        async with self._near:
            return await self._ask(question)

    async def _ask(self, question: Question[A]) -> Reply[A]:
        messages = render(question.task.template, question.values)
        key = question_key(question.task, messages, self.endpoint)
        if (kept := self._answers.get(key)) is not None:
            reply = _reused(kept, question.task.answer)
            if reply is not None:
                self.spend.reused += 1
                return reply
        flight = self._flights.get(key)
        shared = flight is not None
        if flight is None:
            bill = Bill()
            answering = self._answer(question, messages, key, bill)
            flight = _Flight(asyncio.create_task(answering), bill)
            self._flights[key] = flight
            flight.task.add_done_callback(lambda task: self._landed(key, task))
        reply = await self._landing(flight)
        self.spend.reused += shared
        return replace(reply, reused=True) if shared else reply

    async def close(self) -> None:
        """Close the connections."""
        await self._caller.close()

    async def _landing(self, flight: _Flight) -> Reply[Any]:
        """Wait for a question's answer; the last one to lose interest ends it, unless it is out."""
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        except asyncio.CancelledError:
            if flight.waiting == 1:
                flight.bill.abandoned = True
                if not flight.bill.on_wire:
                    flight.task.cancel()
            raise
        finally:
            flight.waiting -= 1

    def _landed(self, key: str, task: asyncio.Task[Reply[Any]]) -> None:
        del self._flights[key]
        if not task.cancelled():
            task.exception()  # looked at, also where nobody waits any more

    async def _answer(
        self, question: Question[A], messages: list[Message], key: str, bill: Bill
    ) -> Reply[A]:
        """Ask, repair once, and keep what came."""
        if not self.spend.first:
            self.spend.first = time.monotonic()
        kept = self._kept(question, messages, key)
        try:
            completion, reading = await self._asked(question, messages, bill)
        except (RefusedError, FailedError, TooLongError) as error:
            self.spend.failed += 1
            return Reply(None, _billed(kept, bill, problem=str(error)), reused=False)
        finally:
            self.spend.last = time.monotonic()
        value = None if reading.value is None else reading.value.model_dump_json(by_alias=True)
        kept = replace(kept, text=completion.text, latency=completion.seconds, value=value)
        kept = _billed(kept, bill, problem=reading.problem)
        self._answers.put(kept)
        self.spend.answered += 1
        self.spend.unusable += value is None
        return Reply(reading.value, kept, reused=False)

    async def _asked(
        self, question: Question[A], messages: list[Message], bill: Bill
    ) -> tuple[Completion, Reading[A]]:
        await self._caller.found()
        values, messages, saved = self._fitting(question, messages)
        model = question.task.answer
        for times in range(SHRINKS + 1):
            try:
                completion, form = await self._caller.complete(messages, model, bill)
                break
            except TooLongError as error:
                saved += self._too_many(messages, error.tokens)
                values, shorter = _shrunk(question, saved)
                if shorter == messages or times == SHRINKS:  # the same again is as long again
                    if error.completion is None:
                        raise
                    return error.completion, Reading(None, str(error))
                messages = shorter
        reading = self._checked(question.task, values, completion)
        if completion.finish in ("stop", "") and not completion.refusal:
            self._caller.shape.judged(form, reading.formed)
        if reading.value is not None or not _repairable(completion):
            return completion, reading
        again = repair_messages(messages, completion.text, reading.problem, model)
        try:
            repaired, _ = await self._caller.complete(again, model, bill)
        except (BudgetReached, RefusedError, TooLongError):
            return completion, reading  # paid for: it is kept as it is
        return repaired, self._checked(question.task, values, repaired)

    def _fitting(
        self, question: Question[A], messages: list[Message]
    ) -> tuple[Values, list[Message], int]:
        """The question with as much history as there is room for, and the tokens that saved."""
        values, saved = question.values, 0
        room = self.endpoint.context_tokens - self.endpoint.answer_tokens
        tokens = self._caller.tokens
        for _ in range(SHRINKS):
            # The first question is not cut on a guess: the server's word or count comes soon.
            known = self._caller.shape.known
            over = (tokens.cautious(messages) if known else tokens.likely(messages)) - room
            if over <= 0 or question.shrink is None:
                break
            saved += over
            values, messages = _shrunk(question, saved)
        if (likely := tokens.likely(messages)) > room:
            raise TooLongError(f"the prompt has about {likely} tokens, where {room} fit", likely)
        return values, messages, saved

    def _too_many(self, messages: list[Message], tokens: int) -> int:
        """Tokens to save after an endpoint found a prompt too long."""
        room = self.endpoint.context_tokens - self.endpoint.answer_tokens
        has = tokens or self._caller.tokens.cautious(messages)
        return max(has - room, has // 4)

    def _checked(self, task: Task[A], values: Values, completion: Completion) -> Reading[A]:
        if completion.refusal:
            return Reading(None, f"the model declined: {completion.refusal}")
        reading = read_answer(completion.text, task.answer)
        if reading.value is not None:
            wrong = task.check(reading.value, values)
            return Reading(None, wrong) if wrong else reading
        if completion.finish == "content_filter":
            return Reading(None, "the endpoint's filter held it back")
        if completion.finish == "length":
            most = self.endpoint.answer_tokens
            return Reading(None, f"it was cut after {most} tokens; answer more briefly")
        if completion.finish == HUGE:
            return Reading(None, f"it is larger than {MAX_BYTES:,} bytes; answer briefly")
        return reading

    def _kept(self, question: Question[A], messages: list[Message], key: str) -> KeptAnswer:
        """What is kept of a question before there is an answer."""
        return KeptAnswer(
            key=key,
            task=question.task.name,
            version=question.task.version,
            prompt_hash=prompt_hash(messages),
            model=self.endpoint.model,
            endpoint=self.endpoint.base_url,
            parameters=_parameters(self.endpoint),
            text="",
            value=None,
            problem="",
            tokens_in=0,
            tokens_out=0,
            cost=0.0,
            latency=0.0,
            attempts=0,
            conversation_id=question.conversation_id,
        )


def question_key(task: Task[Any], messages: list[Message], endpoint: Endpoint) -> str:
    """The same for the same question: see `KeptAnswer.key`.

    What was found out about the server does not enter it, nor what its context left out: the
    same run on another day has the same keys.
    """
    answer: type[BaseModel] = task.answer
    return key_of_question(
        [task.name, task.version, schema_text(answer)],
        messages,
        [endpoint.model, endpoint.base_url.rstrip("/"), _parameters(endpoint)],
    )


def _parameters(endpoint: Endpoint) -> Mapping[str, Parameter]:
    return {"temperature": endpoint.temperature, "answer_tokens": endpoint.answer_tokens}


def _reused(kept: KeptAnswer, answer: type[A]) -> Reply[A] | None:
    if kept.value is None:
        return Reply(None, kept, reused=True)
    try:
        return Reply(answer.model_validate_json(kept.value, strict=True), kept, reused=True)
    except ValidationError:
        return None  # damaged: ask again


def _shrunk(question: Question[A], tokens: int) -> tuple[Values, list[Message]]:
    values = question.shrink(tokens) if question.shrink else question.values
    return values, render(question.task.template, values)


def _repairable(completion: Completion) -> bool:
    """Whether asking again may change it: not where the model or a filter declined."""
    return not completion.refusal and completion.finish != "content_filter"


def _billed(kept: KeptAnswer, bill: Bill, problem: str) -> KeptAnswer:
    return replace(
        kept,
        problem=problem,
        tokens_in=bill.tokens_in,
        tokens_out=bill.tokens_out,
        cost=bill.cost,
        attempts=bill.attempts,
    )
