"""Packing with the real encoder: the sample's first dozen conversations."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from conftest import CACHE, SAMPLE

from turnwise.bundle_manifest import conversation_hash
from turnwise.conversations import examples
from turnwise.encoder_export import prepare_encoder
from turnwise.encoders import OnnxEncoder
from turnwise.errors import TrainingError
from turnwise.formats import read
from turnwise.taxonomy import load_taxonomy
from turnwise.training import TrainingConfig, pack, train
from turnwise.training import pack as pack_module
from turnwise.training.data import gold_labels


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
