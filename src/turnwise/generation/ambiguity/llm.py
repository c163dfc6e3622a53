"""Ambiguous queries written by a language model, and read again where there is a reader.

After S3 (Classification with Clarification), section 2.1.1: one query is edited, or one is written
for a pair of labels with a clear version for each.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

from turnwise.generation.ambiguity.pairing import Pair
from turnwise.generation.ambiguity.queries import Ambiguous, ClearQuery, alone
from turnwise.generation.ambiguity.sets import LabelSets, Meant
from turnwise.generation.asking import UNUSABLE
from turnwise.generation.quality.checks import fault, label_names
from turnwise.llm import (
    Asker,
    Background,
    BudgetReached,
    Question,
    Task,
    load_template,
    together,
)
from turnwise.llm.tasks import Values
from turnwise.taxonomy import Dimension, Label, Taxonomy

VERSION = "1"  # raise it when a template, an answer or what is checked of it changes
EXAMPLES = 3  # of a label, that a prompt shows
LONGEST_QUERY = 60  # words
_MODELS_KEPT = 64  # of dimensions; each takes about a millisecond to make

EDITED, FOR_A_PAIR = "edited", "pair"
UNFINISHED = "the budget was reached before its end"
READ_CLEAR = "one label alone is read from it"
NOT_CLEAR = "another label is read from a clear version"


class Possible(BaseModel):
    """A label that a query may carry; narrowed to those of a dimension."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    reason: str


class Edited(BaseModel):
    """What a model makes of a query."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    modified_query: str
    potential_labels: list[Possible]


class Paired(BaseModel):
    """What a model writes for two labels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: str
    first: str
    second: str


@dataclass(frozen=True)
class LlmAmbiguity:
    """Asks a model for ambiguous queries; implements `AmbiguityMaker`.

    Attributes:
        asker: whom; background: where the calls run.
        like: what customers wrote, to tell the language by.
        sets: reads the queries again; None where nobody can.
    """

    asker: Asker
    background: Background
    taxonomy: Taxonomy
    like: Sequence[str]
    sets: LabelSets | None = None

    def edit(self, queries: Sequence[ClearQuery], drawn: Sequence[int]) -> list[Ambiguous | str]:
        """See `AmbiguityMaker`.

        Raises:
            EndpointError: no question will be answered. What was answered is kept by whom it was
                asked.
        """
        asked = [self._edited(one, draw) for one, draw in zip(queries, drawn, strict=True)]
        return self._read(self.background.submit(together(map(_in_budget, asked))).result())

    def pairs(self, pairs: Sequence[Pair], queries: Sequence[ClearQuery]) -> list[Ambiguous | str]:
        """See `AmbiguityMaker`; raises as `edit`."""
        locale, market = (queries[0].locale, queries[0].market) if queries else ("", "")
        asked = [self._paired(pair, locale, market) for pair in pairs]
        return self._read(self.background.submit(together(map(_in_budget, asked))).result())

    async def _edited(self, query: ClearQuery, drawn: int) -> Ambiguous | str:
        names = [name for name in self.taxonomy.dimension_names if name in query.labels]
        dimension = self.taxonomy[names[drawn % len(names)]]
        reply = await self.asker.ask(edit_question(query, dimension, self._shown[dimension.name]))
        if reply.value is None:
            return UNUSABLE
        text = " ".join(reply.value.modified_query.split())
        reasons = {one.label: one.reason for one in reply.value.potential_labels}
        maker = self.asker.source_name
        made = Ambiguous(text, dimension.name, tuple(reasons), (query,), EDITED, maker, reasons)
        return self._fault(text) or made

    async def _paired(self, pair: Pair, locale: str, market: str) -> Ambiguous | str:
        name, *labels = pair
        reply = await self.asker.ask(pair_question(self.taxonomy[name], labels))
        if reply.value is None:
            return UNUSABLE
        said = (reply.value.query, reply.value.first, reply.value.second)
        text, *versions = (" ".join(one.split()) for one in said)
        clear = tuple(
            ClearQuery(version, {name: label}, "", locale, market)
            for version, label in zip(versions, labels, strict=True)
        )
        made = Ambiguous(text, name, tuple(labels), clear, FOR_A_PAIR, self.asker.source_name)
        faults = (self._fault(one) for one in (text, *versions))
        return next(filter(None, faults), made)

    def _fault(self, text: str) -> str:
        return fault(text, like=self.like, labels=self._names, most_words=LONGEST_QUERY)

    @cached_property
    def _names(self) -> frozenset[str]:
        return label_names(self.taxonomy)

    @cached_property
    def _shown(self) -> Mapping[str, tuple[Label, ...]]:
        return {one.name: shown(one.labels) for one in self.taxonomy.dimensions}

    def _read(self, results: Sequence[Ambiguous | str]) -> list[Ambiguous | str]:
        """Each query with those of its labels that a reader sees too, or why it is not kept."""
        if self.sets is None or not results:
            return list(results)
        said = [
            alone(text, one.clear[0].locale)
            for one in results
            if isinstance(one, Ambiguous)
            for text in (one.text, *_versions(one))
        ]
        meant = self.sets.meant(said) if said else {}
        read: list[Ambiguous | str] = []
        row = 0
        for one in results:
            if isinstance(one, Ambiguous):
                read.append(_verified(one, meant[one.dimension], row))
                row += 1 + len(_versions(one))
            else:
                read.append(one)
        return read


def _versions(made: Ambiguous) -> tuple[str, ...]:
    """The clear queries that a model wrote, too."""
    return tuple(one.text for one in made.clear) if made.made == FOR_A_PAIR else ()


def _verified(made: Ambiguous, meant: Meant, row: int) -> Ambiguous | str:
    wanted = [one.labels[made.dimension] for one in made.clear]
    for at, label in enumerate(wanted[: len(_versions(made))], row + 1):
        if meant.likeliest(at) != label:
            return NOT_CLEAR
    labels = tuple(one for one in meant.labels(row) if one in made.labels)
    if len(labels) < 2 or not {*wanted} <= {*labels}:
        return READ_CLEAR
    reasons = {name: made.reasons[name] for name in labels if name in made.reasons}
    return replace(made, labels=labels, reasons=reasons)


def edit_question(
    query: ClearQuery, dimension: Dimension, labels: tuple[Label, ...]
) -> Question[Edited]:
    """What a model is asked of one query.

    Args:
        labels: of the dimension, as `shown`; names alone stand where a prompt is too long.
    """

    def values(saving: int = 0) -> Values:
        return {
            "dimension": dimension.name,
            "labels": tuple(Label(one.name, one.path) for one in labels) if saving else labels,
            "query": query.text,
            "label": query.labels[dimension.name],
        }

    source = query.source.rpartition("#")[0]
    return Question(_edit_task(dimension.names), values(), source, shrink=values)


def pair_question(dimension: Dimension, labels: Sequence[str]) -> Question[Paired]:
    """What a model is asked of two labels."""
    return Question(_pair_task(), {"labels": shown([dimension.label(one) for one in labels])})


def shown(labels: Sequence[Label]) -> tuple[Label, ...]:
    """Labels as a prompt shows them: examples only where there is no description, few of them."""
    return tuple(
        Label(
            one.name,
            one.path,
            one.description,
            () if one.description else one.examples[:EXAMPLES],
        )
        for one in labels
    )


@lru_cache(_MODELS_KEPT)
def _edit_task(names: tuple[str, ...]) -> Task[Edited]:
    label: Any = Literal[names]
    possible = create_model("Possible", __base__=Possible, label=(label, ...))
    model = create_model(
        "Edited",
        __base__=Edited,
        potential_labels=(list[possible], ...),  # type: ignore[valid-type]
    )
    return Task("ambiguous-edit", VERSION, _template("edit"), model, check_edit)


def check_edit(answer: Edited, values: Values) -> str:
    """It is another query, for two labels at least, the given one among them."""
    labels = {one.label for one in answer.potential_labels}
    problems = []
    if _plain(answer.modified_query) in ("", _plain(str(values["query"]))):
        problems.append("modified_query is empty, or the query as it was")
    if len(labels) < 2:
        problems.append("potential_labels must name two different labels at least")
    if values["label"] not in labels:
        problems.append(f"potential_labels must name {values['label']!r}, the query's own label")
    return "; ".join(problems)


@cache
def _pair_task() -> Task[Paired]:
    return Task("ambiguous-pair", VERSION, _template("pair"), Paired, check_pair)


def check_pair(answer: Paired, values: Values) -> str:
    """Three different texts."""
    said = {_plain(one) for one in (answer.query, answer.first, answer.second)}
    return "" if len(said) == 3 and "" not in said else "three different queries are wanted"


def _plain(text: str) -> str:
    return " ".join("".join(one if one.isalnum() else " " for one in text.casefold()).split())


def _template(name: str) -> str:
    return load_template("turnwise.generation.ambiguity", f"prompts/{name}.j2")


async def _in_budget(work: Coroutine[None, None, Ambiguous | str]) -> Ambiguous | str:
    try:
        return await work
    except BudgetReached:
        return UNFINISHED
