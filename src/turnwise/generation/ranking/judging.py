"""How good an answer is, from 1 to 10, by a language model; and what any judge of answers does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from turnwise.generation.quality.asked import Rated, ask_ratings, shown, within_scale
from turnwise.generation.quality.rating import Rating, refuse_own_work
from turnwise.generation.ranking.contests import Candidate, Contest
from turnwise.llm import Asker, Background, Question, Task, load_template
from turnwise.llm.tasks import Values
from turnwise.progress import Progress, silent

VERSION = "1"  # raise it when the template or the answer changes


class AnswerJudge(Protocol):
    """Rates both answers of contests."""

    @property
    def name(self) -> str: ...

    def rate(
        self, contests: Sequence[Contest], progress: Progress = silent
    ) -> list[tuple[Rating, Rating]]: ...


@dataclass(frozen=True)
class LlmAnswerJudge:
    """Asks a model that wrote neither answer, about one answer at a time (S2, 3.2.4); implements
    `AnswerJudge`."""

    asker: Asker
    background: Background

    @property
    def name(self) -> str:
        return self.asker.source_name

    def rate(
        self, contests: Sequence[Contest], progress: Progress = silent
    ) -> list[tuple[Rating, Rating]]:
        """Rate the first and the second answer of each; one without a usable answer says why.

        Raises:
            ConfigError: the judge wrote some of them.
            EndpointError: no question will be answered. What was answered is kept.
        """
        refuse_own_work(self.name, [answer.maker for one in contests for answer in one.answers])
        questions = [answer_question(one, answer) for one in contests for answer in one.answers]
        ratings = ask_ratings(questions, self.asker, self.background, progress)
        return list(zip(ratings[::2], ratings[1::2], strict=True))


def answer_question(contest: Contest, answer: Candidate) -> Question[Rated]:
    """What a model is asked about one answer."""

    def values(saving: int = 0) -> Values:
        turns, left_out = shown(contest.context, saving, fewest=1)
        return {"turns": turns, "left_out": left_out, "answer": answer.text}

    return Question(answer_task(), values(), shrink=values)


@cache
def answer_task() -> Task[Rated]:
    template = load_template("turnwise.generation.ranking", "prompts/answer.j2")
    return Task("answer-rating", VERSION, template, Rated, within_scale)
