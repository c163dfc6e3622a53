"""What an encoder is: texts to vectors of unit length, each distinct text once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from turnwise.progress import Progress, silent

Vectors = NDArray[np.float32]  # Float32[n_texts, size], rows of unit length


class Encoder(Protocol):
    """Turns texts into vectors of unit length.

    Attributes:
        id: changes whenever the vectors would (weights, precision, token limit).
        size: length of a vector.
        max_tokens: what is read of a text, special tokens included.
    """

    @property
    def id(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def max_tokens(self) -> int: ...

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Vectors:
        """Return Float32[n_texts, size], one row of unit length per text, in their order."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has, special tokens and the limit left out."""
        ...


@dataclass(frozen=True, slots=True)
class EncoderFacts:
    """Which encoder made some vectors; `max_tokens` counts its special tokens."""

    id: str
    size: int
    max_tokens: int


def distinct_texts(texts: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the distinct texts in their order, and for each text its place among them."""
    places: dict[str, int] = {}
    where = [places.setdefault(text, len(places)) for text in texts]
    return list(places), where
