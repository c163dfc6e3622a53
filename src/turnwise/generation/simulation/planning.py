"""What a simulation by a language model will ask, before anything is asked.

The embedded players hold the conversations; each time it is somebody's turn, what a model would
be asked then is written down. `llm.estimate` reckons from that what a run will cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from turnwise.generation.simulation.embedded import (
    EmbeddedController,
    EmbeddedCustomer,
    EmbeddedResponder,
)
from turnwise.generation.simulation.exchanges import Exchanges
from turnwise.generation.simulation.llm import LlmController, LlmCustomer, LlmResponder
from turnwise.generation.simulation.moves import DEFAULT_MIX, Mix, Move
from turnwise.generation.simulation.players import Answer, Players, Utterance
from turnwise.generation.simulation.scene import Scene, SeedQuery
from turnwise.generation.simulation.simulate import MOST_TURNS, simulate
from turnwise.llm import Question


def simulation_questions(
    players: Players,
    exchanges: Exchanges,
    seeds: Sequence[SeedQuery],
    numbers: Iterable[int],
    *,
    seed: int = 0,
    mix: Mix = DEFAULT_MIX,
    most_turns: int = MOST_TURNS,
) -> list[Question[Any]]:
    """The questions of some conversations, about as they will be.

    Args:
        players: language models, see `llm_players`; nobody is asked. The others: as `simulate`
            has them.
    """
    rehearsal = _Rehearsal(players, exchanges)
    stand_ins = Players(rehearsal, rehearsal, rehearsal)
    for _ in simulate(stand_ins, seeds, numbers, seed=seed, mix=mix, most_turns=most_turns):
        pass
    return rehearsal.questions


@dataclass
class _Rehearsal:
    """Plays all three parts by rules, and writes down what models would be asked."""

    players: Players
    exchanges: Exchanges
    questions: list[Question[Any]] = field(default_factory=list)

    async def feasible(self, scene: Scene) -> Sequence[Move]:
        if isinstance(self.players.controller, LlmController):
            self.questions.append(self.players.controller.question(scene))
        return await EmbeddedController().feasible(scene)

    async def turn(self, scene: Scene, move: Move, wish: SeedQuery) -> Utterance:
        if isinstance(self.players.customer, LlmCustomer):
            self.questions.append(self.players.customer.question(scene, move, wish))
        return await EmbeddedCustomer(self.exchanges).turn(scene, move, wish)

    async def answer(self, scene: Scene) -> Answer:
        if isinstance(self.players.responder, LlmResponder):
            self.questions.append(self.players.responder.question(scene))
        return await EmbeddedResponder(self.exchanges).answer(scene)
