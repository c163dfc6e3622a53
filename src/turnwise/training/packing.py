"""Classifier -> bundle: one graph, checked against the float model, written whole or not at all.

encoder's graph + classifier --export--> graph --compare with float--> int8 or fp32 --> bundle
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from turnwise.bundle import (
    FILES,
    MANIFEST,
    MODEL,
    TAXONOMY,
    TOKENIZER,
    Agreement,
    Bundle,
    Manifest,
    PackedModel,
    file_facts,
    write_manifest,
)
from turnwise.encoders import EncoderCard, EncoderFacts, OnnxEncoder, read_card
from turnwise.encoders.export import prepare_encoder
from turnwise.errors import TrainingError
from turnwise.progress import Progress, silent
from turnwise.taxonomy import to_dict
from turnwise.training.agreement import compare, passes, to_compare
from turnwise.training.classifier import Classifier
from turnwise.training.export import export_graph
from turnwise.unfinished import move_into_place, unfinished_folder

STEPS = 3  # of packing, as progress counts them


def pack(
    classifier: Classifier,
    encoder: Path,
    bundles: Path,
    *,
    redacted: bool,
    progress: Progress = silent,
) -> Bundle:
    """Write a bundle and open it.

    An int8 encoder stays where the labels that it leads to pass the gate of `agreement`; else
    the fp32 form of the same encoder takes its place.

    Args:
        classifier: what `train` returned.
        encoder: the folder of the encoder that it was trained with, of `prepare_encoder`.
        bundles: the folder in which the bundle's own is made, named by its id.
        redacted: whether the texts that it was trained on were redacted.

    Raises:
        TrainingError: the encoder is another than that of the training.
        EncoderError: the encoder can't be read, or its fp32 form can't be made.
    """
    card = read_card(encoder)
    if card.id != classifier.encoder_id:
        raise TrainingError(
            f"{encoder}: holds encoder {card.id}, and the classifier was trained with "
            f"{classifier.encoder_id}. Pack with the same encoder, or train again"
        )
    with unfinished_folder(bundles) as made:
        used, compared = _write_graph(classifier, encoder, made, progress)
        folder = bundles / _write_rest(classifier, used, compared, redacted, made)
        move_into_place(made, folder, MANIFEST)
    progress("packing", STEPS, STEPS)
    return Bundle.load(folder)


def _write_graph(
    classifier: Classifier, encoder: Path, made: Path, progress: Progress
) -> tuple[EncoderCard, Agreement]:
    """Write model.onnx in the precision that passes; say which encoder is in it, and how near."""
    card = read_card(encoder)
    progress("packing", 0, STEPS)
    exact = encoder
    if card.precision == "int8":
        exact = prepare_encoder(card.source, encoder.parent, progress, "fp32")
    examples = to_compare(classifier)
    float_logits = classifier.logits(examples, OnnxEncoder(exact), progress)
    progress("packing", 1, STEPS)
    for folder in dict.fromkeys((encoder, exact)):
        shutil.copyfile(folder / TOKENIZER, made / TOKENIZER)
        export_graph(folder / MODEL, classifier.model, made / MODEL)
        packed = PackedModel(made, classifier.config.context, card.max_tokens)
        compared = compare(float_logits, packed.logits(examples, progress), classifier)
        if passes(compared):
            break
    progress("packing", 2, STEPS)
    return read_card(folder), compared


def _write_rest(
    classifier: Classifier, card: EncoderCard, compared: Agreement, redacted: bool, made: Path
) -> str:
    """Write taxonomy and manifest beside the graph; return the bundle's id."""
    taxonomy = classifier.taxonomy
    text = json.dumps(to_dict(taxonomy), indent=1, ensure_ascii=False)
    (made / TAXONOMY).write_text(text + "\n", encoding="utf-8")
    files = {name: file_facts(made / name) for name in FILES}
    decisive = [files[name].sha256 for name in FILES]
    decisive += [repr(classifier.temperatures), repr(classifier.config.context), str(redacted)]
    digest = hashlib.sha256("\n".join(decisive).encode()).hexdigest()
    title = re.sub(r"[^A-Za-z0-9_-]+", "-", taxonomy.name).strip("-").lower() or "bundle"
    manifest = Manifest(
        id=f"{title}-{digest[:12]}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        turnwise=version("turnwise"),
        taxonomy=taxonomy.name,
        taxonomy_version=taxonomy.version,
        context=classifier.config.context,
        encoder=EncoderFacts(card.id, card.size, card.max_tokens),
        temperatures=classifier.temperatures,
        redacted=redacted,
        precision=card.precision,
        compared=compared,
        training=classifier.record,
        files=files,
    )
    write_manifest(manifest, made)
    return manifest.id
