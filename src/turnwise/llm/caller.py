"""Getting a completion out of an endpoint: in its form, at its pace, again where that helps."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel

from turnwise.llm.budget import Budget, Spend
from turnwise.llm.endpoint import Endpoint, EndpointError
from turnwise.llm.exchange import (
    Completion,
    Message,
    NoCompletionError,
    error_message,
    is_html,
    read_completion,
)
from turnwise.llm.outcomes import AgainError, Bill, FailedError, RefusedError, TooLongError
from turnwise.llm.rates import Gate, jittered
from turnwise.llm.retrying import retry_after, worth_retrying
from turnwise.llm.schemas import schema_field, schema_note, with_note
from turnwise.llm.shapes import Form, Shape, filtered, over_context
from turnwise.llm.tokens import TokenCount
from turnwise.llm.wire import Connections, CutError, Response, UnreachableError
from turnwise.llm.written import request_body

LONGEST_WAIT = 600.0  # seconds that a server may ask for; beyond, the run ends and goes on later
HELD = 50  # pauses that one question sits through before each counts as an attempt
FRUITLESS_PAUSES = 12  # that follow each other before an endpoint counts as refusing
KEPT_OF_HUGE = 2000  # characters of an answer that is too large to be one
HUGE = "huge"  # as a reason for which an answer ended


class Caller:
    """Asks one endpoint; what it has shown is remembered as long as this lives."""

    def __init__(self, endpoint: Endpoint, budget: Budget, spend: Spend, name: str) -> None:
        self.endpoint, self.tokens = endpoint, TokenCount()
        self.shape = Shape()
        self._budget, self._spend = budget, spend
        self._place = f"{name} ({endpoint.model} at {endpoint.base_url})"
        key = endpoint.key()
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        self._connections = Connections(endpoint.base_url, endpoint.timeout)
        limits = endpoint.requests_per_minute, endpoint.tokens_per_minute
        self._gate = Gate(endpoint.concurrency, *limits)
        self._heard = self._answered = False  # any HTTP at all; a completion
        self._lost = 0  # questions given up since the last completion
        self._stopped = ""

    async def complete(
        self, messages: list[Message], answer: type[BaseModel], bill: Bill
    ) -> tuple[Completion, Form]:
        """Ask until there is a completion.

        Raises:
            RefusedError, FailedError, TooLongError: of this question.
            EndpointError: no question will be answered.
            BudgetReached: the next call could pass the budget.
        """
        tried = faults = held = 0
        while True:
            try:
                return await self._in_turn(messages, answer, bill, faults // 2)
            except AgainError as again:
                held += again.paused
                tried += not again.paused or held > HELD
                faults += again.form_failed
                few = again.unreachable and not self._heard
                if tried >= (min(2, self.endpoint.attempts) if few else self.endpoint.attempts):
                    raise self._given_up(again) from again
                if not again.paused:
                    wait = jittered(tried) if again.seconds is None else again.seconds
                    await asyncio.sleep(wait)

    async def found(self) -> None:
        """Wait while another question finds out what the endpoint takes."""
        while not self.shape.known and self.shape.finding.locked():
            async with self.shape.finding:
                pass

    async def close(self) -> None:
        await self._connections.close()

    async def _in_turn(
        self, messages: list[Message], answer: type[BaseModel], bill: Bill, lower_by: int
    ) -> tuple[Completion, Form]:
        """One question finds out the endpoint's form, while all others wait for that."""
        if not self.shape.known:
            async with self.shape.finding:
                if not self.shape.known:
                    return await self._once(messages, answer, bill, lower_by)
        return await self._once(messages, answer, bill, lower_by)

    async def _once(
        self, messages: list[Message], answer: type[BaseModel], bill: Bill, lower_by: int
    ) -> tuple[Completion, Form]:
        form = self.shape.form
        for _ in range(lower_by):  # this schema, not all of them, may be what the server fails on
            form = self.shape.lower(form) or form
        while True:
            told = messages if form == "schema" else with_note(messages, schema_note(answer))
            came = await self._send(told, answer, form, bill)
            if isinstance(came, Completion):
                self._heard = self._answered = True
                self._lost = 0
                self.shape.answered(form)
                self._mind_context(came)
                return came, form
            form = self._another_form(came, form)

    def _another_form(self, response: Response, form: Form) -> Form:
        """The form in which to ask again at once.

        Raises:
            AgainError, RefusedError, TooLongError, EndpointError: what else the answer means.
        """
        status, message = response.status, error_message(response)
        told = f"HTTP {status}: {message}"
        if status in (400, 413, 422, 500) and over_context(message):
            raise TooLongError(told)
        if status in (400, 403, 422) and filtered(message):
            raise RefusedError(told)
        if status in (500, 501) and (lower := self.shape.failed(form, message)):
            return lower
        if worth_retrying(status):
            raise AgainError(told, self._waiting_time(response), form_failed=status == 500)
        about_model = "model" in message.lower() and not self._answered and form == "schema"
        may_be_form = status in (400, 422) and not (
            about_model and "response_format" not in message
        )
        if may_be_form and (another := self.shape.refused(form, message)):
            return another
        raise self._refusal(status, told)

    async def _send(
        self, messages: list[Message], answer: type[BaseModel], form: Form, bill: Bill
    ) -> Completion | Response:
        """One request. Gives the completion, or the answer that is none with its reason."""
        end = self.endpoint
        fields = self.shape.fields(end.answer_tokens, end.temperature)
        told, asked = self.shape.told(messages), schema_field(answer, form)
        body = request_body(told, {"model": end.model, **fields}, asked)
        expected = self.tokens.likely(messages) + end.answer_tokens
        sent = await self._gate.enter(expected)
        try:
            return await self._paid(body, messages, expected, bill, sent)
        finally:
            self._gate.leave()

    async def _paid(
        self, body: bytes, messages: list[Message], expected: int, bill: Bill, sent: float
    ) -> Completion | Response:
        end = self.endpoint
        if self._stopped:
            raise EndpointError(self._stopped)
        if bill.abandoned:
            raise asyncio.CancelledError
        most_in, most_out = self.tokens.most(messages, body), end.answer_tokens
        reserved = await self._budget.reserve(most_in + most_out, end.cost(most_in, most_out))
        used, was_sent = (most_in, most_out), True  # what was cut may have been charged
        bill.on_wire = True
        try:
            response = await self._connections.post("/chat/completions", self._headers, body)
            self._heard = True
            if response.status != 200:
                used = (0, 0)
                self._mind_pause(response, sent)
                return response
            completion = self._completion(response)
            used = self._counted(messages, completion)
            return completion
        except UnreachableError as error:
            used, was_sent = (0, 0), False
            raise AgainError(f"can't be reached: {error}", unreachable=True) from error
        except (CutError, NoCompletionError) as error:
            raise AgainError(str(error)) from error
        finally:
            bill.on_wire = False
            cost = end.cost(*used)
            self._budget.settle(reserved, sum(used), cost, sent=was_sent)
            self._gate.used(expected, sum(used))
            self._charge(bill, used, cost, was_sent)

    def _completion(self, response: Response) -> Completion:
        if is_html(response):
            if not self._answered:
                hint = "Does base_url end where the API begins, as in http://host:port/v1?"
                raise self.stop(f"answers a web page, no chat completions. {hint}")
            raise NoCompletionError("a web page")
        self._gate.answered()
        if response.whole:
            return read_completion(response)
        text = response.body[:KEPT_OF_HUGE].decode("utf-8", "replace")
        return Completion(text, HUGE, "", None, None, response.seconds)

    def _mind_context(self, completion: Completion) -> None:
        """Some servers take a prompt over the context, and answer without having read it all."""
        tokens, most = completion.tokens_in or 0, self.endpoint.context_tokens
        if tokens > most:
            told = f"the prompt has {tokens} tokens, of {most} at most"
            raise TooLongError(told, tokens, completion)

    def _counted(self, messages: list[Message], completion: Completion) -> tuple[int, int]:
        """Tokens of a completion; estimated where the server does not count."""
        if completion.tokens_in is not None:
            self.tokens.seen(messages, completion.tokens_in)
        tokens_in = completion.tokens_in or self.tokens.cautious(messages)
        if completion.tokens_out is not None:
            return tokens_in, completion.tokens_out
        return tokens_in, self.tokens.of_text(completion.text)

    def _charge(self, bill: Bill, used: tuple[int, int], cost: float, sent: bool) -> None:
        for account in (bill, self._spend):
            account.tokens_in += used[0]
            account.tokens_out += used[1]
        bill.cost += cost
        self._spend.money += cost
        bill.attempts += sent
        self._spend.calls += sent

    def _mind_pause(self, response: Response, sent: float) -> None:
        """Hold the whole endpoint where it says that it is asked too much."""
        seconds = self._waiting_time(response)
        if response.status != 429 and not (response.status == 503 and seconds is not None):
            return
        message = error_message(response)
        if "insufficient_quota" in message:
            raise self.stop(f"the account has no quota left: {message}")
        self._gate.pause(sent, seconds)
        if self._gate.pauses > FRUITLESS_PAUSES:
            raise self.stop(f"keeps refusing calls: HTTP {response.status}: {message}")
        raise AgainError(f"HTTP {response.status}: {message}", paused=True)

    def _waiting_time(self, response: Response) -> float | None:
        seconds = retry_after(response.headers)
        if seconds is not None and seconds > LONGEST_WAIT:
            raise self.stop(f"asks to wait {seconds:,.0f} seconds. Run the command again then")
        return seconds

    def _refusal(self, status: int, told: str) -> Exception:
        if self._answered:
            return RefusedError(told)
        what = {
            401: "refuses the key",
            403: "refuses the key",
            404: "knows no such model or address",
        }.get(status, "refuses the request")
        if status in (401, 403):
            name = self.endpoint.key_env
            told += f". Put the right key into {name}" if name else ". Name its key in key_env"
        return self.stop(f"{what}: {told}")

    def _given_up(self, last: AgainError) -> Exception:
        self._lost += 1
        if not self._answered or self._lost >= max(8, self.endpoint.concurrency):
            hint = "Once it is up again, run the same command: what was answered is kept"
            return self.stop(f"{last}. {hint}")
        return FailedError(f"no answer in {self.endpoint.attempts} attempts: {last}")

    def stop(self, message: str) -> EndpointError:
        """The error to end the run with: no further call goes out."""
        self._stopped = f"{self._place}: {message}"
        return EndpointError(self._stopped)
