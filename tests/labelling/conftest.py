"""A small shop that repairs bikes and boats: a taxonomy, a labelled seed, and a toy encoder."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import pytest

from turnwise.conversations import Conversation, Turn
from turnwise.taxonomy import Dimension, Label, Taxonomy


class WordEncoder:
    """A bag of hashed words: knows nothing of meaning, but words in common."""

    id, size, max_tokens = "words", 256, 256

    def encode(self, texts: Sequence[str], progress=None) -> np.ndarray:
        rows = np.full((len(texts), self.size), 1e-3, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().replace("?", " ").replace(".", " ").split():
                row[zlib.crc32(word.encode()) % self.size] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


def _label(name: str, description: str, *examples: str) -> Label:
    return Label(name, (name,), description, examples)


@pytest.fixture
def taxonomy() -> Taxonomy:
    product = (
        _label(
            "Bike", "A bicycle and its wheels.", "my bike is broken", "the bicycle wheel squeaks"
        ),
        _label("Boat", "A boat and its sails.", "my boat leaks", "the sail of the boat is torn"),
        _label("Sledge", "A sledge for the snow.", "the sledge runner is bent"),
    )
    wish = (
        _label("REPAIR", "Wants something repaired.", "please repair it", "can you fix it"),
        _label("PRICE", "Asks what something costs.", "what does it cost", "how much is it"),
        _label("ANSWER", "A bare answer.", "yes please", "no thanks"),
    )
    dimensions = (
        Dimension("product", product, "What it is about."),
        Dimension("wish", wish, "What is wanted."),
    )
    return Taxonomy("shop", dimensions)


def _talk(number: int, thing: str, product: str) -> Conversation:
    def said(text: str, wish: str) -> Turn:
        return Turn("customer", text, {"product": (product,), "wish": (wish,)})

    return Conversation(
        f"talk-{number}",
        (
            said(f"hello number {number} please repair my {thing}", "REPAIR"),
            Turn("agent", f"Is the {thing} here, shall we start on the {thing}?"),
            said("yes", "ANSWER"),
            Turn("agent", "It is on its way."),
            said("and what does that cost", "PRICE"),
        ),
    )


@pytest.fixture
def seed() -> list[Conversation]:
    things = (("bike", "Bike"), ("boat", "Boat"))
    return [_talk(number, *things[number % 2]) for number in range(12)]
