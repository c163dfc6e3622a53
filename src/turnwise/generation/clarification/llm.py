"""Assistant, customer and judge played by language models, many conversations at a time.

Each raises EndpointError where no question will be answered. Conversations that the budget did not
reach to the end are left out, and said to be; what was answered is kept by whom it was asked, and
never paid again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from turnwise.generation.ambiguity.llm import UNFINISHED, shown
from turnwise.generation.asking import UNUSABLE
from turnwise.generation.clarification.play import Check
from turnwise.generation.clarification.sdrs import Judged, Rating
from turnwise.generation.clarification.talk import Failed, Move, Played, Start, Talk
from turnwise.generation.clarification.tasks import (
    Rated,
    answer_question,
    enough_question,
    ratings_question,
    turn_question,
)
from turnwise.llm import Asker, Background, BudgetReached, together
from turnwise.taxonomy import Label, Taxonomy

T = TypeVar("T")

_RELEVANCE = {"relevant": 1.0, "moderately relevant": 0.5, "not relevant": 0.0}
_NEW = {"not repetitive": 1.0, "somewhat repetitive": 0.5, "repetitive": 0.0}


@dataclass(frozen=True)
class Offered:
    """The labels of conversations as prompts show them: the same object for the same labels."""

    taxonomy: Taxonomy
    _made: dict[tuple[str, tuple[str, ...]], tuple[Label, ...]] = field(default_factory=dict)

    def of(self, start: Start) -> tuple[Label, ...]:
        place = start.dimension, start.offered
        if place not in self._made:
            dimension = self.taxonomy[start.dimension]
            self._made[place] = shown([dimension.label(name) for name in start.offered])
        return self._made[place]


async def _in_budget(work: Awaitable[T]) -> T | Failed:
    try:
        return await work
    except BudgetReached:
        return Failed(UNFINISHED)


class LlmAssistant:
    """A model that decides on a label, asks, or says that none fits; implements `Assistant`.

    Args:
        check: says what is wrong with a question; empty for nothing.
    """

    def __init__(
        self, asker: Asker, background: Background, taxonomy: Taxonomy, check: Check
    ) -> None:
        self.source_name = asker.source_name
        self._asker, self._background, self._offered = asker, background, Offered(taxonomy)
        self._check = check

    def moves(self, talks: Sequence[Talk]) -> list[Move | Failed]:
        return self._background.submit(
            together([_in_budget(self._move(one)) for one in talks])
        ).result()

    async def _move(self, talk: Talk) -> Move | Failed:
        reply = await self._asker.ask(turn_question(talk, self._offered.of(talk.start)))
        if reply.value is None:
            return Failed(f"the assistant: {UNUSABLE}")
        if reply.value.action == "label":
            return Move("label", reply.value.label or "")
        if reply.value.action == "out of domain":
            return Move("out_of_domain")
        text = " ".join(reply.value.question.split())
        if why := self._check(text):
            return Failed(f"the assistant's question: {why}")
        return Move("question", text=text)


class LlmCustomer:
    """A model that knows the clear query and reveals what is asked; implements `Customer`."""

    def __init__(self, asker: Asker, background: Background) -> None:
        self.source_name = asker.source_name
        self._asker, self._background = asker, background

    def answers(self, talks: Sequence[Talk]) -> list[str | Failed]:
        return self._background.submit(
            together([_in_budget(self._answer(one)) for one in talks])
        ).result()

    async def _answer(self, talk: Talk) -> str | Failed:
        reply = await self._asker.ask(answer_question(talk))
        if reply.value is None:
            return Failed(f"the customer: {UNUSABLE}")
        return " ".join(reply.value.answer.split())


class LlmJudge:
    """A model that judges conversations turn by turn; implements `Judge`."""

    def __init__(self, asker: Asker, background: Background, taxonomy: Taxonomy) -> None:
        self.source_name = asker.source_name
        self._asker, self._background, self._offered = asker, background, Offered(taxonomy)

    def judge(self, played: Sequence[Played]) -> list[Judged | Failed]:
        return self._background.submit(
            together([_in_budget(self._judged(one)) for one in played])
        ).result()

    async def _judged(self, played: Played) -> Judged | Failed:
        talk, labels = played.talk, self._offered.of(played.talk.start)
        upto = [enough_question(talk, at + 1, labels) for at in range(len(talk.customer))]
        replies = await together(list(map(self._asker.ask, upto)))
        verdicts = [one.value.verdict == "enough" for one in replies if one.value is not None]
        if len(verdicts) < len(upto):
            return Failed(f"the judge: {UNUSABLE}")
        if not talk.questions:
            return Judged(tuple(verdicts), ())
        reply = await self._asker.ask(ratings_question(talk, labels))
        if reply.value is None:
            return Failed(f"the judge: {UNUSABLE}")
        return Judged(tuple(verdicts), tuple(map(_rating, reply.value.ratings)))


def _rating(rated: Rated) -> Rating:
    return Rating(
        relevance=_RELEVANCE[rated.relevance],
        conciseness=float(rated.conciseness == "concise"),
        repetition_avoidance=_NEW[rated.repetition],
        factuality=float(rated.factuality == "factual"),
        politeness=float(rated.politeness == "polite"),
    )
