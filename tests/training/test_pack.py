"""Packing with the real encoder: the sample's first dozen conversations."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from turnwise.bundle import conversation_hash
from turnwise.conversations import examples
from turnwise.encoders import OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.errors import TrainingError
from turnwise.formats import read
from turnwise.taxonomy import load_taxonomy
from turnwise.training import TrainingConfig, pack, train
from turnwise.training.data import gold_labels

SAMPLE = Path(__file__).parents[2] / "examples/larkspur"
CACHE = Path(os.environ["TURNWISE_CACHE"])


@pytest.fixture(scope="module")
def conversations():
    return [one.conversation for one in islice(read(SAMPLE / "conversations.jsonl"), 12)]


@pytest.fixture(scope="module")
def encoder_folder():
    return prepare_encoder("all-MiniLM-L6-v2", CACHE)


@pytest.fixture(scope="module")
def classifier(conversations, encoder_folder):
    taxonomy = load_taxonomy(SAMPLE / "taxonomy.yaml")
    found = [[*examples(one)] for one in conversations]
    seed = [gold_labels(one, taxonomy) for few in found[3:] for one in few]
    calibration = [one for few in found[:3] for one in few]
    config = TrainingConfig(hidden=32, epochs=3)
    return train(seed, calibration, taxonomy, OnnxEncoder(encoder_folder), config)


@pytest.fixture(scope="module")
def bundle(classifier, encoder_folder, tmp_path_factory):
    return pack(classifier, encoder_folder, tmp_path_factory.mktemp("bundles"), redacted=True)


def test_the_packed_graph_says_what_the_float_model_says(
    bundle, classifier, conversations, encoder_folder
):
    tested = [one.example for one in classifier.held]
    found = bundle.probabilities(tested)
    exact = prepare_encoder("all-MiniLM-L6-v2", CACHE, precision="fp32")
    for name, wanted in classifier.probabilities(tested, OnnxEncoder(exact)).items():
        near = np.abs(found[name] - wanted).max()
        assert near <= bundle.manifest.compared.largest_difference + 1e-5
        same = (found[name].argmax(1) == wanted.argmax(1)).mean()
        assert same == pytest.approx(bundle.manifest.compared.labels[name])


def test_the_manifest_says_what_was_packed(bundle, classifier, conversations):
    manifest = bundle.manifest
    assert bundle.folder.name == bundle.id == manifest.id
    assert manifest.redacted is True
    assert replace(manifest.training, notes=()) == classifier.record  # a note: which precision
    assert manifest.temperatures == classifier.temperatures
    assert manifest.context == classifier.config.context
    assert manifest.compared.turns == len(classifier.held)  # of those that training never saw
    assert manifest.agreement >= 0.995
    assert set(manifest.training.conversations) == {
        conversation_hash(one.id) for one in conversations
    }
    assert bundle.taxonomy == classifier.taxonomy


def test_what_was_said_does_not_stand_in_the_manifest(bundle, conversations):
    text = (bundle.folder / "manifest.json").read_text("utf-8")
    assert not any(turn.text in text for one in conversations for turn in one.turns)
    assert not any(json.dumps(one.id) in text for one in conversations)


def test_packing_again_gives_the_same_bundle(bundle, classifier, encoder_folder):
    again = pack(classifier, encoder_folder, bundle.folder.parent, redacted=True)
    assert (again.id, again.folder) == (bundle.id, bundle.folder)
    assert [one.name for one in bundle.folder.parent.iterdir()] == [bundle.id]


def test_int8_that_fails_the_gate_gives_way_to_fp32(
    classifier, encoder_folder, tmp_path, monkeypatch
):
    refused = []
    monkeypatch.setattr("turnwise.training.packing.passes", lambda found: refused.append(found))
    bundle = pack(classifier, encoder_folder, tmp_path, redacted=False)
    assert bundle.manifest.precision == "fp32"
    assert "fp32" in bundle.manifest.encoder.id
    assert bundle.manifest.compared.largest_difference < 1e-5
    assert bundle.manifest.agreement == 1
    assert bundle.manifest.training.notes[-1].startswith("int8: labels of ")
    assert bundle.manifest.training.notes[-1].endswith("kept fp32")


@pytest.mark.parametrize("step", ["export_graph", "move_into_place"])
def test_packing_that_breaks_off_leaves_nothing(
    step, classifier, encoder_folder, tmp_path, monkeypatch
):
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"turnwise.training.packing.{step}", full)
    with pytest.raises(OSError, match="No space left"):
        pack(classifier, encoder_folder, tmp_path, redacted=False)
    assert list(tmp_path.iterdir()) == []


def test_another_encoder_than_that_of_the_training_is_refused(classifier, encoder_folder, tmp_path):
    other = replace(classifier, encoder_id="other-1")
    with pytest.raises(TrainingError, match="trained with other-1"):
        pack(other, encoder_folder, tmp_path, redacted=False)
    assert list(tmp_path.iterdir()) == []
