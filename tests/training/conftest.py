"""A shop of three products, its conversations, and an encoder that knows words only."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from random import Random

import numpy as np
import pytest

from turnwise.conversations import Conversation, Turn
from turnwise.taxonomy import Dimension, Label, Taxonomy
from turnwise.training import TrainingConfig

PRODUCTS = ("Bike", "Boat", "Kite")
WISHES = {"REPAIR": "can you repair it", "PRICE": "how much is it", "WAIT": "when is it ready"}

Shop = Callable[..., list[Conversation]]


class WordEncoder:
    """Each word a random direction: texts are near where they share words."""

    id, size, max_tokens = "words", 48, 256

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str], progress: object = None) -> np.ndarray:
        self.encoded += texts
        rows = np.array([self._vector(text) for text in texts], np.float32)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)

    def _vector(self, text: str) -> np.ndarray:
        words = text.lower().split() or [""]
        draws = (np.random.default_rng(zlib.crc32(one.encode())) for one in words)
        return np.sum([draw.normal(size=self.size) for draw in draws], axis=0)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture
def taxonomy() -> Taxonomy:
    def labels(names: Sequence[str]) -> tuple[Label, ...]:
        return tuple(Label(name, (name,)) for name in names)

    dimensions = (Dimension("product", labels(PRODUCTS)), Dimension("wish", labels(list(WISHES))))
    return Taxonomy("shop", dimensions)


@pytest.fixture
def shop() -> Shop:
    """Make conversations: the product is named in the first turn only, the wish in each."""

    def make(count: int, prefix: str = "c") -> list[Conversation]:
        return [_conversation(f"{prefix}{number}", Random(number)) for number in range(count)]

    return make


def _conversation(name: str, draw: Random) -> Conversation:
    product = draw.choice(PRODUCTS)
    turns = []
    for position in range(3):
        wish = draw.choice(list(WISHES))
        said = f"about my {product} please" if position == 0 else "and now"
        gold = {"product": (product,), "wish": (wish,)}
        turns.append(Turn("customer", f"{said} {WISHES[wish]}", gold))
        turns.append(Turn("agent", draw.choice(("let me look", "one moment", "sure"))))
    return Conversation(name, tuple(turns))


@pytest.fixture
def config() -> TrainingConfig:
    return TrainingConfig(hidden=16, epochs=25)
