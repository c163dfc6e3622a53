"""An exported encoder, run: each distinct text once, in batches of like length.

texts --distinct--> windows --tokenize, sort by length--> batches --model--> unit vectors
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from turnwise.encoders.card import read_card
from turnwise.encoders.encoder import Vectors, distinct_texts
from turnwise.encoders.session import open_session
from turnwise.encoders.token_batches import Batch, TextReader
from turnwise.progress import Progress, silent

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


class OnnxEncoder:
    """An exported encoder: model.onnx, tokenizer.json and encoder.json in one folder.

    Args:
        folder: made by `export.prepare_encoder`.
        threads: threads that the model may use; the cores of this machine by default.
        at_once: whether the model is opened now; else by the first text, which never comes
            where all vectors are kept already.

    Raises:
        EncoderError: a file is missing or can't be read.
    """

    def __init__(self, folder: Path, threads: int | None = None, *, at_once: bool = True) -> None:
        card = read_card(folder)
        self.id, self.size, self.max_tokens = card.id, card.size, card.max_tokens
        self._reader = TextReader(folder / "tokenizer.json", self.max_tokens)
        self._model, self._threads = folder / "model.onnx", threads
        if at_once:
            _ = self._session

    @cached_property
    def _session(self) -> InferenceSession:
        return open_session(self._model, self._threads)

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Vectors:
        """Return Float32[n_texts, size], one row of unit length per text, in their order.

        Each distinct text is encoded once. A text is read up to `max_tokens`; the empty text
        has a vector too. `progress` is called after each batch, with distinct texts.
        """
        distinct, where = distinct_texts(texts)
        vectors = np.empty((len(distinct), self.size), np.float32)
        done = 0
        for batch in self.batches(distinct):
            vectors[batch.rows] = self.run(batch)
            done += len(batch.rows)
            progress("encoding", done, len(distinct))
        return vectors if len(distinct) == len(where) else vectors[where]

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield the texts as the batches in which `encode` runs them, short texts first."""
        return self._reader.batches(texts)

    def run(self, batch: Batch) -> Vectors:
        """Return Float32[n, size], the vectors of one batch."""
        fed = {"input_ids": batch.ids, "attention_mask": batch.mask}
        vectors: Vectors = self._session.run(None, fed)[0]
        return vectors

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has, special tokens and the limit left out."""
        return self._reader.count_tokens(text)
