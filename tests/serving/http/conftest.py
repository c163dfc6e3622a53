"""One server for all that doesn't need one of its own; it asks for keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from server_process import ASKING, running

from turnwise.project import current_bundle
from turnwise.serving.http import SCOPES, add_key

SHORT = {"body_seconds": 0.5, "head_seconds": 1.0, "linger_seconds": 0.2}
TALK = {
    "messages": [
        {"role": "customer", "content": "hello"},
        {"role": "customer", "content": "I want to cancel my music subscription"},
        {"role": "agent", "content": "which plan is it?"},
        {"role": "customer", "content": "the family plan"},
    ]
}


@pytest.fixture(scope="session")
def bundle_folder(finished) -> Path:
    return current_bundle(finished)


@pytest.fixture(scope="session")
def server(bundle_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    keys = folder / "keys.json"
    key = add_key(keys, "everything", SCOPES)
    with running(folder, bundle_folder, key, keys=str(keys), policy=ASKING, **SHORT) as started:
        yield started


@pytest.fixture
def talk() -> dict:
    """A conversation whose last customer turn is the third, from the fourth message."""
    return {"messages": [dict(one) for one in TALK["messages"]]}
