"""Labelled turns out of chains of states, made of what customers said."""

from turnwise.generation.emission.emit import Emission, Emitted, emit
from turnwise.generation.emission.pools import Pool, Pools, Position, Utterance

__all__ = ["Emission", "Emitted", "Pool", "Pools", "Position", "Utterance", "emit"]
