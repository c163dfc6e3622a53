"""Classifier -> bundle: one graph, checked against the float model, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import numpy as np

from turnwise.bundle import FILES, MODEL, TAXONOMY, TOKENIZER, Bundle, softmax
from turnwise.bundle_manifest import (
    Agreement,
    EncoderFacts,
    Manifest,
    file_facts,
    write_manifest,
)
from turnwise.conversations import Example
from turnwise.encoder_export import EncoderCard, prepare_encoder, read_card
from turnwise.encoders import Encoder, OnnxEncoder
from turnwise.errors import TrainingError
from turnwise.int8 import processor_flags
from turnwise.progress import Progress, silent
from turnwise.sampling import stable_hash
from turnwise.taxonomy import to_dict
from turnwise.training.calibrate import Logits
from turnwise.training.classifier import Classifier
