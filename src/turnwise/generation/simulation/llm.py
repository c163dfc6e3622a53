"""Players that are language models: one call says which moves fit, one writes each turn.

After the simulator of S0, section 4.2 and appendix C.3; the prompts are our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from turnwise.generation.asking import FIRST, Again, Said, TextCheck, ask_twice, lines
from turnwise.generation.emission.words import plain
from turnwise.generation.simulation.exchanges import Exchange, Exchanges
from turnwise.generation.simulation.moves import MEANINGS, MOVES, Move
from turnwise.generation.simulation.players import Answer, Players, Utterance
from turnwise.generation.simulation.scene import Scene, SeedQuery
from turnwise.llm import Asker, Question, Task, load_template
from turnwise.llm.tasks import Values
from turnwise.taxonomy import Taxonomy

VERSIONS = {"moves": "1", "customer": "1", "agent": "1"}  # raise one with its prompt or answer
CUSTOMER_WORDS = 25  # fewer are asked for
AGENT_WORDS = 40
SHOWN = 3  # answers of the logs
COPIED = "the same words as in another turn"
FEW = 4  # words that may be said again

A = TypeVar("A", bound=BaseModel)


class Moves(BaseModel):
    """Which moves fit, as a model answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    moves: tuple[Move, ...]


class Reaction(Said):
    """What an agent says, as a model writes it."""

    settled: bool


@dataclass(frozen=True, slots=True)
class Meaning:
    """A move as a prompt explains it."""

    name: str
    meaning: str


_MEANINGS = tuple(Meaning(move, MEANINGS[move]) for move in MOVES)


def llm_players(
    asker: Asker,
    taxonomy: Taxonomy,
    exchanges: Exchanges,
    checks: tuple[TextCheck, TextCheck],
) -> Players:
    """All three parts played by one model.

    Args:
        exchanges: what agents of the logs answered, for the model to go by.
        checks: of what a customer says, and of what an agent says.
    """
    customer, agent = checks
    return Players(
        LlmController(asker),
        LlmCustomer(asker, customer),
        LlmResponder(asker, taxonomy, exchanges, agent),
        maker=asker.source_name,
    )


@dataclass(frozen=True)
class LlmController:
    """Asks a model which moves fit; implements `Controller`."""

    asker: Asker

    async def feasible(self, scene: Scene) -> Sequence[Move]:
        answer = await ask_twice(self.asker, partial(self.question, scene), _no_move, "controller")
        return tuple(dict.fromkeys(answer.moves))

    def question(self, scene: Scene, again: Again = FIRST) -> Question[Moves]:
        values = {"moves": _MEANINGS, "wish": scene.wish.text}
        return _question(moves_task(), values, scene, again)


@dataclass(frozen=True)
class LlmCustomer:
    """Asks a model for the customer's turn; implements `Customer`."""

    asker: Asker
    check: TextCheck

    async def turn(self, scene: Scene, move: Move, wish: SeedQuery) -> Utterance:
        async def fault(answer: Said) -> str:
            wrong = self.check.fault(answer.text, CUSTOMER_WORDS - 1)
            return wrong or _copied(answer.text, scene)

        asked = partial(self.question, scene, move, wish)
        said = await ask_twice(self.asker, asked, fault, "customer")
        return Utterance(" ".join(said.text.split()))

    def question(
        self, scene: Scene, move: Move, wish: SeedQuery, again: Again = FIRST
    ) -> Question[Said]:
        values = {
            "moves": _MEANINGS,
            "words": CUSTOMER_WORDS,
            "wish": scene.wish.text,
            "new_wish": wish.text if wish != scene.wish else "",
            "move": move,
        }
        return _question(customer_task(), values, scene, again)


@dataclass(frozen=True)
class LlmResponder:
    """Asks a model for the agent's turn; implements `Responder`."""

    asker: Asker
    taxonomy: Taxonomy
    exchanges: Exchanges
    check: TextCheck

    async def answer(self, scene: Scene) -> Answer:
        async def fault(answer: Reaction) -> str:
            return self.check.fault(answer.text, AGENT_WORDS) or _copied(answer.text, scene)

        said = await ask_twice(self.asker, partial(self.question, scene), fault, "agent")
        sources = tuple(one.answer_source for one in self._known(scene))
        return Answer(" ".join(said.text.split()), said.settled, made="model", sources=sources)

    def question(self, scene: Scene, again: Again = FIRST) -> Question[Reaction]:
        action = self.taxonomy.action_for(scene.labels)
        values = {
            "words": AGENT_WORDS,
            "action": action.target if action else "",
            "known": tuple(one.answer for one in self._known(scene)),
        }
        return _question(agent_task(), values, scene, again)

    def _known(self, scene: Scene) -> list[Exchange]:
        """What agents answered to the turns of the logs that are nearest to the last one."""
        found = self.exchanges.answers(scene.labels, scene.turns[-1].text)
        return [one.exchange for one in found[:SHOWN]]


@cache
def moves_task() -> Task[Moves]:
    return Task("generate-moves", VERSIONS["moves"], _template("moves"), Moves)


@cache
def customer_task() -> Task[Said]:
    return Task("generate-customer-turn", VERSIONS["customer"], _template("customer"), Said)


@cache
def agent_task() -> Task[Reaction]:
    return Task("generate-agent-turn", VERSIONS["agent"], _template("agent"), Reaction)


def _template(name: str) -> str:
    return load_template("turnwise.generation.simulation", f"prompts/{name}.j2")


def _question(task: Task[A], values: Values, scene: Scene, again: Again) -> Question[A]:
    """A question about a conversation: what it began with is somebody's text."""

    def filled(saving: int = 0) -> Values:
        shown = lines(scene.turns, saving)
        return {**values, "history": shown, **again._asdict()}

    return Question(task, filled(), scene.opening.conversation_id, shrink=filled)


async def _no_move(answer: Moves) -> str:
    return "" if answer.moves else "it names no move"


def _copied(text: str, scene: Scene) -> str:
    """Whether a turn says word for word what was said before; a short one may."""
    words = plain(text)
    same = any(words == plain(turn.text) for turn in scene.turns)
    return COPIED if same and len(words.split()) > FEW else ""
