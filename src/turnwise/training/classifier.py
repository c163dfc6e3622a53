"""A trained classifier in memory, with the record of how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from turnwise.bundle import Logits, Probabilities, TrainingRecord, softmax
from turnwise.context_arrays import context_arrays
from turnwise.conversations import Example
from turnwise.encoders import Encoder
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Taxonomy
from turnwise.training.config import TrainingConfig
from turnwise.training.data import LabelledExample

if TYPE_CHECKING:
    from turnwise.training.model import TurnClassifier


@dataclass(frozen=True, slots=True)
class Classifier:
    """What `train` returns: a torch model that sits on an encoder's vectors.

    Attributes:
        taxonomy: whose labels it tells apart.
        encoder_id: of the encoder whose vectors it was trained on.
        temperatures: dimension -> what its logits are divided by.
        record: on what it was trained, how, and how well it did.
        held: examples that it was not trained on, with their labels: what checks a packed form.
        trained: the examples that it was trained on.
    """

    taxonomy: Taxonomy
    encoder_id: str
    config: TrainingConfig
    model: TurnClassifier
    temperatures: Mapping[str, float]
    record: TrainingRecord
    held: tuple[LabelledExample, ...]
    trained: tuple[Example, ...]

    def logits(
        self, examples: Sequence[Example], encoder: Encoder, progress: Progress = silent
    ) -> dict[str, Logits]:
        """Return Float32[n_examples, n_labels] for each dimension, before temperatures."""
        import torch

        from turnwise.training.fit import logits_of

        contexts = context_arrays(examples, self.config.context, encoder.count_tokens)
        vectors = encoder.encode(contexts.texts, progress)
        arrays = (vectors, contexts.turns, contexts.roles)
        found = logits_of(self.model, *(torch.from_numpy(one) for one in arrays))
        names = self.taxonomy.dimension_names
        return {name: scores.numpy() for name, scores in zip(names, found, strict=True)}

    def probabilities(
        self, examples: Sequence[Example], encoder: Encoder, progress: Progress = silent
    ) -> dict[str, Probabilities]:
        """Return Float32[n_examples, n_labels] for each dimension, calibrated.

        Args:
            encoder: the one that it was trained with.
        """
        found = self.logits(examples, encoder, progress)
        return {name: softmax(scores, self.temperatures[name]) for name, scores in found.items()}
