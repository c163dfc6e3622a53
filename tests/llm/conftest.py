from __future__ import annotations

import pytest
from scripted_server import servers

from turnwise.llm import rates


@pytest.fixture
def serve():
    with servers() as start:
        yield start


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    """Waits between attempts keep their order and lose their length."""
    monkeypatch.setattr(rates, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(rates, "LONGEST_PAUSE", 0.05)
