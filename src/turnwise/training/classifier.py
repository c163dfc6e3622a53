"""A trained classifier in memory, with the record of how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from turnwise.bundle import Logits, Probabilities, TrainingRecord
from turnwise.bundle.readout import Readout
from turnwise.context_arrays import context_arrays
from turnwise.context_selection import Selector
from turnwise.conversations import ContextWindow, Example
from turnwise.encoders import Encoder, Vectors
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
        context: what of the history is seen: the settings', within the encoder's token limit.
        readouts: dimension -> how its logits become probabilities.
        record: on what it was trained, how, and how well it did.
        held: examples that it was not trained on, with their labels: what checks a packed form;
            the first `calibrating` of them are those that calibrated it.
        trained: the examples that it was trained on.
        selector: picks the earlier turn of each context where contexts join by `select`.
    """

    taxonomy: Taxonomy
    encoder_id: str
    config: TrainingConfig
    context: ContextWindow
    model: TurnClassifier
    readouts: Mapping[str, Readout]
    record: TrainingRecord
    held: tuple[LabelledExample, ...]
    trained: tuple[LabelledExample, ...]
    selector: Selector | None = None
    calibrating: int = 0

    @property
    def temperatures(self) -> dict[str, tuple[float, ...]]:
        """Dimension -> what the logits of each of its levels are divided by."""
        return {name: one.temperatures for name, one in self.readouts.items()}

    def outputs(
        self, examples: Sequence[Example], encoder: Encoder, progress: Progress = silent
    ) -> tuple[Vectors, dict[str, Logits]]:
        """Return the vectors of the turns, Float32[n, size], and each dimension's logits.

        Logits are Float32[n, width] with one column for each node of the levels that are scored,
        before temperatures.
        """
        import torch

        from turnwise.training.fit import logits_of

        contexts = context_arrays(examples, self.context, encoder.count_tokens, self.selector)
        vectors = encoder.encode(contexts.texts, progress)
        arrays = (vectors, contexts.turns, contexts.roles)
        found = logits_of(self.model, *(torch.from_numpy(one) for one in arrays))
        names = self.taxonomy.dimension_names
        logits = {name: scores.numpy() for name, scores in zip(names, found, strict=True)}
        return vectors[contexts.turns[:, 0]], logits

    def probabilities(
        self, examples: Sequence[Example], encoder: Encoder, progress: Progress = silent
    ) -> dict[str, Probabilities]:
        """Return Float32[n_examples, n_labels] for each dimension, calibrated.

        Args:
            encoder: the one that it was trained with.
        """
        _, found = self.outputs(examples, encoder, progress)
        return {name: self.readouts[name].probabilities(scores) for name, scores in found.items()}
