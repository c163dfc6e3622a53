"""A trained model packed to serve: a directory of data, verified, that predicts on its own.

    folder --load, verify--> Bundle --predict--> labels with confidence, and what to do

model.onnx holds encoder and classifier, tokenizer.json and taxonomy.json what they need beside,
manifest.json the sha256 of each and how it all was made. Numpy, onnxruntime and tokenizers
suffice to load and predict; nothing in a bundle is ever executed as code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle_manifest import MANIFEST, PACK_AGAIN, Manifest, file_facts, read_manifest
from turnwise.context_arrays import ContextArrays, context_arrays
from turnwise.conversations import Conversation, Example
from turnwise.encoders import Batch, Vectors, open_session
from turnwise.errors import BundleError, EncoderError
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Action, Taxonomy, from_dict
from turnwise.token_batches import TextReader

MODEL, TOKENIZER, TAXONOMY = "model.onnx", "tokenizer.json", "taxonomy.json"
FILES = (MODEL, TOKENIZER, TAXONOMY)

Probabilities = NDArray[np.float32]  # Float32[n_examples, n_labels], rows sum to 1
Logits = NDArray[np.float32]  # Float32[n_examples, n_labels]

EXAMPLES_AT_ONCE = 2048  # bounds the memory of contexts and vectors in a long run


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a bundle says of one customer turn.

    Attributes:
        conversation_id, turn: which; `turn` is its index in the conversation.
        scores: dimension -> (label, confidence) of the likeliest labels, best first.
        action: the first action of the taxonomy that the best labels call for.
    """

    conversation_id: str
    turn: int
    scores: Mapping[str, tuple[tuple[str, float], ...]]
    action: Action | None

    @property
    def labels(self) -> dict[str, str]:
        """The best label of each dimension."""
        return {name: best[0][0] for name, best in self.scores.items()}


