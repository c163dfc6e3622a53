"""Ratings by a language model: a question each, all at the same time, every answer kept."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from turnwise.conversations import Role
from turnwise.generation.asking import Line
from turnwise.generation.quality.rating import Rating, unrated
from turnwise.llm import Asker, Background, BudgetReached, Question, together
from turnwise.llm.tasks import Values
from turnwise.progress import Progress

AT_ONCE = 500  # questions that are asked for together; between them progress is told
BYTES_A_TOKEN = 3  # of UTF-8, roughly; only used to tell how much history to leave out


class Rated(BaseModel):
    """What a model answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rating: int


def within_scale(answer: Rated, values: Values) -> str:
    """What is wrong with a rating, for the model to read."""
    return "" if 1 <= answer.rating <= 10 else "rating must be a whole number from 1 to 10"


def ask_ratings(
    questions: Sequence[Question[Rated]], asker: Asker, background: Background, progress: Progress
) -> list[Rating]:
    """Ask for all, and wait for them.

    A question without a usable answer, or that the budget does not reach, has no rating and says
    why.

    Raises:
        EndpointError: no question will be answered.
    """
    ratings: list[Rating] = []
    for first in range(0, len(questions), AT_ONCE):
        progress("rate", first, len(questions))
        some = questions[first : first + AT_ONCE]
        ratings += background.submit(together(_rated(one, asker) for one in some)).result()
    progress("rate", len(questions), len(questions))
    return ratings


def shown(
    turns: Sequence[tuple[Role, str]], saving: int, fewest: int
) -> tuple[tuple[Line, ...], int]:
    """The turns that a judge is shown, and how many at the beginning are left out.

    Args:
        saving: tokens to save; fewest: turns that stay at the end, however many are to be saved.
    """
    first = 0
    while saving > 0 and first < len(turns) - fewest:
        saving -= 4 + len(turns[first][1].encode("utf-8", "replace")) // BYTES_A_TOKEN
        first += 1
    return tuple(Line(role, text) for role, text in turns[first:]), first


async def _rated(question: Question[Rated], asker: Asker) -> Rating:
    try:
        reply = await asker.ask(question)
    except BudgetReached as reached:
        return unrated(str(reached))
    if reply.value is None:
        return unrated(f"no answer that can be used: {reply.kept.problem}")
    return Rating(float(reply.value.rating))
