"""Labelled examples -> a calibrated classifier on the vectors of a frozen encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from turnwise.conversations import Example
from turnwise.encoders import Encoder
from turnwise.errors import ConfigError
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Taxonomy
from turnwise.training.classifier import Classifier
from turnwise.training.config import TrainingConfig
from turnwise.training.data import LabelledExample
from turnwise.training.memory import memory_told
from turnwise.training.preparing import lay_out, levels_for, prepare

if TYPE_CHECKING:
    from turnwise.training.model import Shape

DEFAULT = TrainingConfig()
TOO_LARGE = (
    "Lower caps.training (turns of one label), training.batch or training.context.max_turns, or "
    "leave training.tree out"
)


def train(
    labelled: Sequence[LabelledExample],
    calibration: Sequence[Example],
    taxonomy: Taxonomy,
    encoder: Encoder,
    config: TrainingConfig = DEFAULT,
    progress: Progress = silent,
) -> Classifier:
    """Train one model for all dimensions on frozen vectors, and calibrate it.

    Beside the examples, the taxonomy's example utterances are learnt. Neither what stops the
    training nor what calibrates is trained on. `finetune` trains the encoder, too.

    Args:
        labelled: gold and pseudo-labels; see `LabelledExample`.
        calibration: examples with gold, of conversations that are not among `labelled`. Without
            any, temperatures stay at 1 and the record says so.

    Raises:
        TrainingError: too few labelled turns, a dimension with one label only, a label that is
            not in the taxonomy, or a conversation both to train and to calibrate on.
        ConfigError: the settings ask for the training of the encoder.
    """
    from turnwise.training.finishing import finish
    from turnwise.training.fit import dataset
    from turnwise.training.folds import fit_folds
    from turnwise.training.selecting import selector_for

    if config.tune is not None:
        raise ConfigError(
            "train() leaves the encoder as it is", field="training.tune", hint="Call finetune()"
        )
    prepared = prepare(labelled, calibration, taxonomy, config)
    with memory_told(f"{len(prepared.taught):,} examples", TOO_LARGE):
        selector = selector_for(prepared, encoder, progress)
        contexts, labels = lay_out(prepared, encoder, selector)
        vectors = encoder.encode(contexts[0].texts, progress)
        parts = [dataset(vectors, *pair) for pair in zip(contexts, labels, strict=True)]
        shape = shape_for(taxonomy, config, vectors.shape[1], contexts[0].turns.shape[1] - 1)
        fitted = fit_folds(parts, prepared.folds(), shape, config, progress)
        return finish(prepared, encoder, parts, fitted, selector)


def shape_for(taxonomy: Taxonomy, config: TrainingConfig, vector: int, history: int) -> Shape:
    """Sizes of the heads."""
    from turnwise.training.model import Shape

    return Shape(
        vector=vector,
        history=history,
        hidden=config.hidden,
        levels=levels_for(taxonomy, config),
        sides=("customer", "other") if config.context.kind == "both" else ("customer",),
        dropout=config.dropout,
        label_attention=config.label_attention,
        tree=config.tree,
    )