class Bundle:
    """A loaded bundle; safe to share between threads.

    Attributes:
        folder: where it lies; id: changes whenever its predictions would.
        taxonomy: whose labels it gives; manifest: all that it says of itself.
    """

    def __init__(self, folder: Path, manifest: Manifest, threads: int | None = None) -> None:
        self.folder, self.manifest, self.id = folder, manifest, manifest.id
        try:
            values = json.loads((folder / TAXONOMY).read_text(encoding="utf-8"))
            self.taxonomy: Taxonomy = from_dict(values)
            self._reader = TextReader(folder / TOKENIZER, manifest.encoder.max_tokens)
            self._session = open_session(folder / MODEL, threads)
        except (OSError, ValueError, KeyError, TypeError, EncoderError) as error:
            raise BundleError(f"{folder}: can't be loaded ({error!r}). {PACK_AGAIN}") from error
        self._nothing = np.zeros((0, manifest.encoder.size), np.float32)

    @classmethod
    def load(cls, folder: Path | str, verify: bool = True, threads: int | None = None) -> Self:
        """Open a bundle.

        Args:
            verify: compare each file with the sha256 that the manifest gives.
            threads: threads that the model may use; the cores of this machine by default.

        Raises:
            BundleError: no bundle is there, a file is missing or was changed since it was
                packed, or the bundle is of a newer format.
        """
        folder = Path(folder)
        manifest = read_manifest(folder)
        check_files(folder, manifest, verify)
        return cls(folder, manifest, threads)

    def predict(self, conversation: Conversation, top: int = 3) -> Prediction:
        """Label the last customer turn of a conversation.

        Args:
            top: how many labels to give for each dimension, best first.

        Raises:
            BundleError: no turn is the customer's.
        """
        turns = conversation.turns
        last = next((at for at in reversed(range(len(turns))) if turns[at].role == "customer"), None)
        if last is None:
            raise BundleError(
                f"conversation {conversation.id}: no turn is the customer's, so there is nothing "
                "to label. Give at least one turn of role 'customer'"
            )
        found = self.probabilities([Example(conversation, last)])
        scores = {name: self._best(name, rows[0], top) for name, rows in found.items()}
        best = {name: few[0][0] for name, few in scores.items()}
        return Prediction(conversation.id, last, scores, self.taxonomy.action_for(best))

    def probabilities(
        self, examples: Sequence[Example], progress: Progress = silent
    ) -> dict[str, Probabilities]:
        """Return Float32[n_examples, n_labels] for each dimension, calibrated.

        Labels stand in the taxonomy's order. Distinct texts are encoded once for every
        2,048 examples, in batches of like length.
        """
        names = self.taxonomy.dimension_names
        found = {
            name: np.empty((len(examples), len(self.taxonomy[name].labels)), np.float32)
            for name in names
        }
        for start in range(0, len(examples), EXAMPLES_AT_ONCE):
            some = examples[start : start + EXAMPLES_AT_ONCE]
            for name, logits in zip(names, self._logits(some), strict=True):
                scaled = softmax(logits / np.float32(self.manifest.temperatures[name]))
                found[name][start : start + len(some)] = scaled
            progress("predicting", start + len(some), len(examples))
        return found

    def _best(self, dimension: str, row: Probabilities, top: int) -> tuple[tuple[str, float], ...]:
        names = self.taxonomy[dimension].names
        order = np.argsort(-row, kind="stable")[: max(1, top)]
        return tuple((names[at], float(row[at])) for at in order)

    def _logits(self, examples: Sequence[Example]) -> list[Logits]:
        """Float32[n_examples, n_labels] of each dimension, before temperatures."""
        window = self.manifest.context
        contexts = context_arrays(examples, window, self._reader.count_tokens)
        batches = list(self._reader.batches(contexts.texts))
        if len(batches) == 1:
            return self._run(batches[0], self._nothing, _in_order(contexts, batches[0]))[1:]
        vectors = np.empty((len(contexts.texts), self.manifest.encoder.size), np.float32)
        none = ContextArrays((), contexts.turns[:0], contexts.roles[:0])
        for batch in batches:
            vectors[batch.rows] = self._run(batch, self._nothing, none)[0]
        # The graph always encodes: here one text of one token, which no turn points to.
        one = np.ones((1, 1), np.int64)
        return self._run(Batch(one[0], one, one), vectors, contexts)[1:]

    def _run(self, batch: Batch, known: Vectors, contexts: ContextArrays) -> list[Logits]:
        """The vectors of a batch of texts, then the logits of each dimension."""
        count = len(self.taxonomy.dimensions)
        outputs = ["embedding", *(f"logits_{place}" for place in range(count))]
        fed = {
            "input_ids": batch.ids,
            "attention_mask": batch.mask,
            "known": known,
            "turns": contexts.turns,
            "roles": contexts.roles,
        }
        found: list[Logits] = self._session.run(outputs, fed)
        return found


def _in_order(contexts: ContextArrays, batch: Batch) -> ContextArrays:
    """The same contexts, pointing to texts as a batch has sorted them."""
    place = np.empty(len(batch.rows), np.int64)
    place[batch.rows] = np.arange(len(batch.rows))
    return ContextArrays(contexts.texts, place[contexts.turns], contexts.roles)


def softmax(logits: Logits) -> Probabilities:
    """Return Float32[n, n_labels], rows that sum to 1."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Probabilities = raised / raised.sum(axis=1, keepdims=True)
    return shares


def check_files(folder: Path, manifest: Manifest, verify: bool = True) -> None:
    """Compare the files of a bundle with its manifest.

    Raises:
        BundleError: a file is missing, cut off, changed, or not in the manifest.
    """
    if set(manifest.files) != set(FILES):
        raise BundleError(
            f"{folder / MANIFEST}: field files must name {', '.join(FILES)}. {PACK_AGAIN}"
        )
    for name, facts in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise BundleError(f"{path}: missing from the bundle. {PACK_AGAIN}")
        size = path.stat().st_size
        if size != facts.size:
            raise BundleError(
                f"{path}: has {size:,} bytes where {facts.size:,} were packed. {PACK_AGAIN}"
            )
        if verify and file_facts(path) != facts:
            raise BundleError(
                f"{path}: was changed since it was packed, its sha256 is another. {PACK_AGAIN}"
            )
