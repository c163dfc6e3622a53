"""What language models are asked in clarification conversations, and what they may answer.

After S3 (Scaling Intent Understanding: A Framework for Classification with Clarification using
Lightweight LLMs): an assistant that decides or asks, a user who reveals only what is asked, and two
judges of turns. The first judge is shown the customer's turns up to one of them and no more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

from turnwise.generation.clarification.talk import Talk
from turnwise.llm import Question, Task, load_template
from turnwise.llm.tasks import Values
from turnwise.taxonomy import Label

VERSION = "1"  # raise it when a template, an answer or what is checked of it changes
LONGEST = 60  # words of a question or an answer
_MODELS_KEPT = 256  # of offered labels; each takes about a millisecond to make

_PART = re.compile(r"\{# part: (\w+) #\}\n?")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Turned(Strict):
    """What the assistant does; `label` is narrowed to what is offered."""

    action: Literal["label", "question", "out of domain"]
    label: str | None
    question: str


class Answered(Strict):
    answer: str


class Enough(Strict):
    verdict: Literal["enough", "not enough"]


class Rated(Strict):
    relevance: Literal["relevant", "moderately relevant", "not relevant"]
    conciseness: Literal["concise", "not concise"]
    repetition: Literal["repetitive", "somewhat repetitive", "not repetitive"]
    factuality: Literal["factual", "made up"]
    politeness: Literal["polite", "not polite"]


class Ratings(Strict):
    ratings: list[Rated]


def turn_question(talk: Talk, labels: tuple[Label, ...]) -> Question[Turned]:
    """What the assistant is asked, the customer having spoken last.

    Args:
        labels: those that are offered, as `shown`; names alone stand where a prompt is too long.
    """
    task = _turn_task(tuple(one.name for one in labels))
    return _question(task, talk, labels, {"turns": talk.turns})


def answer_question(talk: Talk) -> Question[Answered]:
    """What the customer is asked, the assistant having spoken last."""
    values = {"clear": talk.start.clear.text, "turns": talk.turns}
    return Question(_answer_task(), values, _source(talk))


def enough_question(talk: Talk, turns: int, labels: tuple[Label, ...]) -> Question[Enough]:
    """What a judge is asked of the customer's first so many turns."""
    return _question(_enough_task(), talk, labels, {"customer": talk.customer[:turns]})


def ratings_question(talk: Talk, labels: tuple[Label, ...]) -> Question[Ratings]:
    """What a judge is asked of all questions of a conversation."""
    told = {"turns": talk.turns, "questions": len(talk.questions)}
    return _question(_ratings_task(), talk, labels, told)


def _question(
    task: Task[Any], talk: Talk, labels: tuple[Label, ...], told: Mapping[str, object]
) -> Question[Any]:
    def values(saving: int = 0) -> Values:
        named = tuple(Label(one.name, one.path) for one in labels) if saving else labels
        return {"labels": named, **told}

    return Question(task, values(), _source(talk), shrink=values)


def _source(talk: Talk) -> str:
    return talk.start.clear.source.rpartition("#")[0]


@lru_cache(_MODELS_KEPT)
def _turn_task(offered: tuple[str, ...]) -> Task[Turned]:
    label: Any = Literal[offered] | None
    model = create_model("Turned", __base__=Turned, label=(label, ...))
    return Task("clarify-assistant", VERSION, template("assistant"), model, check_turn)


def check_turn(answer: Turned, values: Values) -> str:
    """The action has what it needs and nothing beside."""
    if answer.action == "label" and answer.label is None:
        return "label must be one of the list for this action"
    if answer.action != "label" and answer.label is not None:
        return f"label must be null for the action {answer.action!r}"
    if answer.action == "question":
        words = len(answer.question.split())
        return "" if 0 < words <= LONGEST else f"question needs 1 to {LONGEST} words"
    return ""


@cache
def _answer_task() -> Task[Answered]:
    return Task("clarify-customer", VERSION, template("customer"), Answered, check_answer)


def check_answer(answer: Answered, values: Values) -> str:
    """A few words."""
    words = len(answer.answer.split())
    return "" if 0 < words <= LONGEST else f"answer needs 1 to {LONGEST} words"


@cache
def _enough_task() -> Task[Enough]:
    return Task("clarify-enough", VERSION, template("enough"), Enough)


@cache
def _ratings_task() -> Task[Ratings]:
    return Task("clarify-ratings", VERSION, template("ratings"), Ratings, check_ratings)


def check_ratings(answer: Ratings, values: Values) -> str:
    """One for each question."""
    given, wanted = len(answer.ratings), values["questions"]
    return (
        "" if given == wanted else f"ratings holds {given} objects, {wanted} questions stand there"
    )


@cache
def template(name: str) -> str:
    """The Jinja source of a prompt; what several share stands in files that begin with `_`."""
    return _PART.sub(lambda part: _read(f"_{part[1]}"), _read(name))


def _read(name: str) -> str:
    return load_template("turnwise.generation.clarification", f"prompts/{name}.j2")
