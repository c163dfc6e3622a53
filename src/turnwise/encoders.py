"""Texts to vectors, on ONNX Runtime: each distinct text once, in batches of like length.

    texts --distinct--> windows --tokenize, sort by length--> batches --model--> unit vectors

Nothing here imports torch: `encoder_export` makes the folder that `OnnxEncoder` reads.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from turnwise.errors import EncoderError
from turnwise.progress import Progress, silent

Vectors = NDArray[np.float32]  # Float32[n_texts, size], rows of unit length

WINDOW = 4096  # texts tokenized together: bounds the memory beside the vectors
BATCH_TOKENS = 512  # in a batch, padding included: what its layers pass on stays in the cache
SPIN_MICROSECONDS = "50"  # that an idle thread of the model waits before it sleeps
KEPT_AT_ONCE = 2048  # texts encoded between two writes to a vector store
CHARS_PER_TOKEN = 64  # beyond this many characters a token of the limit, a text is not read


class Encoder(Protocol):
    """Turns texts into vectors of unit length.

    Attributes:
        id: changes whenever the vectors would (weights, precision, token limit).
        size: length of a vector.
    """

    @property
    def id(self) -> str: ...

    @property
    def size(self) -> int: ...

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Vectors:
        """Return Float32[n_texts, size], one row of unit length per text, in their order."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has, special tokens and the limit left out."""
        ...


class VectorStore(Protocol):
    """Remembers vectors: the workspace keeps them on disk, a test in a dict."""

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return what is known of the keys; those that are not known are left out."""
        ...

    def put(self, items: Mapping[bytes, bytes]) -> None:
        """Keep vectors; keeping a key again is harmless."""
        ...


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


class OnnxEncoder:
    """An exported encoder: model.onnx, tokenizer.json and encoder.json in one folder.

    Args:
        folder: made by `encoder_export.prepare_encoder`.
        threads: threads that the model may use; the cores of this machine by default.

    Raises:
        EncoderError: a file is missing or can't be read.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        facts = _read_facts(folder)
        self.id, self.size, self.max_tokens = facts.id, facts.size, facts.max_tokens
        self._tokenizer = _load_tokenizer(folder / "tokenizer.json")
        self._tokenizer.enable_truncation(self.max_tokens)
        self._counter = _load_tokenizer(folder / "tokenizer.json")
        self._session = open_session(folder / "model.onnx", threads)
        # Context windows ask for the same turns again and again.
        self._count = lru_cache(maxsize=65_536)(self._count_now)

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Vectors:
        """Return Float32[n_texts, size], one row of unit length per text, in their order.

        Each distinct text is encoded once. A text is read up to `max_tokens`; the empty text
        has a vector too. `progress` is called after each batch, with distinct texts.
        """
        place: dict[str, int] = {}
        where = [place.setdefault(text, len(place)) for text in texts]
        distinct = list(place)
        vectors = np.empty((len(distinct), self.size), np.float32)
        done = 0
        for batch in self.batches(distinct):
            vectors[batch.rows] = self.run(batch)
            done += len(batch.rows)
            progress("encoding", done, len(distinct))
        return vectors if len(distinct) == len(where) else vectors[where]

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield the texts as the batches in which `encode` runs them, short texts first."""
        order = np.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(order), WINDOW):
            rows = order[start : start + WINDOW]
            window = [self._readable(texts[row]) for row in rows]
            tokens = [found.ids for found in self._tokenizer.encode_batch_fast(window)]
            yield from _by_length(tokens, rows)

    def run(self, batch: Batch) -> Vectors:
        """Return Float32[n, size], the vectors of one batch."""
        fed = {"input_ids": batch.ids, "attention_mask": batch.mask}
        vectors: Vectors = self._session.run(None, fed)[0]
        return vectors

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has, special tokens and the limit left out."""
        return self._count(text) if len(text) < 4096 else self._count_now(text)

    def _count_now(self, text: str) -> int:
        return len(self._counter.encode(_valid(text), add_special_tokens=False).ids)

    def _readable(self, text: str) -> str:
        return _valid(text[: self.max_tokens * CHARS_PER_TOKEN])


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
        self.id, self.size = encoder.id, encoder.size

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Vectors:
        """Return Float32[n_texts, size], one row of unit length per text, in their order."""
        place: dict[str, int] = {}
        where = [place.setdefault(text, len(place)) for text in texts]
        distinct = list(place)
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


@dataclass(frozen=True, slots=True)
class EncoderFacts:
    """What encoder.json says that running needs; the file holds how it was made, too."""

    id: str
    size: int
    max_tokens: int


def open_session(model: Path | bytes, threads: int | None = None) -> onnxruntime.InferenceSession:
    """Open a model, from its file or its bytes, on the processor.

    Args:
        threads: threads that one run may use; the cores of this process by default.

    Raises:
        EncoderError: the file is missing or is no model.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or usable_cores()
    options.inter_op_num_threads = 1
    # As fast as spinning without end, where the cores are free; where others want them, it
    # doesn't hold them. Releases that don't know the setting pass it over.
    options.add_session_config_entry("session.intra_op.spin_duration_us", SPIN_MICROSECONDS)
    options.log_severity_level = 3  # a library is silent: errors are raised
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own classes share no public base
        place = model if isinstance(model, Path) else "a model in memory"
        raise EncoderError(f"{place}: can't be loaded: {error}") from error


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read_facts(folder: Path) -> EncoderFacts:
    path = folder / "encoder.json"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return EncoderFacts(str(said["id"]), int(said["size"]), int(said["max_tokens"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "Prepare the encoder again: delete the folder and rerun"
        raise EncoderError(f"{path}: no encoder is described here ({error!r}). {hint}") from error


def _load_tokenizer(path: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception
        raise EncoderError(f"{path}: no tokenizer can be read here: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _by_length(tokens: Sequence[Sequence[int]], rows: NDArray[np.int64]) -> Iterator[Batch]:
    """Yield batches of at most BATCH_TOKENS tokens, or of one text, short texts first."""
    lengths = np.array([len(found) for found in tokens], np.int64)
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end + 1 - start) * lengths[order[end]] > BATCH_TOKENS:
            chosen = order[start:end]
            yield _pad([tokens[place] for place in chosen], lengths[chosen], rows[chosen])
            start = end


def _pad(
    tokens: Sequence[Sequence[int]], lengths: NDArray[np.int64], rows: NDArray[np.int64]
) -> Batch:
    """Pad at the right with 0; the mask hides it, so the id doesn't matter."""
    there = np.arange(max(1, lengths[-1])) < lengths[:, None]
    ids = np.zeros(there.shape, np.int64)
    ids[there] = np.fromiter(chain.from_iterable(tokens), np.int64, int(lengths.sum()))
    return Batch(rows, ids, there.astype(np.int64))


def _valid(text: str) -> str:
    """Replace lone surrogates, which broken logs hold and no tokenizer takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _chunks(rows: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit
