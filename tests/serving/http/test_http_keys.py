"""API keys: who may do what, and how keys come and go while the server runs."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server_process import running

from turnwise.errors import ConfigError
from turnwise.serving.http import ServerConfig, add_key
from turnwise.serving.http.keys import Keyring

TALK = {"messages": [{"role": "customer", "content": "hi"}]}
ROUTES = {
    ("POST", "/v1/classify"): "classify",
    ("POST", "/v1/decide"): "decide",
    ("GET", "/metrics"): "metrics",
}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys.json"


def test_without_a_key_or_with_a_wrong_one_nothing_opens(server):
    for method, path in (*ROUTES, ("GET", "/v1/taxonomy"), ("GET", "/v1/bundles")):
        body = TALK if method == "POST" else None
        for headers in (
            {"authorization": ""},
            {"authorization": "Bearer"},
            {"authorization": "Bearer tw_" + "A" * 43},
            {"authorization": f"Basic {server.key}"},
            {"authorization": server.key},
            {"authorization": f"Bearer {server.key[:-1]}"},
            {"authorization": f"Bearer {server.key} x"},
            {"authorization": "Bearer " + "x" * 5000},
            {"x-api-key": server.key, "authorization": ""},
        ):
            answer = server.ask(method, path, body, headers=headers)
            assert (answer.status, answer.error) == (401, ("unauthorized", None)), headers
            assert answer.headers["www-authenticate"] == "Bearer"


def test_a_body_is_not_read_before_the_key_is_known(server):
    answer = server.ask("POST", "/v1/classify", b"{" * 10_000_000, key="tw_wrong")
    assert answer.status == 401


def test_keys_open_what_their_scopes_say_and_change_without_a_restart(
    bundle_folder, tmp_path, file
):
    keys = {scope: add_key(file, scope, [scope]) for scope in ROUTES.values()}
    with running(tmp_path, bundle_folder, keys=str(file)) as server:

        def status(scope, route) -> int:
            body = TALK if route[0] == "POST" else None
            return server.ask(*route, body, key=keys[scope]).status

        for route, needed in ROUTES.items():
            assert {scope: status(scope, route) for scope in keys} == {
                scope: 200 if scope == needed else 403 for scope in keys
            }
        assert status("classify", ("GET", "/v1/taxonomy")) == 200
        assert status("metrics", ("GET", "/v1/taxonomy")) == 403

        classify = ("POST", "/v1/classify")
        keys["new"] = add_key(file, "classify", ["classify"])
        assert (status("classify", classify), status("new", classify)) == (200, 200)
        left = json.loads(file.read_text())
        left["keys"] = left["keys"][-1:]
        file.write_text(json.dumps(left))
        assert (status("classify", classify), status("new", classify)) == (401, 200)
        file.write_text("{ half a fi")
        assert (status("classify", classify), status("new", classify)) == (401, 200)
        assert "the keys stay as they were" in server.log.read_text()
        assert all(key not in server.log.read_text() for key in keys.values())


def test_a_file_of_keys_holds_no_key_and_is_private(file):
    key = add_key(file, "router", ["classify"])
    assert key not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert len(key) >= 43
    ring = Keyring(file)
    assert ring.find(key).name == "router"
    assert ring.find(key + "x") is None


def test_a_longer_key_than_there_can_be_is_not_cut_to_fit(file):
    key = add_key(file, "router", ["classify"])
    ring = Keyring(file)
    assert ring.find(key + " " * 500) is None


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    path = tmp_path_factory.mktemp("ring") / "keys.json"
    add_key(path, "router", ["classify"])
    return Keyring(path)


@given(st.text())
def test_no_text_that_is_no_key_opens(ring, text):
    assert ring.find(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"keys": [{"name": "a"}]}',
        '{"keys": [{"name": "a b", "sha256": "%s", "scopes": ["decide"]}]}' % ("0" * 64),
        '{"keys": [{"name": "a", "sha256": "secret", "scopes": ["decide"]}]}',
        '{"keys": [{"name": "a", "sha256": "%s", "scopes": ["all"]}]}' % ("0" * 64),
        '{"keys": [{"name": "a", "sha256": "%s", "scopes": []}]}' % ("0" * 64),
        '{"keys": []}' + " " * 1_000_000,
    ],
)
def test_a_faulty_file_is_refused_without_showing_what_it_holds(file, text):
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"keys\.json") as raised:
        Keyring(file)
    assert "secret" not in str(raised.value)


def test_a_missing_file_is_refused(file):
    with pytest.raises(ConfigError, match="can't be read"):
        Keyring(file)


def test_a_name_or_scope_that_is_not_allowed_is_refused(file):
    for name, scopes in (("a b", ["decide"]), ("", ["decide"]), ("a", ["all"]), ("a", [])):
        with pytest.raises(ConfigError):
            add_key(file, name, scopes)
    assert not file.exists()


def test_a_keyring_reads_again_only_what_changed(file, caplog):
    key = add_key(file, "router", ["classify"])
    ring = Keyring(file)
    file.unlink()
    with caplog.at_level(logging.ERROR, "turnwise.serving"):
        assert ring.find(key) is not None, "a file that is gone for a moment locks nobody out"
        assert ring.find(key) is not None
    assert len(caplog.records) == 1


def test_no_keys_takes_a_flag_and_then_a_loopback_address(tmp_path):
    with pytest.raises(ConfigError, match="no API keys"):
        ServerConfig(tmp_path)
    for host in ("0.0.0.0", "::", "192.168.1.2", "example.com", ""):
        with pytest.raises(ConfigError, match="host"):
            ServerConfig(tmp_path, host=host, no_keys=True)
    for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost"):
        assert ServerConfig(tmp_path, host=host, no_keys=True).no_keys
    with pytest.raises(ConfigError, match="no_keys"):
        ServerConfig(tmp_path, keys=tmp_path / "keys", no_keys=True)


def test_without_keys_only_this_machines_own_names_are_answered(bundle_folder, tmp_path):
    with running(tmp_path, bundle_folder, no_keys=True) as server:
        assert server.ask("POST", "/v1/classify", TALK).status == 200
        for host in ("localhost:80", "127.0.0.1", "[::1]:8080"):
            assert server.ask("GET", "/v1/bundles", headers={"host": host}).status == 200
        for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:80", ""):
            answer = server.ask("GET", "/v1/bundles", headers={"host": host})
            assert (answer.status, answer.error[0]) == (403, "forbidden")
