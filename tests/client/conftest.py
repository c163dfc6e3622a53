"""A real server that asks for keys, and a client that has one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.scripted import Scripted
from tests.serving.http.server_process import ASKING, Server, running
from tests.workspaces import copy_folder
from turnwise.client import Client
from turnwise.client.connecting import KEY
from turnwise.project import current_bundle
from turnwise.serving.http import SCOPES, add_key


@pytest.fixture(autouse=True)
def no_key_of_whoever_tests(monkeypatch) -> None:
    monkeypatch.delenv(KEY, raising=False)


@pytest.fixture(scope="session")
def bundle_folder(finished) -> Path:
    return current_bundle(finished)


@pytest.fixture(scope="session")
def service(finished, bundle_folder, tmp_path_factory) -> Iterator[Server]:
    """A server that logs, and under whose policy no label is ever sure: turns end in questions."""
    folder = tmp_path_factory.mktemp("service")
    work = copy_folder(finished, folder / "work")
    key = add_key(folder / "keys.json", "everything", SCOPES)
    settings = {"keys": str(folder / "keys.json"), "policy": ASKING, "workspace": str(work)}
    with running(folder, bundle_folder, key, **settings) as started:
        yield started


@pytest.fixture
def address(service) -> str:
    return f"http://127.0.0.1:{service.port}"


@pytest.fixture
def client(service, address) -> Iterator[Client]:
    with Client(address, service.key) as made:
        yield made


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A server that answers what a test tells it to."""
    with Scripted() as started:
        yield started
