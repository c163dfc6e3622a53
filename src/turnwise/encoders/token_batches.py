"""A tokenizer that cuts texts at a limit and puts them into batches of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from turnwise.errors import EncoderError

# Texts that are read one by one: a batch waits until the tokenizer's own threads have woken, which
# takes milliseconds where the processor is busy, against 0.05 for a text.
FEW = 16
WINDOW = 4096  # texts tokenized together: bounds the memory beside the vectors
BATCH_TOKENS = 512  # in a batch, padding included: what its layers pass on stays in the cache
CHARS_PER_TOKEN = 64  # beyond this many characters a token of the limit, a text is not read


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of like length, as the model takes them.

    Attributes:
        rows: Int64[n], where the batch's vectors go among the distinct texts.
        ids, mask: Int64[n, length], token ids and 1 where there is one.
    """

    rows: NDArray[np.int64]
    ids: NDArray[np.int64]
    mask: NDArray[np.int64]


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
            yield from by_length(self._ids([texts[row] for row in rows]), rows)

    def tokens(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Return Int64[length] for each text: its token ids, special tokens included."""
        starts = range(0, len(texts), WINDOW)
        windows = (self._ids(texts[start : start + WINDOW]) for start in starts)
        return [np.array(ids, np.int64) for window in windows for ids in window]

    @property
    def separator(self) -> str:
        """The token that ends a text (`[SEP]`, `</s>`); a line break where there is none."""
        specials = self._counter.encode("").tokens
        return str(specials[-1]) if specials else "\n"

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        readable = [self._readable(text) for text in texts]
        if len(readable) <= FEW:
            return [self._tokenizer.encode(text).ids for text in readable]
        return [found.ids for found in self._tokenizer.encode_batch_fast(readable)]

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has, special tokens and the limit left out."""
        return self._count(text) if len(text) < 4096 else self._count_now(text)

    def _count_now(self, text: str) -> int:
        return len(self._counter.encode(_valid(text), add_special_tokens=False).ids)

    def _readable(self, text: str) -> str:
        return _valid(text[: self.max_tokens * CHARS_PER_TOKEN])


def _load_tokenizer(path: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception
        raise EncoderError(f"{path}: no tokenizer can be read here: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def by_length(
    tokens: Sequence[Sequence[int] | NDArray[np.int64]],
    rows: NDArray[np.int64],
    most: int = BATCH_TOKENS,
) -> Iterator[Batch]:
    """Yield batches of at most `most` tokens, padding included, or of one text; short ones first.

    Args:
        tokens: the ids of each text; rows: Int64[n_texts], what the batches call them.
    """
    lengths = np.array([len(found) for found in tokens], np.int64)
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end + 1 - start) * lengths[order[end]] > most:
            chosen = order[start:end]
            yield padded([tokens[place] for place in chosen], rows[chosen])
            start = end


def padded(tokens: Sequence[Sequence[int] | NDArray[np.int64]], rows: NDArray[np.int64]) -> Batch:
    """Pad at the right with 0; the mask hides it, so the id doesn't matter."""
    lengths = np.array([len(found) for found in tokens], np.int64)
    there = np.arange(max(1, lengths.max())) < lengths[:, None]
    ids = np.zeros(there.shape, np.int64)
    ids[there] = np.fromiter(chain.from_iterable(tokens), np.int64, int(lengths.sum()))
    return Batch(rows, ids, there.astype(np.int64))


def _valid(text: str) -> str:
    """Replace lone surrogates, which broken logs hold and no tokenizer takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
