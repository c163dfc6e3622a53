"""What a run will cost, before anything is asked: from a sample of its questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from turnwise.llm.answers import AnswerStore
from turnwise.llm.endpoint import Endpoint
from turnwise.llm.keeping import question_key, unrepaired
from turnwise.llm.schemas import repair_messages, schema_text
from turnwise.llm.tasks import Question
from turnwise.llm.templates import render
from turnwise.llm.tokens import TokenCount

ANSWER_SHARE = 0.25  # of answer_tokens, where no answer to the task is kept yet


@dataclass(frozen=True, slots=True)
class Estimate:
    """What asking all questions once takes, without repairs and repetitions.

    Attributes:
        questions: in all; reused: those whose answer is kept; calls: the others.
        tokens_in, tokens_out, money: of the calls.
        seconds: at the endpoint's concurrency and limits, where kept answers tell its latency;
            None where there are none.
        sample: questions that this was reckoned from; answers: kept answers among them.
    """

    questions: int
    reused: int
    calls: int
    tokens_in: int
    tokens_out: int
    money: float
    seconds: float | None
    sample: int
    answers: int


def estimate(
    sample: Iterable[Question[Any]], questions: int, endpoint: Endpoint, answers: AnswerStore
) -> Estimate:
    """Reckon from a sample what all questions will take.

    Args:
        sample: drawn so that it stands for all; the larger, the nearer.
        questions: how many there are in all.
        answers: what is kept; tells which questions cost nothing, and how long answers are.
    """
    drawn = list(sample)
    tokens, prompts, kept = TokenCount(), [], []
    for question in drawn:
        messages = render(question.task.template, question.values)
        answer_model: type[BaseModel] = question.task.answer
        answer = answers.get(question_key(question.task, messages, endpoint))
        if answer is not None:
            tokens.seen(messages, max(1, answer.tokens_in // max(1, answer.attempts)))
        if answer is not None and answer.unrepaired:
            first, reading = unrepaired(answer)
            prompts.append(repair_messages(messages, first.text, reading.problem, answer_model))
        elif answer is not None:
            kept.append(answer)
        else:
            schema = {"role": "user", "content": schema_text(answer_model)}
            prompts.append([*messages, schema])
    scale = questions / len(drawn) if drawn else 0.0
    calls = round(len(prompts) * scale)
    room = endpoint.context_tokens - endpoint.answer_tokens
    per_prompt = _mean([min(room, tokens.likely(prompt)) for prompt in prompts])
    lengths = [one.tokens_out / max(1, one.attempts) for one in kept]
    per_answer = _mean(lengths) if lengths else endpoint.answer_tokens * ANSWER_SHARE
    tokens_in, tokens_out = round(calls * per_prompt), round(calls * per_answer)
    return Estimate(
        questions=questions,
        reused=questions - calls,
        calls=calls,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        money=endpoint.cost(tokens_in, tokens_out),
        seconds=_seconds(calls, tokens_in + tokens_out, [one.latency for one in kept], endpoint),
        sample=len(drawn),
        answers=len(kept),
    )


def _seconds(
    calls: int, tokens: int, latencies: Sequence[float], endpoint: Endpoint
) -> float | None:
    limits = [
        60 * amount / limit
        for amount, limit in (
            (calls, endpoint.requests_per_minute),
            (tokens, endpoint.tokens_per_minute),
        )
        if limit
    ]
    if not latencies:
        return None
    return max([calls * _mean(latencies) / endpoint.concurrency, *limits])


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0
