"""Turns as selection compares them: one vector and one fingerprint each, history included.

A "yes" after another question is another turn: the vector is that of the turn plus half the
mean of its history, which fades with distance, and only the same words after the same words
count as the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from turnwise.context_arrays import NO_TURN, ContextArrays, context_arrays
from turnwise.conversations import ContextWindow, Example
from turnwise.encoders import Encoder, Vectors
from turnwise.progress import Progress

Numbers = NDArray[np.uint64]  # UInt64[n_turns]

TURNS_AT_ONCE = 4096
HISTORY = 0.5  # weight of the history beside the turn
FADE = 0.5  # weight of a turn of history beside the one after it

_SIGNS = re.compile(r"[^\w\s]|_")


@dataclass(frozen=True, slots=True)
class Contexts:
    """What is known of each turn of a pool.

    Attributes:
        vectors: Float16[n_turns, size], rows of unit length; half the memory, at an error of
            1e-3 of a cosine at most.
        words: fingerprint of the turn's text, said: of the text and its history, UInt64[n_turns].
        tickets: a number per turn that its id and the seed alone decide: what is drawn by lot
            is drawn by it, so that a second run draws the same.
    """

    vectors: NDArray[np.float16]
    words: Numbers
    said: Numbers
    tickets: Numbers


def see_contexts(
    turns: Sequence[Example], encoder: Encoder, window: ContextWindow, seed: int, progress: Progress
) -> Contexts:
    """Look at turns some at a time: memory beside the result does not grow with their number."""
    found = Contexts(
        np.empty((len(turns), encoder.size), np.float16),
        *(np.empty(len(turns), np.uint64) for _ in range(3)),
    )
    for start in range(0, len(turns), TURNS_AT_ONCE):
        some = turns[start : start + TURNS_AT_ONCE]
        rows = slice(start, start + len(some))
        arrays = context_arrays(some, window, encoder.count_tokens)
        found.vectors[rows] = _in_context(encoder.encode(arrays.texts), arrays)
        found.words[rows], found.said[rows] = _fingerprints(arrays)
        found.tickets[rows] = [_number(f"{seed}\0{one.index}\0{one.key[0]}") for one in some]
        progress("compare turns", rows.stop, len(turns))
    return found


def _in_context(vectors: Vectors, arrays: ContextArrays) -> Vectors:
    current, history = arrays.turns[:, 0], arrays.turns[:, 1:]
    weights = FADE ** np.arange(history.shape[1], dtype=np.float32) * (
        arrays.roles[:, 1:] > NO_TURN
    )
    weights *= HISTORY / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    joined = vectors[current]
    for column in range(history.shape[1]):
        joined += weights[:, column, None] * vectors[history[:, column]]
    unit: Vectors = joined / np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), 1e-9)
    return unit


def _fingerprints(arrays: ContextArrays) -> tuple[list[int], list[int]]:
    bare = [normalised(text) for text in arrays.texts]
    words = [_number(text) for text in bare]
    said = []
    for places, roles in zip(arrays.turns.tolist(), arrays.roles.tolist(), strict=True):
        spoken = (f"{role} {bare[at]}" for at, role in zip(places, roles, strict=True) if role)
        said.append(_number("\n".join(spoken)))
    return [words[at] for at in arrays.turns[:, 0].tolist()], said


def normalised(text: str) -> str:
    """A text in lower case without punctuation, its words one space apart.

    A text of nothing but punctuation stays as it is.
    """
    return " ".join(_SIGNS.sub("", text.lower()).split()) or text.strip()


def _number(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")
