"""Ours as the benchmark runs it: the heads on frozen vectors, or the whole encoder trained."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import rivals
from benchmarks.learning_data import Said, Work, cut_off
from benchmarks.learning_settings import Setting
from turnwise.config import load_recipe
from turnwise.conversations import ContextWindow, Example
from turnwise.encoders import Encoder, OnnxEncoder
from turnwise.taxonomy import Taxonomy
from turnwise.training import Classifier, LabelledExample, TrainingConfig, train

QUICK_EPOCHS = 2


def labelled(turns: Sequence[Example], taxonomy: Taxonomy) -> list[LabelledExample]:
    """Turns with their gold, as `train` takes them."""
    weights = dict.fromkeys(taxonomy.dimension_names, 1.0)
    return [LabelledExample(one, rivals.labels_of(one, taxonomy), weights) for one in turns]


def config_of(setting: Setting, few: bool, quick: bool) -> TrainingConfig:
    """The training of a cell: a recipe that comes with the library, and what the cell is about."""
    recipe = "fewshot" if few else "single" if setting.context == "single" else "finetune"
    if setting.system == "turnwise-frozen":
        recipe = "frozen"
    config = load_recipe(recipe).training
    tune = config.tune
    if tune is not None and quick:
        tune = replace(tune, epochs=min(tune.epochs, QUICK_EPOCHS))
    return replace(
        config,
        context=ContextWindow(setting.context, join=setting.join),
        label_attention=setting.heads in ("attention", "both"),
        tree=setting.heads in ("tree", "both"),
        ranking=setting.ranking,
        seed=setting.seed,
        tune=tune,
    )


def answered(
    work: Work, setting: Setting, config: TrainingConfig, encoder: str, frozen: Encoder
) -> Said:
    """Train and ask ours.

    Args:
        encoder: name of the encoder, for the training of all of it; frozen: its vectors.
    """
    turns = cut_off(work.task.train) if setting.turns == "single" else work.task.train
    taught = labelled(turns, work.task.taxonomy)
    start = time.perf_counter()
    with trained(work, taught, config, encoder, frozen) as (classifier, reader):
        seconds = time.perf_counter() - start
        return _said(work, classifier, reader, seconds)


@contextmanager
def trained(
    work: Work,
    taught: Sequence[LabelledExample],
    config: TrainingConfig,
    encoder: str,
    frozen: Encoder,
) -> Iterator[tuple[Classifier, Encoder]]:
    """A classifier and the encoder that it reads with; the latter is gone afterwards."""
    taxonomy, calibration = work.task.taxonomy, work.task.tuning
    if config.tune is None:
        yield train(taught, calibration, taxonomy, frozen, config), frozen
        return
    from turnwise.training import finetune

    with TemporaryDirectory(prefix="turnwise-learning-") as folder:
        tuned = finetune(taught, calibration, taxonomy, encoder, config, folder=Path(folder))
        yield tuned.classifier, OnnxEncoder(tuned.encoder)


def _said(work: Work, classifier: Classifier, encoder: Encoder, seconds: float) -> Said:
    vectors, logits = classifier.outputs(work.asked, encoder)
    readouts = classifier.readouts
    facts = {
        "train_seconds": round(seconds, 1),
        "epochs": classifier.record.epochs,
        "best_epoch": classifier.record.epoch,
        "samples_per_second": round(
            classifier.record.epochs * len(classifier.trained) / seconds, 1
        ),
    }
    known = [one.example for one in classifier.trained]
    classes = {one.name: rivals.classes_of(known, one) for one in work.task.taxonomy.dimensions}
    return Said(
        probabilities={name: readouts[name].probabilities(one) for name, one in logits.items()},
        facts=facts,
        scores={name: readouts[name].scores(one) for name, one in logits.items()},
        taught=classifier.outputs(known, encoder)[0] if work.outside else None,
        vectors=vectors,
        classes=classes,
    )
