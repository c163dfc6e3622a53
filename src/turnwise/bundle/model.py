"""The graph of a bundle, run: examples -> logits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from turnwise.context_arrays import ContextArrays, context_arrays
from turnwise.conversations import ContextWindow, Example
from turnwise.encoders import Batch, TextReader, Vectors, open_session
from turnwise.progress import Progress, silent

MODEL, TOKENIZER = "model.onnx", "tokenizer.json"

Logits = NDArray[np.float32]  # Float32[n_examples, n_labels]
Probabilities = NDArray[np.float32]  # Float32[n_examples, n_labels], rows sum to 1

EXAMPLES_AT_ONCE = 2048  # bounds the memory of contexts and vectors in a long run


class PackedModel:
    """Encoder and classifier in one graph, as `training.export` writes them.

    Args:
        folder: holds model.onnx and tokenizer.json.
        context: what of the history is seen; max_tokens: what is read of a text.
        threads: threads that the model may use; the cores of this machine by default.

    Raises:
        EncoderError: a file is missing or can't be read.
    """

    def __init__(
        self, folder: Path, context: ContextWindow, max_tokens: int, threads: int | None = None
    ) -> None:
        self._context = context
        self._reader = TextReader(folder / TOKENIZER, max_tokens)
        self._session = open_session(folder / MODEL, threads)
        self._outputs = [one.name for one in self._session.get_outputs()]
        self._widths = [one.shape[1] for one in self._session.get_outputs()]
        self._nothing = np.zeros((0, self._widths[0]), np.float32)

    def logits(self, examples: Sequence[Example], progress: Progress = silent) -> list[Logits]:
        """Return Float32[n_examples, n_labels] for each dimension, before temperatures.

        Distinct texts are encoded once for every 2,048 examples, in batches of like length.
        `progress` counts examples.
        """
        parts = [[np.zeros((0, width), np.float32) for width in self._widths[1:]]]
        for start in range(0, len(examples), EXAMPLES_AT_ONCE):
            some = examples[start : start + EXAMPLES_AT_ONCE]
            parts.append(self._some(some))
            progress("predicting", start + len(some), len(examples))
        return [np.concatenate(column) for column in zip(*parts, strict=True)]

    def _some(self, examples: Sequence[Example]) -> list[Logits]:
        contexts = context_arrays(examples, self._context, self._reader.count_tokens)
        batches = list(self._reader.batches(contexts.texts))
        if len(batches) == 1:  # a conversation as a rule: one call does it
            return self._run(batches[0], self._nothing, _as_sorted(contexts, batches[0]))[1:]
        vectors = np.empty((len(contexts.texts), self._widths[0]), np.float32)
        # The graph always encodes and always classifies, so each of the two is given something
        # while the other is at work: one example without turns, one text of one token.
        nobody = ContextArrays(
            (), np.zeros_like(contexts.turns[:1]), np.zeros_like(contexts.roles[:1])
        )
        for batch in batches:
            vectors[batch.rows] = self._run(batch, self._nothing, nobody)[0]
        one = np.ones((1, 1), np.int64)
        return self._run(Batch(one[0], one, one), vectors, contexts)[1:]

    def _run(self, batch: Batch, known: Vectors, contexts: ContextArrays) -> list[Logits]:
        """The vectors of a batch of texts, then the logits of each dimension."""
        fed = {
            "input_ids": batch.ids,
            "attention_mask": batch.mask,
            "known": known,
            "turns": contexts.turns,
            "roles": contexts.roles,
        }
        found: list[Logits] = self._session.run(self._outputs, fed)
        return found


def _as_sorted(contexts: ContextArrays, batch: Batch) -> ContextArrays:
    """The same contexts, pointing to texts in the order of a batch."""
    place = np.empty(len(batch.rows), np.int64)
    place[batch.rows] = np.arange(len(batch.rows))
    return ContextArrays(contexts.texts, place[contexts.turns], contexts.roles)


def softmax(logits: Logits, temperature: float = 1.0) -> Probabilities:
    """Return Float32[n, n_labels], rows that sum to 1, of logits divided by a temperature."""
    raised = np.exp((logits - logits.max(axis=1, keepdims=True)) / np.float32(temperature))
    shares: Probabilities = raised / raised.sum(axis=1, keepdims=True)
    return shares
