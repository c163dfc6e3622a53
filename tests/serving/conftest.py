"""A bundle that was trained on the slice of the sample."""

from __future__ import annotations

import pytest

from turnwise.bundle import Bundle
from turnwise.project import current_bundle


@pytest.fixture(scope="session")
def bundle(finished) -> Bundle:
    """Read it, don't change it."""
    return Bundle.load(current_bundle(finished), threads=1)
