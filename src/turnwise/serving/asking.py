"""The escalator that asks a language model, and words clarifying questions by it.

    Doubt --picking--> one question to the endpoint --> Settled
    Draft --rewording--> one question to the endpoint --> Wording

It is under a deadline: a customer waits.
"""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import Self

from turnwise.llm import (
    AnswerStore,
    Background,
    Budget,
    BudgetReached,
    Client,
    Endpoint,
    EndpointError,
    KeptAnswer,
    Question,
    Reply,
    Spend,
)
from turnwise.llm.tasks import A
from turnwise.serving.escalation import Call, Doubt, Draft, EscalationError, Settled, Wording
from turnwise.serving.picking import question, verdicts
from turnwise.serving.rewording import reworded, wording_question
from turnwise.taxonomy import Taxonomy

ATTEMPTS = 2  # of one call: a connection that the server had closed is worth another


class _NothingKept:
    """Answers are given once: the same conversation seldom comes again, and its text stays out."""

    def get(self, key: str) -> KeptAnswer | None:
        return None

    def put(self, answer: KeptAnswer) -> None:
        pass


class LanguageModel:
    """Settles doubts by asking an endpoint; threads may share it. Close it at the end.

    Conversations are sent as they are handed in: redact them before where that is called for.

    Attributes:
        name: as decisions name it.
    """

    waits = True

    def __init__(
        self,
        endpoint: Endpoint,
        taxonomy: Taxonomy,
        *,
        budget: Budget | None = None,
        answers: AnswerStore | None = None,
    ) -> None:
        """Ready to ask. It has a thread, so make it in the process that uses it.

        Args:
            budget: that no call may pass; None: no limit.
            answers: where answers are kept and looked up, from one thread; None: they are not.

        Raises:
            EndpointError: the key is not in the environment.
        """
        endpoint.key()
        self.name = f"llm {endpoint.model}"
        self._endpoint, self._taxonomy, self._budget = endpoint, taxonomy, budget
        self._answers = _NothingKept() if answers is None else answers
        self._background = Background()
        self._background.finally_(self._disconnect)
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._before, self._closed = Spend(), False

    @property
    def spend(self) -> Spend:
        """All that was asked and paid, also for answers that came late or could not be used."""
        with self._lock:
            return self._before if self._client is None else self._before + self._client.spend

    def settle(self, doubt: Doubt, seconds: float) -> Settled:
        """Ask about every dimension in doubt at once.

        At the deadline the question is given up: what was not sent yet never is, and a call that
        is out is cut after as long again at most.

        Raises:
            EscalationError: no answer in time, none at all, one that can't be used, or the
                budget is reached. Its text goes into decisions: addresses and what a server said
                are in its cause alone.
        """
        reply = self._reply(question(doubt, self._taxonomy), seconds)
        return Settled(verdicts(self._value(reply), doubt), self.name, _paid(reply), _call(reply))

    def word(self, draft: Draft, seconds: float) -> Wording:
        """Word a clarifying question anew, for the customer and the conversation at hand.

        Raises:
            EscalationError: as `settle`.
        """
        reply = self._reply(wording_question(draft, self._taxonomy), seconds)
        text, phrases = reworded(self._value(reply))
        return Wording(text, phrases, self.name, _paid(reply))

    def close(self) -> None:
        """End what is being asked, and the connections. May be called twice."""
        self._closed = True
        self._background.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _reply(self, asked: Question[A], seconds: float) -> Reply[A]:
        client = self._ready(seconds)
        asking = self._background.submit(client.ask(asked))
        try:
            return asking.result(seconds)
        except TimeoutError as late:
            asking.cancel()
            raise self._late(seconds) from late
        except CancelledError as ended:  # it shared a call that nobody waited for any more
            raise self._is_closed() if self._closed else self._late(seconds) from ended
        except BudgetReached as reached:
            raise EscalationError(f"{self.name} is not asked: its budget is reached") from reached
        except EndpointError as error:
            self._retire(client)  # it would never ask again, and the endpoint may come back
            raise EscalationError(f"{self.name} does not answer") from error

    def _value(self, reply: Reply[A]) -> A:
        if reply.value is None:
            message = f"{self.name} gave no answer that can be used"
            raise EscalationError(message, money=_paid(reply), call=_call(reply))
        return reply.value

    def _ready(self, seconds: float) -> Client:
        """The client; a new one where this deadline is longer than those before."""
        if self._closed:
            raise self._is_closed()
        if seconds <= 0:
            raise EscalationError(f"{self.name} is not asked: no time is left")
        longest = min(self._endpoint.timeout, seconds)
        client = self._client
        if client is not None and client.endpoint.timeout < longest:
            self._retire(client)
        with self._lock:
            if self._client is None:
                attempts = min(self._endpoint.attempts, ATTEMPTS)
                endpoint = replace(self._endpoint, timeout=longest, attempts=attempts)
                self._client = Client(endpoint, self._answers, self._budget, "escalation")
            return self._client

    def _retire(self, client: Client) -> None:
        """Ask by another one from now on."""
        with self._lock:
            if self._client is not client:
                return
            self._client, self._before = None, self._before + client.spend
        self._background.submit(client.close())

    async def _disconnect(self) -> None:
        if self._client is not None:
            await self._client.close()

    def _late(self, seconds: float) -> EscalationError:
        return EscalationError(f"{self.name} did not answer within {seconds:g} s")

    def _is_closed(self) -> EscalationError:
        return EscalationError(f"{self.name} is closed, and asks nobody any more")


def _paid(reply: Reply[A]) -> float:
    return 0.0 if reply.reused else reply.kept.cost


def _call(reply: Reply[A]) -> Call:
    kept = reply.kept
    # One latency is kept, the last attempt's.
    seconds = kept.latency * max(1, kept.attempts)
    return Call(kept.attempts, kept.tokens_in + kept.tokens_out, kept.cost, seconds)
