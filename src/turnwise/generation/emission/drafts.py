"""A conversation while it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from turnwise.generated import GeneratedTurn, Labels, State
from turnwise.generation.emission.pools import Utterance

Chain = Sequence[State]


@dataclass(slots=True)
class Draft:
    """A customer turn while it is made.

    Attributes:
        utterance: the example that it is made of; text: what became of it; rules: by which rules.
        answer: the agent's turn after it, where there is one.
    """

    state: State
    utterance: Utterance
    text: str
    rules: tuple[str, ...] = ()
    answer: GeneratedTurn | None = None

    def undo(self) -> None:
        """Let the example stand as it was."""
        self.text, self.rules = self.utterance.text, ()

    def turns(self, dimensions: Sequence[str]) -> tuple[GeneratedTurn, ...]:
        """The customer's turn, and the agent's where there is one."""
        labels: Labels = {
            name: label for name, label in zip(dimensions, self.state, strict=True) if label
        }
        made = "adapted" if self.rules else "example"
        sources = (self.utterance.source,)
        turn = GeneratedTurn("customer", self.text, labels, made, sources, self.rules)
        return (turn,) if self.answer is None else (turn, self.answer)


class Writer(Protocol):
    """Makes the turns of a chain."""

    def write(self, chain: Chain, random: Random) -> list[Draft]:
        """Return a draft for each state; every state has an example."""
        ...
