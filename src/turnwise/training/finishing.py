"""A fitted model -> a calibrated classifier, with the record of how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from turnwise.bundle import DataCounts, TrainingRecord, conversation_hash
from turnwise.bundle.readout import Readout
from turnwise.context_selection import Selector
from turnwise.encoders import Encoder
from turnwise.taxonomy import Taxonomy
from turnwise.training.calibrate import FEWEST, fit_temperatures
from turnwise.training.classifier import Classifier
from turnwise.training.config import TrainingConfig
from turnwise.training.data import MISSING, LabelledExample, turns_per_dimension
from turnwise.training.fit import Dataset, Fitted
from turnwise.training.preparing import Prepared, ids_of, levels_for, window_for
from turnwise.training.scores import score
from turnwise.training.several import fit_several_temperature


def finish(
    prepared: Prepared,
    encoder: Encoder,
    parts: Sequence[Dataset],
    fitted: Fitted,
    selector: Selector | None,
) -> Classifier:
    """Calibrate a fitted model on the gold held apart, and say how it all went.

    Args:
        encoder: whose vectors `parts` are made of: what is taught, held, gold.
    """
    taxonomy, config = prepared.taxonomy, prepared.config
    readouts, notes = _calibrated(fitted, parts[2], taxonomy, config)
    kept, held, gold = prepared.kept, prepared.held, prepared.gold
    record = TrainingRecord(
        data=_counts(kept, held, gold, len(prepared.taught) - len(kept)),
        scores={
            "stopping": score(fitted.model, parts[1], readouts),
            "calibration": score(fitted.model, parts[2], readouts),
        },
        epochs=len(fitted.losses),
        epoch=fitted.epoch,
        config=asdict(config) | {"several": list(config.several)},  # as JSON has it
        conversations=tuple(sorted({conversation_hash(one) for one in ids_of(kept, held, gold)})),
        notes=(*prepared.notes, *notes),
    )
    return Classifier(
        taxonomy=taxonomy,
        encoder_id=encoder.id,
        config=config,
        context=window_for(config, encoder),
        model=fitted.model,
        readouts=readouts,
        record=record,
        held=(*gold, *held),
        trained=tuple(kept),
        selector=selector,
        calibrating=len(gold),
    )


def _calibrated(
    fitted: Fitted, gold: Dataset, taxonomy: Taxonomy, config: TrainingConfig
) -> tuple[dict[str, Readout], tuple[str, ...]]:
    """How each dimension is read, and notes on those that could not be calibrated."""
    readouts, notes = {}, []
    logits = gold.logits(fitted.model)
    levels = levels_for(taxonomy, config)
    for column, name in enumerate(taxonomy.dimension_names):
        labels = gold.labels[:, column].numpy()
        there = labels != MISSING
        temperatures = (1.0,) * len(levels[column].sizes)
        if there.sum() < FEWEST:
            notes.append(
                f"{name}: not calibrated, {there.sum()} turns of gold were held apart for it and "
                f"{FEWEST} are needed; its confidence is what the training left"
            )
        elif name in config.several:
            marks = gold.wanted.several[column].numpy()
            temperatures = (fit_several_temperature(logits[column][there], marks[there]),)
        else:
            temperatures = fit_temperatures(logits[column][there], labels[there], levels[column])
        readouts[name] = Readout(levels[column], temperatures, name in config.several)
    return readouts, tuple(notes)


def _counts(
    kept: Sequence[LabelledExample],
    held: Sequence[LabelledExample],
    gold: Sequence[LabelledExample],
    utterances: int,
) -> DataCounts:
    return DataCounts(
        conversations=len(ids_of(kept, held, gold)),
        gold=turns_per_dimension([one for one in kept if one.is_gold]),
        pseudo=turns_per_dimension([one for one in kept if not one.is_gold]),
        utterances=utterances,
        stopping=len(held),
        calibration=len(gold),
    )
