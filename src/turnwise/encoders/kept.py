"""Vectors that are kept: each text is encoded once, and looked up from then on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from turnwise.encoders.encoder import Encoder, Vectors, distinct_texts
from turnwise.progress import Progress, silent

KEPT_AT_ONCE = 2048  # texts encoded between two writes to a vector store


class VectorStore(Protocol):
    """Remembers vectors: the workspace keeps them on disk, a test in a dict."""

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return what is known of the keys; those that are not known are left out."""
        ...

    def put(self, items: Mapping[bytes, bytes]) -> None:
        """Keep vectors; keeping a key again is harmless."""
        ...


class KeptEncoder:
    """An encoder whose vectors are kept: looks them up, encodes and keeps what is missing.

    Vectors are kept as float16, half the disk at an error far below that of the encoder (1e-4
    of a cosine), and a fresh vector is rounded alike, so that both ways give the same numbers.
    Whatever is finished is kept before the next texts are begun.

    Args:
        encoder: makes the vectors that are missing.
        store: keeps them, under a key of text and encoder.
    """

    def __init__(self, encoder: Encoder, store: VectorStore) -> None:
        self._encoder, self._store = encoder, store
        self.id, self.size, self.max_tokens = encoder.id, encoder.size, encoder.max_tokens

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Vectors:
        """Return Float32[n_texts, size], one row of unit length per text, in their order."""
        distinct, where = distinct_texts(texts)
        vectors = np.empty((len(distinct), self.size), np.float32)
        missing = self._look_up(distinct, vectors)
        # By length, so that what is encoded together pads little.
        missing.sort(key=lambda row: len(distinct[row]))
        done = len(distinct) - len(missing)
        progress("encoding", done, len(distinct))
        for rows in _chunks(missing, KEPT_AT_ONCE):
            halves = self._encoder.encode([distinct[row] for row in rows]).astype(np.float16)
            keys = (vector_key(self.id, distinct[row]) for row in rows)
            self._store.put({key: half.tobytes() for key, half in zip(keys, halves, strict=True)})
            vectors[rows] = _unit(halves.astype(np.float32))
            done += len(rows)
            progress("encoding", done, len(distinct))
        return vectors if len(distinct) == len(where) else vectors[where]

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has, special tokens and the limit left out."""
        return self._encoder.count_tokens(text)

    def _look_up(self, texts: Sequence[str], vectors: Vectors) -> list[int]:
        """Fill in the vectors that are kept; return the rows that are not."""
        missing: list[int] = []
        for rows in _chunks(range(len(texts)), KEPT_AT_ONCE):
            keys = [vector_key(self.id, texts[row]) for row in rows]
            kept = self._store.get(keys)
            known = [(row, kept[key]) for row, key in zip(rows, keys, strict=True) if key in kept]
            missing += [row for row, key in zip(rows, keys, strict=True) if key not in kept]
            if known:
                raw = b"".join(vector for _, vector in known)
                halves = np.frombuffer(raw, np.float16).reshape(len(known), self.size)
                vectors[[row for row, _ in known]] = _unit(halves.astype(np.float32))
        return missing


def vector_key(encoder_id: str, text: str) -> bytes:
    """Return the 16 bytes under which the vector of a text by an encoder is kept."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(encoder_id.encode() + b"\0")
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.digest()


def _chunks(rows: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit
