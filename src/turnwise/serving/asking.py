"""The escalator that asks a language model: one call for every dimension in doubt.

The hybrid of S0 (Building Multi-turn Intent Classification with LLM-based Labeling): a light
classifier answers what it is sure of, and a large model chooses among its top K for the rest. Here
the model is shown the conversation and, for each dimension in doubt, the candidates as the taxonomy
describes them; it answers with one of them, or that none is right, and how certain it is. No reason
is asked for: words take time that a customer waits for.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, create_model

from turnwise.conversations import ContextWindow, Example, context_turns
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
    Task,
    load_template,
)
from turnwise.llm.tasks import Values
from turnwise.serving.escalation import Doubt, EscalationError, Settled, Verdict
from turnwise.taxonomy import Dimension, Label, Taxonomy

NOTHING = "NONE_OF_THESE"
ATTEMPTS = 2  # of one call: a connection that the server had closed is worth another
EXAMPLES = 3  # of a label without a description
BYTES_PER_TOKEN = 3  # of UTF-8, roughly; only used to tell how much history to leave out
_MODELS_KEPT = 512  # of sets of candidates; each takes about a millisecond to make

Certainty = Literal["certain", "likely", "unsure"]
# Round figures, an order more than a scale; only `unsure` leaves the decision to the next rule.
CONFIDENCE: Mapping[Certainty, float] = {"certain": 0.9, "likely": 0.7, "unsure": 0.4}

Options = tuple[tuple[str, tuple[str, ...]], ...]  # (dimension, what may be named)


class Pick(BaseModel):
    """What is said of one dimension; `label` is narrowed to what was offered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    certainty: Certainty


class Picks(BaseModel):
    """One pick for each dimension in doubt; models with their fields are made from it."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    def by_dimension(self) -> dict[str, Pick]:
        fields = type(self).model_fields
        return {one.alias or name: getattr(self, name) for name, one in fields.items()}


@dataclass(frozen=True, slots=True)
class Option:
    """A candidate as the prompt shows it; what says nothing new is empty.

    Attributes:
        mistaken: those of the other candidates that are easily mistaken for it.
        examples: where there is no description.
    """

    label: Label
    title: str
    mistaken: tuple[str, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A dimension in doubt as the prompt shows it."""

    name: str
    description: str
    options: tuple[Option, ...]


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
        client = self._ready(seconds)
        asked = self._background.submit(client.ask(question(doubt, self._taxonomy)))
        try:
            reply = asked.result(seconds)
        except TimeoutError as late:
            asked.cancel()
            raise self._late(seconds) from late
        except CancelledError as ended:  # it shared a call that nobody waited for any more
            raise self._is_closed() if self._closed else self._late(seconds) from ended
        except BudgetReached as reached:
            raise EscalationError(f"{self.name} is not asked: its budget is reached") from reached
        except EndpointError as error:
            self._retire(client)  # it would never ask again, and the endpoint may come back
            raise EscalationError(f"{self.name} does not answer") from error
        return _settled(reply, doubt, self.name)

    def close(self) -> None:
        """End what is being asked, and the connections. May be called twice."""
        self._closed = True
        self._background.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

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


def question(doubt: Doubt, taxonomy: Taxonomy) -> Question[Picks]:
    """What a model is asked about a doubt."""
    offered = {
        name: tuple(label for label, _ in candidates)
        for name, candidates in doubt.candidates.items()
    }
    nothing = _unlike({label for labels in offered.values() for label in labels})
    model = _answer_model(tuple((name, (*some, nothing)) for name, some in offered.items()))
    locale = doubt.example.conversation.locale
    parts = tuple(_part(taxonomy[name], labels, locale) for name, labels in offered.items())

    def values(saving: int) -> Values:
        return {"nothing": nothing, "parts": parts, **_conversation(doubt.example, saving)}

    task = Task("pick", "1", load_template("turnwise.serving", "prompts/pick.j2"), model)
    return Question(task, values(0), doubt.example.conversation.id, shrink=values)


def _settled(reply: Reply[Picks], doubt: Doubt, by: str) -> Settled:
    if reply.value is None:
        raise EscalationError(f"{by} gave no answer that can be used")
    verdicts = {}
    for name, pick in reply.value.by_dimension().items():
        offered = {label for label, _ in doubt.candidates[name]}
        label = pick.label if pick.label in offered else None
        sure = pick.certainty != "unsure"
        verdicts[name] = Verdict(label, CONFIDENCE[pick.certainty], sure)
    return Settled(verdicts, by, 0.0 if reply.reused else reply.kept.cost)


def _unlike(labels: Collection[str]) -> str:
    """The word for none of the options, which no label is called."""
    word = NOTHING
    while word in labels:
        word += "_"
    return word


@lru_cache(_MODELS_KEPT)
def _answer_model(options: Options) -> type[Picks]:
    """The answer, narrowed to what is offered of each dimension."""
    # Any text may name a dimension, but not a field: it becomes the field's alias.
    fields: dict[str, Any] = {}
    for place, (dimension, offered) in enumerate(options):
        label: Any = Literal[offered]
        pick = create_model(f"Pick{place}", __base__=Pick, label=(label, ...))
        fields[f"dimension_{place}"] = (pick, Field(alias=dimension))
    return create_model("Picks", __base__=Picks, **fields)


def _part(dimension: Dimension, labels: Collection[str], locale: str) -> Part:
    options = tuple(_option(dimension.label(name), labels, locale) for name in labels)
    return Part(dimension.name, dimension.description, options)


def _option(label: Label, offered: Collection[str], locale: str) -> Option:
    title = label.title(locale)
    return Option(
        label,
        title="" if title == label.name else title,
        mistaken=tuple(name for name in label.confused_with if name in offered),
        examples=() if label.description else label.examples[:EXAMPLES],
    )


def _conversation(example: Example, saving: int) -> Values:
    """The turn and what came before it, less so many tokens at its far end."""
    kept = example.history
    if saving:
        room = max(sum(_tokens(turn.text) for turn in (*kept, example.turn)) - saving, 1)
        window = ContextWindow("both", max_turns=example.index, max_tokens=room)
        kept = context_turns(example, window, _tokens)
    return {"history": kept, "left_out": example.index - len(kept), "last": example.turn}


def _tokens(text: str) -> int:
    # A role and a number stand before each turn, so that even an empty one costs something.
    return 4 + len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN
