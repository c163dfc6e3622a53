"""What is kept of a question: under which key, before its answer and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from turnwise.llm.answers import UNREPAIRED, KeptAnswer, Parameter
from turnwise.llm.endpoint import Endpoint
from turnwise.llm.exchange import Completion, Message
from turnwise.llm.outcomes import Bill
from turnwise.llm.reading import Reading
from turnwise.llm.schemas import schema_text
from turnwise.llm.tasks import A, Question, Reply, Task
from turnwise.llm.written import key_of_question, prompt_hash


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


def begun(
    question: Question[Any], messages: list[Message], key: str, endpoint: Endpoint
) -> KeptAnswer:
    """What is kept of a question before there is an answer."""
    return KeptAnswer(
        key=key,
        task=question.task.name,
        version=question.task.version,
        prompt_hash=prompt_hash(messages),
        model=endpoint.model,
        endpoint=endpoint.base_url,
        parameters=_parameters(endpoint),
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


def reused(kept: KeptAnswer, answer: type[A]) -> Reply[A] | None:
    """The reply that a kept answer is; None where the question is to be asked, or asked on."""
    if kept.unrepaired:
        return None
    if kept.value is None:
        return Reply(None, kept, reused=True)
    try:
        return Reply(answer.model_validate_json(kept.value, strict=True), kept, reused=True)
    except ValidationError:
        return None  # damaged: ask again


def unrepaired(kept: KeptAnswer) -> tuple[Completion, Reading[Any]]:
    """An answer that is still to be repaired, as it came, and what is wrong with it."""
    completion = Completion(kept.text, "", "", None, None, kept.latency)
    return completion, Reading(None, kept.problem.removeprefix(UNREPAIRED))


def billed(kept: KeptAnswer, bill: Bill, problem: str) -> KeptAnswer:
    """With what was used now, beside what it had cost before."""
    return replace(
        kept,
        problem=problem,
        tokens_in=kept.tokens_in + bill.tokens_in,
        tokens_out=kept.tokens_out + bill.tokens_out,
        cost=kept.cost + bill.cost,
        attempts=kept.attempts + bill.attempts,
    )


def _parameters(endpoint: Endpoint) -> Mapping[str, Parameter]:
    return {"temperature": endpoint.temperature, "answer_tokens": endpoint.answer_tokens}
