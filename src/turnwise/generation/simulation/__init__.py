"""A customer and an agent that nobody is, under a controller that keeps them on their way.

    logs -> SeedQuery;  controller: which moves fit -> one is drawn -> customer -> agent -> ...

After the simulator of S0 (Building Multi-turn Intent Classification with LLM-based Labeling).
"""

from turnwise.generation.simulation.comparison import LabelComparison, compare_labels
from turnwise.generation.simulation.embedded import embedded_players
from turnwise.generation.simulation.exchanges import Exchanges
from turnwise.generation.simulation.llm import llm_players
from turnwise.generation.simulation.moves import DEFAULT_MIX, MOVES, Move, mix_of
from turnwise.generation.simulation.players import (
    Answer,
    Controller,
    Customer,
    Players,
    Responder,
    Utterance,
)
from turnwise.generation.simulation.scene import Scene, SeedQuery
from turnwise.generation.simulation.seeds import seed_queries
from turnwise.generation.simulation.simulate import simulate

__all__ = [
    "DEFAULT_MIX",
    "MOVES",
    "Answer",
    "Controller",
    "Customer",
    "Exchanges",
    "LabelComparison",
    "Move",
    "Players",
    "Responder",
    "Scene",
    "SeedQuery",
    "Utterance",
    "compare_labels",
    "embedded_players",
    "llm_players",
    "mix_of",
    "seed_queries",
    "simulate",
]
