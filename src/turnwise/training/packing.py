"""Classifier -> bundle: one graph, checked against the float model, written whole or not at all.

encoder's graph + classifier --export--> graph --compare with float--> int8 or fp32 --> bundle
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass, replace
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
from turnwise.bundle.refusal import REFUSAL, Refusal
from turnwise.bundle.transitions import TRANSITIONS
from turnwise.encoders import EncoderCard, EncoderFacts, OnnxEncoder, read_card
from turnwise.encoders.export import prepare_encoder
from turnwise.errors import BundleError, TrainingError
from turnwise.progress import Progress, silent
from turnwise.taxonomy import to_dict
from turnwise.training.agreement import compare, passes, to_compare, why_not
from turnwise.training.chaining import transitions_of
from turnwise.training.classifier import Classifier
from turnwise.training.export import export_graph
from turnwise.training.operating import DEFAULT, RefusalConfig
from turnwise.training.referring import note_reference
from turnwise.training.refusing import refusal_of
from turnwise.unfinished import move_into_place, unfinished_folder

STEPS = 3  # of packing, as progress counts them


def pack(
    classifier: Classifier,
    encoder: Path,
    bundles: Path,
    *,
    redacted: bool,
    refusal: RefusalConfig = DEFAULT,
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
        refusal: what is asked of prediction sets, out-of-domain scores and operating points.

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
        graph = _write_graph(classifier, encoder, made, progress)
        found, arrays = refusal_of(classifier, graph.model, refusal, progress)
        if arrays is not None:
            arrays.write(made / REFUSAL)
        chains = transitions_of(classifier, graph.model, refusal, progress)
        if chains is not None:
            chains.write(made / TRANSITIONS)
        folder = bundles / _write_rest(classifier, graph, found, redacted, made)
        gold = classifier.held[: classifier.calibrating]
        note_reference(made, [one.example for one in gold], progress)
        _make_room(folder)
        move_into_place(made, folder, MANIFEST)
    progress("packing", STEPS, STEPS)
    return Bundle.load(folder)


def _make_room(folder: Path) -> None:
    """Remove a damaged bundle, now that the same one stands ready to take its place.

    So is one removed that was packed before there were references.
    """
    if folder.exists():
        try:
            whole = Bundle.load(folder).manifest.reference is not None
        except BundleError:
            whole = False
        if not whole:
            shutil.rmtree(folder)


@dataclass(frozen=True, slots=True)
class _Graph:
    """A written graph: opened, the encoder that is in it, and how near it is to the float model.

    Attributes:
        notes: why it is not of the precision that was asked for.
    """

    model: PackedModel
    card: EncoderCard
    compared: Agreement
    notes: tuple[str, ...]


def _write_graph(classifier: Classifier, encoder: Path, made: Path, progress: Progress) -> _Graph:
    """Write model.onnx in the precision that passes; say which encoder is in it, and how near."""
    card = read_card(encoder)
    progress("packing", 0, STEPS)
    exact = encoder
    if card.precision == "int8":
        exact = prepare_encoder(card.source, encoder.parent, progress, "fp32")
    examples = to_compare(classifier)
    running = OnnxEncoder(exact)
    _, float_logits = classifier.outputs(examples, running, progress)
    progress("packing", 1, STEPS)
    notes: tuple[str, ...] = ()
    for folder in dict.fromkeys((encoder, exact)):
        shutil.copyfile(folder / TOKENIZER, made / TOKENIZER)
        export_graph(folder / MODEL, classifier.model, made / MODEL)
        packed = PackedModel(
            made, classifier.context, card.max_tokens, selector=classifier.selector
        )
        _, logits = packed.outputs(examples, progress)
        compared = compare(float_logits, logits, classifier)
        if passes(compared) or folder == exact:
            break
        notes = (f"{card.precision}: {why_not(compared)}: kept fp32",)
    progress("packing", 2, STEPS)
    return _Graph(packed, read_card(folder), compared, notes)


def _write_rest(
    classifier: Classifier, graph: _Graph, refusal: Refusal, redacted: bool, made: Path
) -> str:
    """Write taxonomy and manifest beside the graph; return the bundle's id."""
    taxonomy = classifier.taxonomy
    text = json.dumps(to_dict(taxonomy), indent=1, ensure_ascii=False)
    (made / TAXONOMY).write_text(text + "\n", encoding="utf-8")
    there = [name for name in (*FILES, REFUSAL, TRANSITIONS) if (made / name).is_file()]
    files = {name: file_facts(made / name) for name in there}
    decisive = [files[name].sha256 for name in files]
    context, selector = classifier.context, classifier.selector
    said = (classifier.temperatures, context, redacted, refusal, selector)
    decisive += [repr(one) for one in said]
    digest = hashlib.sha256("\n".join(decisive).encode()).hexdigest()
    title = re.sub(r"[^A-Za-z0-9_-]+", "-", taxonomy.name).strip("-").lower() or "bundle"
    manifest = Manifest(
        id=f"{title}-{digest[:12]}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        turnwise=version("turnwise"),
        taxonomy=taxonomy.name,
        taxonomy_version=taxonomy.version,
        context=context,
        encoder=EncoderFacts(graph.card.id, graph.card.size, graph.card.max_tokens),
        temperatures=classifier.temperatures,
        several=classifier.config.several,
        selector=selector.to_dict() if selector else None,
        refusal=refusal,
        redacted=redacted,
        precision=graph.card.precision,
        compared=graph.compared,
        training=replace(classifier.record, notes=(*classifier.record.notes, *graph.notes)),
        files=files,
    )
    write_manifest(manifest, made)
    return manifest.id
