"""The graph of a bundle, run: examples -> logits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from turnwise.context_arrays import ContextArrays, context_arrays
from turnwise.context_selection import Selector
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
        selector: picks the earlier turn where contexts join by `select`.
        threads: threads that the model may use; the cores of this machine by default.

    Raises:
        EncoderError: a file is missing or can't be read.
    """

    def __init__(
        self,
        folder: Path,
        context: ContextWindow,
        max_tokens: int,
        threads: int | None = None,
        selector: Selector | None = None,
    ) -> None:
        self._context, self._selector = context, selector
        self._reader = TextReader(folder / TOKENIZER, max_tokens)
        self._session = open_session(folder / MODEL, threads)
        self._outputs = [one.name for one in self._session.get_outputs()]
        self._widths = [one.shape[1] for one in self._session.get_outputs()]
        self._nothing = np.zeros((0, self._widths[0]), np.float32)

    def outputs(
        self, examples: Sequence[Example], progress: Progress = silent
    ) -> tuple[Vectors, list[Logits]]:
        """Return the vectors of the turns, Float32[n, size], and the logits of each dimension.

        Logits are Float32[n_examples, width], before temperatures. Distinct texts are encoded
        once for every 2,048 examples, in batches of like length. `progress` counts examples.
        """
        parts = [[np.zeros((0, width), np.float32) for width in self._widths]]
        for start in range(0, len(examples), EXAMPLES_AT_ONCE):
            some = examples[start : start + EXAMPLES_AT_ONCE]
            parts.append(self._some(some))
            progress("predicting", start + len(some), len(examples))
        vectors, *logits = (np.concatenate(column) for column in zip(*parts, strict=True))
        return vectors, logits

    def _some(self, examples: Sequence[Example]) -> list[Logits]:
        """The vectors of the turns, then the logits of each dimension."""
        contexts = context_arrays(
            examples, self._context, self._reader.count_tokens, self._selector
        )
        current = contexts.turns[:, 0]
        batches = list(self._reader.batches(contexts.texts))
        if len(batches) == 1:  # a conversation as a rule: one call does it
            placed = _as_sorted(contexts, batches[0])
            encoded, *logits = self._run(batches[0], self._nothing, placed)
            return [encoded[placed.turns[:, 0]], *logits]
        vectors = np.empty((len(contexts.texts), self._widths[0]), np.float32)
        # The graph always encodes and always classifies, so each of the two is given something
        # while the other is at work: one example without turns, one text of one token.
        nobody = ContextArrays(
            (), np.zeros_like(contexts.turns[:1]), np.zeros_like(contexts.roles[:1])
        )
        for batch in batches:
            vectors[batch.rows] = self._run(batch, self._nothing, nobody)[0]
        one = np.ones((1, 1), np.int64)
        return [vectors[current], *self._run(Batch(one[0], one, one), vectors, contexts)[1:]]

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
