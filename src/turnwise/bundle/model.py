"""The graph of a bundle, run: examples -> logits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle.kept_vectors import KeptVectors, Places
from turnwise.context_arrays import context_arrays
from turnwise.context_selection import Selector
from turnwise.conversations import ContextWindow, Example
from turnwise.encoders import Batch, TextReader, Vectors, open_session
from turnwise.progress import Progress, silent

MODEL, TOKENIZER = "model.onnx", "tokenizer.json"

Logits = NDArray[np.float32]  # Float32[n_examples, n_labels]
Probabilities = NDArray[np.float32]  # Float32[n_examples, n_labels], rows sum to 1

EXAMPLES_AT_ONCE = 2048  # bounds the memory of contexts and vectors in a long run
# Texts of a call up to which vectors are kept and looked up: some conversations, as they are
# served. A long run hardly meets a text again, and would push out those that a server will.
FEW_TEXTS = 64
KEPT_BYTES = 2**24  # of vectors that are kept: 8,600 texts of the default encoder
# What is encoded where nothing has to be: the graph takes one text at least.
ONE_TOKEN = Batch(np.zeros(0, np.int64), np.ones((1, 1), np.int64), np.ones((1, 1), np.int64))


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
        self._kept = KeptVectors(self._widths[0], KEPT_BYTES)

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
        texts = contexts.texts
        few = len(texts) <= FEW_TEXTS
        known, there, missing = self._kept.known(texts if few else ())
        missing = missing if few else np.arange(len(texts))
        batches = list(self._reader.batches([texts[at] for at in missing])) or [ONE_TOKEN]
        # Which texts the vectors are of, in the order in which they come about.
        rows = np.concatenate([there, *(missing[batch.rows] for batch in batches)])
        place = np.empty(len(texts), np.int64)
        place[rows] = np.arange(len(rows))
        turns, roles = place[contexts.turns], contexts.roles
        # The graph always classifies, too: before the last batch, one context without turns.
        nobody = np.zeros_like(turns[:1])
        before = [known]
        before += [self._run(one, self._nothing, nobody, nobody)[0] for one in batches[:-1]]
        last, *logits = self._run(batches[-1], np.concatenate(before), turns, roles)
        vectors = np.concatenate([*before, last])
        if few:
            new = slice(len(there), len(rows))
            self._kept.keep([texts[at] for at in rows[new]], vectors[new])
        return [vectors[turns[:, 0]], *logits]

    def _run(self, batch: Batch, known: Vectors, turns: Places, roles: Places) -> list[Logits]:
        """The vectors of a batch of texts, then the logits of each dimension."""
        fed = {
            "input_ids": batch.ids,
            "attention_mask": batch.mask,
            "known": known,
            "turns": turns,
            "roles": roles,
        }
        found: list[Logits] = self._session.run(self._outputs, fed)
        return found


def softmax(logits: Logits, temperature: float = 1.0) -> Probabilities:
    """Return Float32[n, n_labels], rows that sum to 1, of logits divided by a temperature."""
    raised = np.exp((logits - logits.max(axis=1, keepdims=True)) / np.float32(temperature))
    shares: Probabilities = raised / raised.sum(axis=1, keepdims=True)
    return shares
