"""What a language model is asked about a doubt: one call for every dimension in doubt.

The hybrid of S0 (Building Multi-turn Intent Classification with LLM-based Labeling): a light
classifier answers what it is sure of, and a large model chooses among its top K for the rest. Here
the model is shown the conversation and, for each dimension in doubt, the candidates as the taxonomy
describes them; it answers with one of them, or that none is right, and how certain it is. No reason
is asked for: words take time that a customer waits for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from turnwise.conversations import ContextWindow, Example, context_turns
from turnwise.llm import Question, Task, load_template
from turnwise.llm.tasks import Values
from turnwise.serving.escalation import Doubt, Verdict
from turnwise.taxonomy import Dimension, Label, Taxonomy

NOTHING = "NONE_OF_THESE"
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
        return {"nothing": nothing, "parts": parts, **shown(doubt.example, saving)}

    task = Task("pick", "1", load_template("turnwise.serving", "prompts/pick.j2"), model)
    return Question(task, values(0), doubt.example.conversation.id, shrink=values)


def verdicts(picks: Picks, doubt: Doubt) -> dict[str, Verdict]:
    """What an answer says of each dimension."""
    found = {}
    for name, pick in picks.by_dimension().items():
        offered = {label for label, _ in doubt.candidates[name]}
        label = pick.label if pick.label in offered else None
        sure = pick.certainty != "unsure"
        found[name] = Verdict(label, CONFIDENCE[pick.certainty], sure)
    return found


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
    return Part(dimension.name, dimension.description, options_of(dimension, labels, locale))


def options_of(dimension: Dimension, labels: Collection[str], locale: str) -> tuple[Option, ...]:
    """Candidates as a prompt shows them, in their order."""
    return tuple(_option(dimension.label(name), labels, locale) for name in labels)


def _option(label: Label, offered: Collection[str], locale: str) -> Option:
    title = label.title(locale)
    return Option(
        label,
        title="" if title == label.name else title,
        mistaken=tuple(name for name in label.confused_with if name in offered),
        examples=() if label.description else label.examples[:EXAMPLES],
    )


def shown(example: Example, saving: int) -> Values:
    """The turn and what came before it as prompts show them, less so many tokens at the far end."""
    kept = example.history
    if saving:
        room = max(sum(_tokens(turn.text) for turn in (*kept, example.turn)) - saving, 1)
        window = ContextWindow("both", max_turns=example.index, max_tokens=room)
        kept = context_turns(example, window, _tokens)
    return {"history": kept, "left_out": example.index - len(kept), "last": example.turn}


def _tokens(text: str) -> int:
    # A role and a number stand before each turn, so that even an empty one costs something.
    return 4 + len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN
