"""`lara`: a model chooses among retrieved candidates, shown labelled examples of each.

The prompt forms are those of S1 (Balancing Accuracy and Efficiency in Multi-Turn Intent
Classification for LLM-Powered Dialog Systems in Production), in our words: plain (example, then
title), symbolic (symbols for titles, with a legend), prepended (title, then example) and
formatted (queries numbered, the last one marked, a fixed form of answer). Beyond S1, the prompts
hold what the other side said between the queries, since a bare "yes" means nothing without it,
and the description of each candidate that has no example.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_uppercase

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Example
from turnwise.labelling.annotator import Variant
from turnwise.labelling.demonstrations import Demonstration
from turnwise.labelling.llm.answers import Chosen, chosen_model
from turnwise.labelling.llm.picks import CERTAINTY, Pick, annotate, unusable
from turnwise.labelling.llm.retrieval import Offer, Offers, Retriever
from turnwise.labelling.llm.shown import show
from turnwise.labelling.llm.tasks import VERSIONS, Planned, make_task
from turnwise.llm import Asker, Question, Reply
from turnwise.llm.tasks import Values
from turnwise.taxonomy import Dimension

Order = Mapping[str, tuple[Demonstration, ...]]  # dimension -> demonstrations as they are shown


@dataclass(frozen=True, slots=True)
class Candidate:
    """A label as a prompt offers it.

    Attributes:
        shown: what the model answers with: the title, or a symbol for it.
        title: as people read it. description: empty where demonstrations speak for the label.
    """

    label: str
    shown: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Shot:
    """A demonstration as a prompt shows it; `shown` as of its candidate."""

    text: str
    shown: str


@dataclass(frozen=True, slots=True)
class Part:
    """What a prompt offers along one dimension."""

    name: str
    description: str
    candidates: tuple[Candidate, ...]
    shots: tuple[Shot, ...]


@dataclass(frozen=True)
class Lara:
    """Labels a turn by asking a model once, with demonstrations, the nearest one last."""

    asker: Asker
    retriever: Retriever
    variant: Variant = "formatted"

    @property
    def source(self) -> Source:
        version = f"{VERSIONS[f'lara-{self.variant}']} {self.variant}"
        return Source("llm", f"lara {self.asker.source_name}", version)

    def prepare(self, examples: Sequence[Example]) -> None:
        """Retrieve for all turns together."""
        self.retriever.prepare(examples)

    def questions(self, example: Example) -> tuple[Planned, ...]:
        (offers,) = self.retriever.retrieve([example])
        return ((self.asker, self.question(example, offers, ascending(offers))),)

    async def turn(self, example: Example) -> tuple[Annotation, ...]:
        offers = await self.retriever.offers(example)
        picks, _ = await self.ask(example, offers, ascending(offers))
        return annotate(example, self.source, picks)

    async def ask(
        self, example: Example, offers: Offers, order: Order
    ) -> tuple[Mapping[str, Pick], Reply[Chosen]]:
        """What the model chose, shown demonstrations in an order; abstaining if unusable."""
        parts = self._parts(offers, order)
        reply = await self.asker.ask(_question(self.variant, example, parts))
        if reply.value is None:
            return unusable(tuple(offers), reply.kept), reply
        certainty = reply.value.certainty.by_dimension()
        answered = reply.value.labels.by_dimension()
        picks = {}
        for part in parts:
            label = {one.shown: one.label for one in part.candidates}[answered[part.name]]
            offer, sure = offers[part.name], CERTAINTY[certainty[part.name]]
            picks[part.name] = Pick(label, sure, offer.why(label), offer.evidence(label))
        return picks, reply

    def question(self, example: Example, offers: Offers, order: Order) -> Question[Chosen]:
        return _question(self.variant, example, self._parts(offers, order))

    @cached_property
    def _titles(self) -> Mapping[str, Mapping[str, str]]:
        return {one.name: unique_titles(one) for one in self.retriever.taxonomy.dimensions}

    def _parts(self, offers: Offers, order: Order) -> tuple[Part, ...]:
        taxonomy = self.retriever.taxonomy
        return tuple(self._part(taxonomy[name], offers[name], order[name]) for name in offers)

    def _part(self, dimension: Dimension, offer: Offer, order: tuple[Demonstration, ...]) -> Part:
        titles = self._titles[dimension.name]
        shown = {label: titles[label] for label in offer.candidates}
        if self.variant == "symbolic":
            shown = dict(zip(offer.candidates, symbols(len(shown)), strict=True))
        spoken_for = {one.example.label for one in order}
        candidates = tuple(
            Candidate(
                label,
                shown[label],
                titles[label],
                "" if label in spoken_for else dimension.label(label).description,
            )
            for label in offer.candidates
        )
        shots = tuple(Shot(one.example.text, shown[one.example.label]) for one in order)
        return Part(dimension.name, dimension.description, candidates, shots)


def _question(variant: Variant, example: Example, parts: tuple[Part, ...]) -> Question[Chosen]:
    def values(saving: int = 0) -> Values:
        return {"parts": parts, "shown": show(example, saving)}

    options = tuple((one.name, tuple(label.shown for label in one.candidates)) for one in parts)
    task = make_task(f"lara-{variant}", chosen_model(options))
    return Question(task, values(), example.conversation.id, shrink=values)


def ascending(offers: Offers) -> Order:
    """Demonstrations by similarity, the most similar last, next to what is asked."""
    return {name: offer.demonstrations[::-1] for name, offer in offers.items()}


def unique_titles(dimension: Dimension) -> dict[str, str]:
    """Label -> its English title, or its name where it has none or another label shares it."""
    titles = {label.name: label.title() for label in dimension.labels}
    # A title that is another label's name would be read as that label.
    taken = Counter([*titles.values(), *dimension.names])
    return {
        name: title if title == name or taken[title] == 1 else name
        for name, title in titles.items()
    }


def symbols(count: int) -> list[str]:
    """A, B, ... Z, AA, AB, ...: as many as are needed."""
    found: list[str] = []
    for number in range(1, count + 1):
        symbol = ""
        while number:
            number, letter = divmod(number - 1, len(ascii_uppercase))
            symbol = ascii_uppercase[letter] + symbol
        found.append(symbol)
    return found
