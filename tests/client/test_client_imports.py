"""What the client does without, and what it says where its library is missing."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import turnwise.client
from turnwise.client import AsyncClient, Client

HEAVY = {"numpy", "onnxruntime", "tokenizers", "fastapi", "uvicorn", "pydantic", "sqlalchemy"}


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_client_loads_nothing_of_a_service_and_its_library_only_when_one_is_made():
    code = "import turnwise.client, sys, json; print(json.dumps(list(sys.modules)))"
    loaded = set(json.loads(run(code)))
    assert not loaded & (HEAVY | {"httpx2", "httpx", "asyncio", "yaml"})
    ours = {name for name in loaded if name.startswith("turnwise.")}
    assert {name for name in ours if not name.startswith("turnwise.client")} == {"turnwise.errors"}


def test_a_client_that_is_made_still_loads_nothing_of_a_service():
    code = "import turnwise.client as c, sys; c.Client(); c.AsyncClient(); print(*sys.modules)"
    assert not set(run(code).split()) & HEAVY


def test_without_its_library_it_says_what_to_install():
    code = """
import sys
sys.modules["httpx2"] = None
from turnwise.client import Client
from turnwise.errors import ConfigError
try:
    Client()
except ConfigError as error:
    print(error)
"""
    assert "pip install 'turnwise[client]'" in run(code)


def test_both_clients_have_the_same_methods_with_the_same_parameters():
    def public(kind):
        names = [name for name in vars(kind) if not name.startswith("_") or name == "__init__"]
        return {name: str(inspect.signature(getattr(kind, name))) for name in names}

    plain = {name: told.replace("Async", "") for name, told in public(AsyncClient).items()}
    assert public(Client) == plain


def test_every_public_name_is_there_and_says_what_it_is():
    for name in turnwise.client.__all__:
        assert getattr(turnwise.client, name).__doc__, name
