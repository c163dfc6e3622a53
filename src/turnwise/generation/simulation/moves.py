"""What a customer can do next, how often, and what each of it means to who writes the turn.

The moves are those of S0, appendix C.3; the words and the weights are our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Literal, get_args

from turnwise.errors import ConfigError

Move = Literal[
    "chit-chat",
    "frustration",
    "intent change",
    "follow-up",
    "clarification",
    "rambling",
    "ask for an agent",
    "end",
]
MOVES: tuple[Move, ...] = get_args(Move)
Mix = Mapping[Move, float]

# Relative to each other; only the feasible ones take part in a draw. Switches are what logs show
# least of and what such conversations are made for; an end is feasible seldom, and then likely.
DEFAULT_MIX: Mix = {
    "chit-chat": 0.5,
    "frustration": 1.0,
    "intent change": 2.0,
    "follow-up": 2.0,
    "clarification": 1.0,
    "rambling": 0.5,
    "ask for an agent": 1.0,
    "end": 3.0,
}

MEANINGS: Mapping[Move, str] = {
    "chit-chat": "says something casual that has to do with the talk so far, and asks for nothing",
    "frustration": "shows annoyance at how the talk or the matter is going",
    "intent change": "drops or interrupts the present wish and comes up with another one",
    "follow-up": "goes on with the present wish: answers what the agent asked, or asks for what "
    "follows from the last answer",
    "clarification": "asks what something that the agent said means, or which of several is meant",
    "rambling": "says the present wish again in other words, beating about the bush",
    "ask for an agent": "asks, briefly, to be put through to a person",
    "end": "closes the talk, briefly, as the wish is settled",
}


def mix_of(weights: Mapping[str, float]) -> Mix:
    """The default mix with some weights changed.

    Args:
        weights: name of a move -> its weight, 0 or more; 0 rules it out.

    Raises:
        ConfigError: a name is no move, or a weight is below 0.
    """
    unknown = sorted(set(weights) - set(MOVES))
    if unknown:
        hint = f"The moves are: {', '.join(MOVES)}"
        raise ConfigError(f"there is no move {unknown[0]!r}", field="moves", hint=hint)
    mix = {move: float(weights.get(move, DEFAULT_MIX[move])) for move in MOVES}
    if wrong := [move for move, weight in mix.items() if not 0 <= weight < float("inf")]:
        raise ConfigError("a weight is a number of 0 or more", field=f"moves.{wrong[0]}")
    return mix


def draw_move(feasible: Sequence[Move], mix: Mix, random: Random) -> Move | None:
    """One of the feasible moves, by their weights; None where no weight is above 0."""
    offered = [move for move in MOVES if move in feasible and mix[move] > 0]
    if not offered:
        return None
    return random.choices(offered, [mix[move] for move in offered])[0]
