"""Who plays in a simulation. Each part is played by rules on the logs or by a language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from turnwise.generated import Labels
from turnwise.generation.simulation.moves import Move
from turnwise.generation.simulation.scene import Answer, Scene, SeedQuery

__all__ = ["Answer", "Controller", "Customer", "Players", "Responder", "Utterance"]


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a customer says.

    Attributes:
        labels: what it is to mean; empty: what the customer's turn before meant.
        sources, rules: as a generated turn's.
    """

    text: str
    labels: Labels = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


class Controller(Protocol):
    """Says what a customer could do next."""

    async def feasible(self, scene: Scene) -> Sequence[Move]:
        """The moves that fit a conversation which the agent spoke last in; none ends it."""
        ...


class Customer(Protocol):
    """Says what a customer says."""

    async def turn(self, scene: Scene, move: Move, wish: SeedQuery) -> Utterance:
        """The next turn.

        Args:
            wish: what the customer wants: another one than the scene's where the move is
                `intent change`.

        Raises:
            GivenUpError: nothing fit to be said was found.
        """
        ...


class Responder(Protocol):
    """Says what an agent says."""

    async def answer(self, scene: Scene) -> Answer:
        """The answer to a conversation which the customer spoke last in.

        Raises:
            GivenUpError: nothing fit to be said was found.
        """
        ...


@dataclass(frozen=True, slots=True)
class Players:
    """Who plays together; `maker` is what their conversations name as their writer."""

    controller: Controller
    customer: Customer
    responder: Responder
    maker: str = "embedded"
