"""Asking questions of one endpoint: each once, checked, and kept as soon as it is answered."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Any

from turnwise.llm.answers import UNREPAIRED, AnswerStore, KeptAnswer
from turnwise.llm.budget import Budget, BudgetReached, Spend
from turnwise.llm.caller import HUGE, Caller
from turnwise.llm.endpoint import Endpoint, EndpointError
from turnwise.llm.exchange import Completion, Message
from turnwise.llm.fitting import Fitting
from turnwise.llm.keeping import begun, billed, question_key, reused, unrepaired
from turnwise.llm.outcomes import Bill, FailedError, RefusedError, TooLongError
from turnwise.llm.reading import Reading, read_answer
from turnwise.llm.schemas import repair_messages
from turnwise.llm.tasks import A, Question, Reply, Task, Values
from turnwise.llm.templates import render
from turnwise.llm.wire import MAX_BYTES

__all__ = ["Client", "question_key"]

SHRINKS = 4  # times a prompt that is too long is made shorter
OVER = "over"  # as a reason for which an answer ended: the prompt was not read to its end
NEAR = 2  # questions that are being worked on, for each call that may be in flight


ADVICE = (
    "Raise context_tokens of the endpoint (and start the server with a larger context), or use "
    "--strategy lara, which shows fewer labels"
)


@dataclass(slots=True)
class _Prompt:
    """A question as it is sent, with so many tokens of its history left out."""

    values: Values
    messages: list[Message]
    saved: int = 0

    def shorten(self, question: Question[Any], tokens: int) -> None:
        """Leave out so many more, if there are any."""
        self.saved += tokens
        if question.shrink:
            self.values = question.shrink(self.saved)
            self.messages = render(question.task.template, self.values)


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
        self._fitting = Fitting()
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
            EndpointError: no question will be answered: unreachable, a wrong key, no such model,
                or a context that holds none of them.
            BudgetReached: the next call could pass the budget. An answer that only waits for its
                repair is kept, and asking the question again later asks for no more than that.
        """
        # However many are asked together, prompts are made when their turn is near: all of them at
        # once would hold up the answers that come meanwhile.
        async with self._near:
            return await self._ask(question)

    async def _ask(self, question: Question[A]) -> Reply[A]:
        messages = render(question.task.template, question.values)
        key = question_key(question.task, messages, self.endpoint)
        kept = self._answers.get(key)
        if kept is not None and (reply := reused(kept, question.task.answer)) is not None:
            self.spend.reused += 1
            return reply
        flight = self._flights.get(key)
        shared = flight is not None
        if flight is None:
            bill = Bill()
            before = kept if kept is not None and kept.unrepaired else None
            before = before or begun(question, messages, key, self.endpoint)
            answering = self._answer(question, messages, before, bill)
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
        flight.bill.abandoned = False  # who lost interest before has been joined by another
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
        self, question: Question[A], messages: list[Message], before: KeptAnswer, bill: Bill
    ) -> Reply[A]:
        """Ask, repair once, and keep what came; or only repair what is still to be."""
        if not self.spend.first:
            self.spend.first = time.monotonic()
        try:
            completion, reading, stopped = await self._asked(question, messages, before, bill)
        except (RefusedError, FailedError, TooLongError) as error:
            self.spend.failed += 1
            failed = replace(before, latency=0.0)  # no answer came now, whatever came before
            return Reply(None, billed(failed, bill, str(error)), reused=False)
        finally:
            self.spend.last = time.monotonic()
        value = None if reading.value is None else reading.value.model_dump_json(by_alias=True)
        kept = replace(before, text=completion.text, latency=completion.seconds, value=value)
        kept = billed(kept, bill, UNREPAIRED + reading.problem if stopped else reading.problem)
        if kept != before:
            self._answers.put(kept)
        if stopped:  # to those who ask it has no answer yet, so that they ask again
            raise stopped
        self.spend.answered += 1
        self.spend.unusable += value is None
        return Reply(reading.value, kept, reused=False)

    async def _asked(
        self, question: Question[A], messages: list[Message], before: KeptAnswer, bill: Bill
    ) -> tuple[Completion, Reading[A], BudgetReached | None]:
        """The last answer, and what stopped its repair, if the budget did."""
        await self._caller.found()
        prompt = _Prompt(question.values, messages)
        try:
            self._fit(question, prompt)
            if before.unrepaired:
                completion, reading = unrepaired(before)
            else:
                completion, reading = await self._first(question, prompt, bill)
        except TooLongError as error:
            if error.bare and not await self._fitting.any(self._flights):
                raise self._none_fits(error) from error
            raise
        if reading.value is not None or not _repairable(completion):
            return completion, reading, None
        model = question.task.answer
        again = repair_messages(prompt.messages, completion.text, reading.problem, model)
        try:
            repaired, _ = await self._caller.complete(again, model, bill)
        except BudgetReached as stopped:
            return completion, reading, stopped
        except (RefusedError, TooLongError):
            return completion, reading, None  # paid for: it is kept as it is
        self._fitting.answered()
        return repaired, self._checked(question.task, prompt.values, repaired), None

    async def _first(
        self, question: Question[A], prompt: _Prompt, bill: Bill
    ) -> tuple[Completion, Reading[A]]:
        """The first answer, the prompt made shorter where the server wants that."""
        for times in range(SHRINKS + 1):
            try:
                completion, form = await self._caller.complete(
                    prompt.messages, question.task.answer, bill
                )
                break
            except TooLongError as error:
                before = prompt.messages
                prompt.shorten(question, self._too_many(before, error.tokens))
                error.bare = prompt.messages == before  # the same again is as long again
                if error.bare or times == SHRINKS:
                    if error.completion is None:
                        raise
                    return replace(error.completion, finish=OVER), Reading(None, str(error))
        self._fitting.answered()
        reading = self._checked(question.task, prompt.values, completion)
        if completion.finish in ("stop", "") and not completion.refusal:
            self._caller.shape.judged(form, reading.formed)
        return completion, reading

    def _fit(self, question: Question[A], prompt: _Prompt) -> None:
        """Leave out as much history as there is no room for.

        Raises:
            TooLongError: it is too long without any.
        """
        room, tokens = self._room, self._caller.tokens
        for _ in range(SHRINKS):
            # The first question is not cut on a guess: the server's word or count comes soon.
            known = self._caller.shape.known
            count = tokens.cautious if known else tokens.likely
            over = count(prompt.messages) - room
            if over <= 0 or question.shrink is None:
                break
            prompt.shorten(question, over)
        if (likely := tokens.likely(prompt.messages)) > room:
            error = TooLongError(f"the prompt has about {likely} tokens, where {room} fit", likely)
            error.bare = True
            raise error

    def _none_fits(self, error: TooLongError) -> EndpointError:
        told = f"is too long without any history: {error}"
        if error.tokens:
            told = (
                f"takes about {error.tokens:,} tokens without any history, where {self._room:,} fit"
            )
        return self._caller.stop(f"the prompt {told}. {ADVICE}")

    @property
    def _room(self) -> int:
        """Tokens that a prompt may have."""
        return self.endpoint.context_tokens - self.endpoint.answer_tokens

    def _too_many(self, messages: list[Message], tokens: int) -> int:
        """Tokens to save after an endpoint found a prompt too long."""
        has = tokens or self._caller.tokens.cautious(messages)
        return max(has - self._room, has // 4)

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


def _repairable(completion: Completion) -> bool:
    """Whether asking again may change it: not where the model or a filter declined."""
    return not completion.refusal and completion.finish not in ("content_filter", OVER)
