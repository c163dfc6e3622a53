"""What a language model is asked where it words a clarifying question.

After S3 (clarification that asks only what separates the labels): which labels are told apart is
settled before, by the model's probabilities and the taxonomy. Words alone are asked for, and
beside them what in the question names each option, so that it can be checked that all are named,
in the order by which replies such as "the second one" are read.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from turnwise.llm import Question, Task, load_template
from turnwise.llm.tasks import Values
from turnwise.serving.clarifying import spoken
from turnwise.serving.escalation import Draft
from turnwise.serving.picking import options_of, shown
from turnwise.taxonomy import Taxonomy

VERSION = "1"  # raise it when the template or the answer changes
OPTION = "option_"  # and its number, from 1: a field of the answer


class Worded(BaseModel):
    """A question; models with a field for each option are made from it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str


def wording_question(draft: Draft, taxonomy: Taxonomy) -> Question[Worded]:
    """What a model is asked about a draft."""
    asked, example = draft.question, draft.example
    locale, names = example.conversation.locale, [name for name, _ in asked.candidates]
    dimension = taxonomy[asked.dimension]
    options = tuple(
        replace(one, title=spoken(one.label, locale))
        for one in options_of(dimension, names, locale)
    )

    def values(saving: int) -> Values:
        return {
            "options": options,
            "question": asked.text,
            "asked": [one.text for one in draft.asked],
            "language": locale,
            **shown(example, saving),
        }

    template = load_template("turnwise.serving", "prompts/word.j2")
    task = Task("word", VERSION, template, _answer_model(len(names)))
    return Question(task, values(0), example.conversation.id, shrink=values)


def reworded(answer: Worded) -> tuple[str, tuple[str, ...]]:
    """The question of an answer, and its words for each option."""
    said: dict[str, str] = answer.model_dump()
    places = range(1, len(said))
    return answer.question.strip(), tuple(said[f"{OPTION}{at}"].strip() for at in places)


@lru_cache
def _answer_model(options: int) -> type[Worded]:
    fields: dict[str, Any] = {f"{OPTION}{at + 1}": (str, ...) for at in range(options)}
    return create_model("Worded", __base__=Worded, **fields)
