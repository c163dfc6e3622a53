"""Labelled examples -> an encoder trained for them, and a calibrated classifier on it.

    encoder --masked words of the logs--> encoder --labels, answers--> encoder and heads
        --export--> ONNX --calibration--> Classifier

What is calibrated is what will serve: the exported encoder's vectors, int8 where that holds.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from turnwise.context_arrays import ContextArrays
from turnwise.context_selection import Selector
from turnwise.conversations import Example
from turnwise.encoders import EncoderSource, OnnxEncoder, find_source
from turnwise.encoders.card import Precision
from turnwise.encoders.export import prepare_encoder
from turnwise.errors import ConfigError
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Taxonomy, to_dict
from turnwise.training.classifier import Classifier
from turnwise.training.config import TrainingConfig, decisive
from turnwise.training.data import LabelledExample, Targets
from turnwise.training.learning import shape_for
from turnwise.training.memory import memory_told
from turnwise.training.preparing import Prepared, lay_out, prepare
from turnwise.training.weights import kind_of

if TYPE_CHECKING:
    from turnwise.training.lessons import Lessons, RankedTokens
    from turnwise.training.text_encoder import TextEncoder
    from turnwise.training.tuned_model import Course

SHARED = ("customer", "both")  # contexts whose texts serve several turns of a conversation


@dataclass(frozen=True, slots=True)
class Finetuned:
    """What `finetune` made.

    Attributes:
        classifier: calibrated on the exported encoder's vectors.
        encoder: the folder of the exported encoder, for `OnnxEncoder` and `pack`.
    """

    classifier: Classifier
    encoder: Path


def finetune(
    labelled: Sequence[LabelledExample],
    calibration: Sequence[Example],
    taxonomy: Taxonomy,
    encoder: str,
    config: TrainingConfig,
    progress: Progress = silent,
    *,
    folder: Path,
    logs: Sequence[str] = (),
    precision: Precision = "int8",
) -> Finetuned:
    """Train an encoder and one model for all dimensions on it, export it, and calibrate.

    Killed at any point, the same call goes on from its last checkpoint and ends with the same
    weights.

    Args:
        labelled, calibration: as for `train`.
        encoder: a Hugging Face id or a local folder.
        folder: for checkpoints and the trained encoder; its own for each training.
        precision: of the exported encoder; int8 stays where it passes the gate.
        logs: texts of the project, labelled or not, that `tune.masked_epochs` reads.

    Raises:
        TrainingError: as for `train`; the loss is no number any more, memory does not suffice, or
            the folder holds another training.
        EncoderError: the encoder can't be found, read or exported.
        ConfigError: the settings do not ask for the training of the encoder.
    """
    if config.tune is None:
        raise ConfigError("is missing", field="training.tune", hint="Call train()")
    import torch

    prepared = prepare(labelled, calibration, taxonomy, config)
    with torch.random.fork_rng():  # transformers draws weights that a file lacks, export its input
        torch.manual_seed(config.seed)
        source = _read_logs(find_source(encoder), logs, folder, config, progress)
        course, text_encoder, selector = plan_course(prepared, source, folder, progress)
        prepared = _with_notes(prepared, course, logs)
        return _teach(course, text_encoder, selector, prepared, precision, progress)


def _with_notes(prepared: Prepared, course: Course, logs: Sequence[str]) -> Prepared:
    """What was asked for and could not be done is told."""
    notes = list(prepared.notes)
    if course.tune.masked_epochs and not logs:
        notes.append("training.tune.masked_epochs: no logs were given, so none were read")
    if course.taught.ranked is not None and not course.taught.ranked.row_of:
        notes.append("training.ranking: no turn has an answer to tell from others, so none was")
    return replace(prepared, notes=tuple(notes))


def _read_logs(
    source: EncoderSource,
    logs: Sequence[str],
    folder: Path,
    config: TrainingConfig,
    progress: Progress,
) -> EncoderSource:
    """The encoder after it has read the logs, where that is asked for."""
    tune = config.tune
    if tune is None or not tune.masked_epochs or not logs:
        return source
    from turnwise.training.pretraining import pretrain

    target = folder / f"{source.title}-read"
    remedy = "Set training.tune.masked_epochs: 0, or name a smaller encoder"
    with memory_told("guessing masked words of the logs", remedy):
        pretrain(
            source.folder,
            logs,
            target,
            epochs=tune.masked_epochs,
            seed=config.seed,
            precision=tune.precision,
            progress=progress,
        )
    return replace(find_source(str(target)), title=source.title)


def plan_course(
    prepared: Prepared, source: EncoderSource, folder: Path, progress: Progress
) -> tuple[Course, TextEncoder, Selector | None]:
    """All that the training of an encoder is told, and the encoder itself."""
    from turnwise.training.selecting import selector_for
    from turnwise.training.text_encoder import TextEncoder
    from turnwise.training.tuned_model import Course

    taxonomy, config = prepared.taxonomy, prepared.config
    text_encoder = TextEncoder(source)
    selector = selector_for(prepared, text_encoder, progress)
    contexts, labels = lay_out(prepared, text_encoder, selector)
    taught, held = _lessons(prepared, contexts, labels, text_encoder)
    course = Course(
        taught=taught,
        held=held,
        shape=shape_for(taxonomy, config, text_encoder.size, contexts[0].turns.shape[1] - 1),
        config=config,
        # Heads that are trained on with the encoder must not have seen what stops that.
        folds=prepared.folds() if config.tune is not None and config.tune.epochs == 0 else (),
        folder=folder,
        key=_key(prepared, source),
    )
    return course, text_encoder, selector


def _lessons(
    prepared: Prepared,
    contexts: Sequence[ContextArrays],
    labels: Sequence[Targets],
    encoder: TextEncoder,
) -> tuple[Lessons, Lessons]:
    """What is learnt from, and what stops it."""
    config = prepared.config
    from turnwise.training.lessons import lessons

    tokens = encoder.tokens(contexts[0].texts)
    shared = config.context.join == "apart" and config.context.kind in SHARED
    taught, held = (
        lessons(tokens, context, found, [one.example for one in group], shared)
        for context, found, group in list(zip(contexts, labels, prepared.groups, strict=True))[:2]
    )
    if config.ranking == "none":
        return taught, held
    ranked = _ranked(prepared.taught, encoder, config)
    return replace(taught, ranked=ranked), held


def _ranked(
    taught: Sequence[LabelledExample], encoder: TextEncoder, config: TrainingConfig
) -> RankedTokens:
    """Token ids of each answered context with the better answer, and with the worse."""
    from turnwise.training.lessons import RankedTokens
    from turnwise.training.ranking import join_pair, response_pairs

    judged = {row: one.answers for row, one in enumerate(taught) if one.answers}
    pairs = response_pairs([one.example for one in taught], config.context, config.seed, judged)

    def tokens(answers: Sequence[str]) -> list[NDArray[np.int64]]:
        joined = [
            join_pair(context, answer, encoder.separator, encoder.max_tokens, encoder.count_tokens)
            for context, answer in zip(pairs.contexts, answers, strict=True)
        ]
        return encoder.tokens(joined)

    row_of = {int(row): place for place, row in enumerate(pairs.rows)}
    return RankedTokens(row_of, tokens(pairs.right), tokens(pairs.wrong))


def _key(prepared: Prepared, source: EncoderSource) -> str:
    """Tells this training's checkpoint from those of others."""
    config = prepared.config
    digest = hashlib.sha256()
    settings = decisive(config)
    ordered = json.dumps(to_dict(prepared.taxonomy))  # labels are known by their places
    said = (ordered, source.content_sha256, settings)
    digest.update(json.dumps(said, sort_keys=True, default=str).encode())
    for group in prepared.groups:
        for one in group:
            seen = one.example.conversation.turns[: one.example.index + 2]  # ranking: the answer
            spoken = [(turn.role, turn.text) for turn in seen]
            labels = (dict(one.labels), dict(one.weights), dict(one.also), kind_of(one))
            said_of = (one.example.key, spoken, *labels, *one.answers)
            digest.update(json.dumps(said_of, sort_keys=True).encode())
    return digest.hexdigest()


def _teach(
    course: Course,
    text_encoder: TextEncoder,
    selector: Selector | None,
    prepared: Prepared,
    precision: Precision,
    progress: Progress,
) -> Finetuned:
    from turnwise.training.finishing import finish
    from turnwise.training.fit import dataset
    from turnwise.training.tuning import tune

    source = text_encoder.source
    model, fitted = tune(course, text_encoder, progress)
    saved = course.folder / f"{source.title}-tuned"
    shutil.rmtree(saved, ignore_errors=True)
    model.encoder.save(saved)
    exported = prepare_encoder(str(saved), course.folder, progress, precision)
    serving = OnnxEncoder(exported)
    contexts, labels = lay_out(prepared, serving, selector)
    vectors = serving.encode(contexts[0].texts, progress)
    parts = [dataset(vectors, *pair) for pair in zip(contexts, labels, strict=True)]
    model.classifier.cpu()
    classifier = finish(prepared, serving, parts, fitted, selector)
    return Finetuned(classifier, exported)
