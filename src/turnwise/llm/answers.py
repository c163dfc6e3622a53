"""Answers as they are kept: with the question they are to, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

Parameter = str | int | float

UNREPAIRED = "not repaired, as the budget was reached: "  # how the problem of such an answer begins


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a model answered, whether it can be used or not.

    Attributes:
        key: sha256 of task, version, rendered messages, answer schema, model, address and
            parameters: the same question has the same key.
        task, version: of the prompt; prompt_hash: sha256 of the rendered messages.
        model, endpoint, parameters: who was asked, where, and how.
        text: what the last attempt answered, word for word.
        value: the checked answer as JSON; None where it can't be used.
        problem: why it can't be used, else empty. It begins with `UNREPAIRED` where the model was
            not told of it, for lack of budget: the next run does that, and keeps what comes then.
        tokens_in, tokens_out, cost: over all attempts.
        latency: seconds, of the attempt that `text` is from.
        attempts: calls that the server was asked.
        conversation_id: whose text the prompt holds, empty for none; what is forgotten with it.
    """

    key: str
    task: str
    version: str
    prompt_hash: str
    model: str
    endpoint: str
    parameters: Mapping[str, Parameter]
    text: str
    value: str | None
    problem: str
    tokens_in: int
    tokens_out: int
    cost: float
    latency: float
    attempts: int
    conversation_id: str = ""

    @property
    def unrepaired(self) -> bool:
        """Whether the model was not told yet what is wrong with it."""
        return self.value is None and self.problem.startswith(UNREPAIRED)


class AnswerStore(Protocol):
    """What remembers answers; called from one thread."""

    def get(self, key: str) -> KeptAnswer | None: ...

    def put(self, answer: KeptAnswer) -> None:
        """Keep it at once: a process that is killed loses only what was in flight."""
        ...


class MemoryAnswers:
    """An answer store that lasts as long as the process."""

    def __init__(self) -> None:
        self.kept: dict[str, KeptAnswer] = {}

    def get(self, key: str) -> KeptAnswer | None:
        return self.kept.get(key)

    def put(self, answer: KeptAnswer) -> None:
        self.kept[answer.key] = answer
