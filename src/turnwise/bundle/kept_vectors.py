"""The vectors of the texts that were read last: each turn is read again with those after it."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from turnwise.encoders import Vectors

Places = NDArray[np.int64]

ENTRY_BYTES = 400  # of a kept vector beside its numbers: key, array, place in the order


class KeptVectors:
    """Vectors in memory, those that were asked for longest ago making room; threads may share it.

    No text is kept: a vector's key is a hash of its text.

    Args:
        size: length of a vector; most_bytes: of all of them together.
    """

    def __init__(self, size: int, most_bytes: int) -> None:
        self._size, self._most = size, most_bytes // (4 * size + ENTRY_BYTES)
        self._kept: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def known(self, texts: Sequence[str]) -> tuple[Vectors, Places, Places]:
        """Return Float32[n_known, size], the places of these texts, and those of all others."""
        keys = [_key(text) for text in texts]
        vectors, there, missing = [], [], []
        with self._lock:
            for place, key in enumerate(keys):
                if (vector := self._kept.get(key)) is None:
                    missing.append(place)
                    continue
                self._kept.move_to_end(key)
                vectors.append(vector)
                there.append(place)
        found = np.array(vectors, np.float32).reshape(-1, self._size)
        return found, np.array(there, np.int64), np.array(missing, np.int64)

    def keep(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Keep Float32[n_texts, size]."""
        with self._lock:
            for text, vector in zip(texts, vectors, strict=True):
                self._kept[_key(text)] = vector.copy()  # a view would hold all of its batch
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
