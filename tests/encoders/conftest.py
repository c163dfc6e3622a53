"""The default encoder, exported once."""

import os
from pathlib import Path

import pytest

from turnwise.encoders import DEFAULT_ENCODER, OnnxEncoder
from turnwise.encoders.export import prepare_encoder


@pytest.fixture(scope="session")
def folder() -> Path:
    return prepare_encoder(DEFAULT_ENCODER, Path(os.environ["TURNWISE_CACHE"]))


@pytest.fixture(scope="session")
def encoder(folder: Path) -> OnnxEncoder:
    return OnnxEncoder(folder, threads=1)
