from __future__ import annotations

import pytest
from scripted_server import ScriptedServer

from turnwise.llm import rates


@pytest.fixture
def serve():
    """Start servers that answer as a function says; they end with the test."""
    started = []

    def start(script) -> ScriptedServer:
        started.append(ScriptedServer(script))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    """Waits between attempts keep their order and lose their length."""
    monkeypatch.setattr(rates, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(rates, "LONGEST_PAUSE", 0.05)
