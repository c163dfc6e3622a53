"""The logs, and who plays on them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.generation.repair_logs import TAXONOMY, repair_logs
from tests.generation.writing_server import Server, serving
from turnwise.generated import LabelledConversation
from turnwise.generation.emission.pools import Pools
from turnwise.generation.simulation import Exchanges, SeedQuery, seed_queries
from turnwise.llm import Background


@pytest.fixture(scope="session")
def logs() -> list[LabelledConversation]:
    return repair_logs()


@pytest.fixture(scope="session")
def exchanges(logs) -> Exchanges:
    return Exchanges(Pools.gather(logs, TAXONOMY))


@pytest.fixture(scope="session")
def seeds(logs) -> tuple[SeedQuery, ...]:
    return seed_queries(logs, "product")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def background() -> Iterator[Background]:
    with Background() as running:
        yield running
