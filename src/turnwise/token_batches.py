"""A tokenizer that cuts texts at a limit and puts them into batches of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from turnwise.encoders import (
    CHARS_PER_TOKEN,
    WINDOW,
    Batch,
    _by_length,
    _load_tokenizer,
    _valid,
)


class TextReader:
    """Texts to batches of token ids.

    Args:
        path: tokenizer.json; max_tokens: what is read of a text, special tokens included.

    Raises:
        EncoderError: no tokenizer is there.
    """

    def __init__(self, path: Path, max_tokens: int) -> None:
        self.max_tokens = max_tokens
        self._tokenizer = _load_tokenizer(path)
        self._tokenizer.enable_truncation(max_tokens)
        self._counter = _load_tokenizer(path)
        # Context windows ask for the same turns again and again.
        self._count = lru_cache(maxsize=65_536)(self._count_now)

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield texts as batches, short texts first; `rows` are places among the texts."""
        order = np.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(order), WINDOW):
            rows = order[start : start + WINDOW]
            window = [self._readable(texts[row]) for row in rows]
            tokens = [found.ids for found in self._tokenizer.encode_batch_fast(window)]
            yield from _by_length(tokens, rows)

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has, special tokens and the limit left out."""
        return self._count(text) if len(text) < 4096 else self._count_now(text)

    def _count_now(self, text: str) -> int:
        return len(self._counter.encode(_valid(text), add_special_tokens=False).ids)

    def _readable(self, text: str) -> str:
        return _valid(text[: self.max_tokens * CHARS_PER_TOKEN])
