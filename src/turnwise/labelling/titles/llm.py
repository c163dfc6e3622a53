"""Titles proposed by a language model: several for each label, in English."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel, ConfigDict

from turnwise.labelling.titles.originals import ENGLISH, language, original
from turnwise.llm import Asker, Question, Task, load_template
from turnwise.llm.tasks import Values
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Dimension, Label, Taxonomy

VERSION = "1"  # raise it when the template, the answer or what is checked of it changes
PHRASES = (3, 8)  # how many a model may give; it is asked for four to six
MAX_WORDS = 4  # of a phrase
OTHERS = 12  # titles of other labels that a prompt shows

Place = tuple[str, str]  # dimension, label


class Shortened(BaseModel):
    """What a model answers about one title."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str
    english: str
    phrases: list[str]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a model made of one title.

    Attributes:
        english: the whole title in English. english_already: whether it was.
        phrases: what it could become.
    """

    english: str
    english_already: bool
    phrases: tuple[str, ...]


def check_phrases(answer: Shortened, values: Values) -> str:
    """There are some, each of a few words on one line."""
    problems = []
    if not answer.english.strip():
        problems.append("english is empty")
    if not PHRASES[0] <= len(answer.phrases) <= PHRASES[1]:
        problems.append(f"phrases holds {len(answer.phrases)}; four to six were asked for")
    for phrase in answer.phrases:
        if not any(map(str.isalpha, phrase)) or not phrase.isprintable():
            problems.append(f"{phrase!r} is no phrase on one line")
        elif len(phrase.split()) > MAX_WORDS:
            problems.append(f"{phrase!r} has more than three words")
    return "; ".join(problems)


@cache
def title_task() -> Task[Shortened]:
    template = load_template("turnwise.labelling.titles", "prompts/title.j2")
    return Task("title", VERSION, template, Shortened, check_phrases)


def title_questions(taxonomy: Taxonomy, places: Sequence[Place]) -> list[Question[Shortened]]:
    """A question for each of some labels."""
    found = ((taxonomy[dimension], label) for dimension, label in places)
    return [_question(dimension, dimension.label(label)) for dimension, label in found]


async def propose_by_model(
    taxonomy: Taxonomy, places: Sequence[Place], asker: Asker, progress: Progress = silent
) -> dict[Place, Proposal | None]:
    """Ask for phrases for the titles of some labels; None where the answer can't be used.

    Raises:
        EndpointError: no question will be answered. BudgetReached: not all fit into the budget.
    """
    asked = title_questions(taxonomy, places)
    done = 0

    async def ask(question: Question[Shortened]) -> Proposal | None:
        nonlocal done
        reply = await asker.ask(question)
        done += 1
        progress("ask for titles", done, len(asked))
        return None if reply.value is None else _proposal(reply.value)

    found = await asyncio.gather(*map(ask, asked))
    return dict(zip(places, found, strict=True))


def _question(dimension: Dimension, label: Label) -> Question[Shortened]:
    values: Values = {
        "dimension": dimension,
        "label": label,
        "title": original(label).text,
        "others": _others(dimension, label),
    }
    return Question(title_task(), values)


def _others(dimension: Dimension, label: Label) -> Sequence[str]:
    """Titles of labels that are near: easily mistaken ones, then those under the same node."""
    near = [dimension.label(name) for name in label.confused_with]
    near += [one for one in dimension.labels if one.path[:-1] == label.path[:-1]]
    titles = [original(one).text for one in near if one.name != label.name]
    return tuple(dict.fromkeys(titles))[:OTHERS]


def _proposal(answer: Shortened) -> Proposal:
    return Proposal(
        english=" ".join(answer.english.split()),
        english_already=language(answer.language.strip()) in (ENGLISH, "english"),
        phrases=tuple(" ".join(one.split()) for one in answer.phrases),
    )
