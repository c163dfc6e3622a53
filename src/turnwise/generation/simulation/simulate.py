"""Conversations between a simulated customer and a simulated agent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random

from turnwise.errors import GenerationError
from turnwise.generated import GeneratedConversation, GeneratedTurn, Labels
from turnwise.generation.asking import AT_ONCE, GivenUpError, Tally, converse
from turnwise.generation.simulation.moves import DEFAULT_MIX, Mix, Move, draw_move
from turnwise.generation.simulation.players import Answer, Players, Utterance
from turnwise.generation.simulation.scene import OPENING, Scene, SeedQuery
from turnwise.llm import Background

MOST_TURNS = 12  # of the customer
RELATED = 0.5  # share of the changes of intent that stay with a label of the wish before


def simulate(
    players: Players,
    seeds: Sequence[SeedQuery],
    numbers: Iterable[int],
    *,
    seed: int = 0,
    mix: Mix = DEFAULT_MIX,
    most_turns: int = MOST_TURNS,
    background: Background | None = None,
    tally: Tally | None = None,
    at_once: int = AT_ONCE,
) -> Iterator[GeneratedConversation]:
    """Play conversations, several at a time, and yield those that came to an end, in order.

    Each begins with a seed query. Then the controller says which moves fit, one of them is drawn,
    the customer makes it and the agent answers, until the customer closes the talk (outcome
    `resolved`), asked for a person (`handed_over`), or has taken its last turn (`turn_limit`).

    Args:
        seeds: what customers want; a change of intent takes another of the same market.
        numbers: of the conversations; with `seed` all that chance decides hangs on them.
        mix: move -> weight, see `mix_of`. most_turns: of the customer, 1 or more.
        background: where it runs; None: in a thread of its own.
        tally: counts outcomes, and what was dropped or not finished.
        at_once: conversations that are played together.

    Raises:
        GenerationError: there is no seed query, or `most_turns` is below 1.
        EndpointError: a player asks a model that can't be asked.
    """
    if not seeds:
        raise GenerationError("a simulation needs a seed query to begin with, and there is none")
    if most_turns < 1:
        raise GenerationError(f"a customer takes at least one turn, and not {most_turns}")
    stage = _Stage(players, tuple(seeds), seed, mix, most_turns)
    with ExitStack() as opened:
        place = background or opened.enter_context(Background())
        counted = tally if tally is not None else Tally()
        yield from converse(numbers, stage.play, place, counted, at_once)


@dataclass(frozen=True)
class _Stage:
    """Where conversations are played."""

    players: Players
    seeds: tuple[SeedQuery, ...]
    seed: int
    mix: Mix
    most_turns: int

    async def play(self, number: int) -> GeneratedConversation:
        """One conversation, from its first turn to its last."""
        scene, outcome = self._opening(number), ""
        while not outcome:
            scene = _answered(scene, await self.players.responder.answer(scene))
            if scene.moves[-1:] == ("ask for an agent",):
                outcome = "handed_over"
            elif len(scene.answers) == self.most_turns:
                outcome = "turn_limit"
            else:
                scene = await self._next_turn(scene)
                outcome = "resolved" if scene.moves[-1] == "end" else ""
        opening = scene.opening
        place = ("simulate", opening.market, str(self.seed), str(number))
        return GeneratedConversation(
            "-".join(filter(None, place)),
            "simulate",
            scene.turns,
            maker=self.players.maker,
            market=opening.market,
            locale=opening.locale,
            outcome=outcome,
        )

    def _opening(self, number: int) -> Scene:
        chosen = Random(f"seed query {self.seed} {number}").choice(self.seeds)
        turn = GeneratedTurn("customer", chosen.text, chosen.labels, OPENING, (chosen.source,))
        return Scene(self.seed, number, chosen, chosen, turns=(turn,))

    async def _next_turn(self, scene: Scene) -> Scene:
        feasible = await self.players.controller.feasible(scene)
        others = self._others(scene) if "intent change" in feasible else []
        offered = [move for move in feasible if others or move != "intent change"]
        move = draw_move(offered, self.mix, scene.random("move"))
        if move is None:
            raise GivenUpError("controller: no move of the mix fits")
        if move != "intent change":
            utterance = await self.players.customer.turn(scene, move, scene.wish)
            return _said(scene, move, utterance, scene.wish)
        wish = self._another(scene, others)
        return _said(scene, move, await self.players.customer.turn(scene, move, wish), wish)

    def _another(self, scene: Scene, others: Sequence[SeedQuery]) -> SeedQuery:
        """Another wish: about as often of a label in common with the present one as of any."""
        random = scene.random("wish")
        wanted = scene.wish.labels.items()
        related = [one for one in others if one.labels.items() & wanted]
        return random.choice(related if related and random.random() < RELATED else others)

    def _others(self, scene: Scene) -> list[SeedQuery]:
        """Seed queries that would be a change, and were not said yet."""
        said, labels = scene.used, scene.labels
        some = self._by_market[scene.opening.market, scene.opening.locale]
        return [one for one in some if one.labels != labels and one.source not in said]

    @cached_property
    def _by_market(self) -> Mapping[tuple[str, str], Sequence[SeedQuery]]:
        found: defaultdict[tuple[str, str], list[SeedQuery]] = defaultdict(list)
        for one in self.seeds:
            found[one.market, one.locale].append(one)
        return found


def _said(scene: Scene, move: Move, utterance: Utterance, wish: SeedQuery) -> Scene:
    """The scene after a customer's turn."""
    changed = move == "intent change"
    labels: Labels = utterance.labels or (wish.labels if changed else scene.labels)
    sources = tuple(dict.fromkeys((wish.source, *utterance.sources)))
    turn = GeneratedTurn("customer", utterance.text, labels, move, sources, utterance.rules)
    return replace(
        scene,
        wish=wish,
        began=len(scene.turns) if changed else scene.began,
        turns=(*scene.turns, turn),
        moves=(*scene.moves, move),
    )


def _answered(scene: Scene, answer: Answer) -> Scene:
    turn = GeneratedTurn("agent", answer.text, {}, answer.made, answer.sources)
    return replace(scene, turns=(*scene.turns, turn), answers=(*scene.answers, answer))
