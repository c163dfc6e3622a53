"""Labelled examples -> a calibrated classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from turnwise.bundle import DataCounts, TrainingRecord, conversation_hash
from turnwise.context_arrays import context_arrays
from turnwise.conversations import Example
from turnwise.encoders import Encoder
from turnwise.errors import TrainingError
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Taxonomy
from turnwise.training.calibrate import FEWEST, fit_temperature
from turnwise.training.classifier import Classifier
from turnwise.training.config import TrainingConfig
from turnwise.training.data import (
    MISSING,
    LabelledExample,
    check_enough,
    gold_labels,
    split_to_stop,
    targets,
    turns_per_dimension,
    utterances,
)
from turnwise.training.scores import score

if TYPE_CHECKING:
    from turnwise.training.fit import Dataset, Fitted

DEFAULT = TrainingConfig()


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
    training nor what calibrates is trained on.

    Args:
        labelled: gold and pseudo-labels; see `LabelledExample`.
        calibration: examples with gold, of conversations that are not among `labelled`. Without
            any, temperatures stay at 1 and the record says so.

    Raises:
        TrainingError: too few labelled turns, a dimension with one label only, a label that is
            not in the taxonomy, or a conversation both to train and to calibrate on.
    """
    gold = [one for one in (gold_labels(each, taxonomy) for each in calibration) if one.labels]
    _check_apart(labelled, gold)
    check_enough(labelled, taxonomy)
    kept, held = split_to_stop(labelled)
    taught = [*kept, *utterances(taxonomy)]
    parts = _datasets((taught, held, gold), taxonomy, encoder, config, progress)
    fitted = _fit(parts[0], parts[1], taxonomy, config, progress)
    temperatures, notes = _temperatures(fitted, parts[2], taxonomy)
    record = TrainingRecord(
        data=_counts(kept, held, gold, len(taught) - len(kept)),
        scores={
            "stopping": score(fitted.model, parts[1], temperatures),
            "calibration": score(fitted.model, parts[2], temperatures),
        },
        epochs=len(fitted.losses),
        epoch=fitted.epoch,
        config=asdict(config),
        conversations=tuple(sorted({conversation_hash(one) for one in _ids(kept, held, gold)})),
        notes=notes,
    )
    return Classifier(
        taxonomy=taxonomy,
        encoder_id=encoder.id,
        config=config,
        model=fitted.model,
        temperatures=temperatures,
        record=record,
        held=(*gold, *held),
        trained=tuple(one.example for one in kept),
    )


def _check_apart(labelled: Sequence[LabelledExample], gold: Sequence[LabelledExample]) -> None:
    both = sorted(_ids(gold) & _ids(labelled))
    if both:
        raise TrainingError(
            f"{len(both)} conversations are given both to train and to calibrate on, {both[0]} "
            "among them. Give each to one of the two"
        )


def _ids(*groups: Sequence[LabelledExample]) -> set[str]:
    return {one.example.key[0] for group in groups for one in group}


def _datasets(
    groups: Sequence[Sequence[LabelledExample]],
    taxonomy: Taxonomy,
    encoder: Encoder,
    config: TrainingConfig,
    progress: Progress,
) -> list[Dataset]:
    """Encode every distinct text of all groups once; the groups share the vectors."""
    from turnwise.training.fit import dataset

    everything = [one for group in groups for one in group]
    found = targets(everything, taxonomy)
    window = config.context
    contexts = context_arrays([one.example for one in everything], window, encoder.count_tokens)
    whole = dataset(encoder.encode(contexts.texts, progress), contexts, found)
    ends = [sum(map(len, groups[: at + 1])) for at in range(len(groups))]
    return [whole.rows(end - len(group), end) for group, end in zip(groups, ends, strict=True)]


def _fit(
    taught: Dataset, held: Dataset, taxonomy: Taxonomy, config: TrainingConfig, progress: Progress
) -> Fitted:
    from turnwise.training.fit import fit
    from turnwise.training.model import Shape

    shape = Shape(
        vector=taught.vectors.shape[1],
        history=taught.turns.shape[1] - 1,
        hidden=config.hidden,
        labels=tuple(len(dimension.labels) for dimension in taxonomy.dimensions),
        sides=("customer", "other") if config.context.kind == "both" else ("customer",),
        dropout=config.dropout,
    )
    return fit(taught, held, shape, config, progress)


def _temperatures(
    fitted: Fitted, gold: Dataset, taxonomy: Taxonomy
) -> tuple[dict[str, float], tuple[str, ...]]:
    """The temperature of each dimension, and notes on those that could not be fitted."""
    temperatures, notes = {}, []
    logits = gold.logits(fitted.model)
    for column, name in enumerate(taxonomy.dimension_names):
        labels = gold.labels[:, column].numpy()
        there = labels != MISSING
        temperatures[name] = 1.0
        if there.sum() >= FEWEST:
            temperatures[name] = fit_temperature(logits[column][there], labels[there])
        else:
            notes.append(
                f"{name}: not calibrated, {there.sum()} turns of gold were held apart for it and "
                f"{FEWEST} are needed; its confidence is what the training left"
            )
    return temperatures, tuple(notes)


def _counts(
    kept: Sequence[LabelledExample],
    held: Sequence[LabelledExample],
    gold: Sequence[LabelledExample],
    utterances: int,
) -> DataCounts:
    return DataCounts(
        conversations=len(_ids(kept, held, gold)),
        gold=turns_per_dimension([one for one in kept if one.is_gold]),
        pseudo=turns_per_dimension([one for one in kept if not one.is_gold]),
        utterances=utterances,
        stopping=len(held),
        calibration=len(gold),
    )
