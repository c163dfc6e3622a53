"""A simulated conversation as far as it has come: what every player looks at."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from turnwise.generated import GeneratedTurn, Labels
from turnwise.generation.simulation.moves import Move

OPENING = "seed query"  # how a conversation's first turn was made
WRITTEN = "phrase"  # of Turnwise's own: how an agent's turn was made, and a customer's rule


@dataclass(frozen=True, slots=True)
class SeedQuery:
    """What a customer of the logs began with, and a simulated one wants.

    Attributes:
        labels: of that turn, as the logs were labelled.
        source: `conversation id#turn` of the logs.
        count: conversations that began with the same words.
        market, locale: of that conversation; empty where the logs tell none.
    """

    text: str
    labels: Labels
    source: str
    count: int = 1
    market: str = ""
    locale: str = ""

    @property
    def conversation_id(self) -> str:
        """Whose words these are."""
        return self.source.rpartition("#")[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agent says.

    Attributes:
        settled: whether it does what the customer wants, so that nothing more need be said.
        helpful: whether it leads any further.
        made, sources: as a generated turn's.
    """

    text: str
    settled: bool = False
    helpful: bool = True
    made: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """A conversation as far as it has come.

    Attributes:
        seed, number: what random choices hang on.
        opening: what the customer began with; wish: what it wants now.
        began: position of the customer turn that came up with it.
        turns: so far; labels: of the last customer turn.
        moves: of the customer's turns after the first, in their order.
        answers: of the agent, in their order: one after each customer turn.
    """

    seed: int
    number: int
    opening: SeedQuery
    wish: SeedQuery
    began: int = 0
    turns: tuple[GeneratedTurn, ...] = ()
    moves: tuple[Move, ...] = ()
    answers: tuple[Answer, ...] = ()

    @property
    def labels(self) -> Labels:
        """Of the last customer turn."""
        return next((one.labels for one in reversed(self.turns) if one.role == "customer"), {})

    @property
    def answered(self) -> tuple[Answer, ...]:
        """The agent's answers since the present wish came up."""
        return self.answers[self.began // 2 :]

    @property
    def used(self) -> frozenset[str]:
        """Sources of all turns so far."""
        return frozenset(source for turn in self.turns for source in turn.sources)

    def random(self, what: str) -> Random:
        """Chance for one purpose at this point of the conversation, the same in every run."""
        return Random(f"{what} {self.seed} {self.number} {len(self.turns)}")
