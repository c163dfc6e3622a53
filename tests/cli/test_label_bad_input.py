"""What can be wrong with labelling by a language model: each is told, with what to do."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from benchmarks.llm_behaviour import Behaviour
from benchmarks.llm_server import running
from tests.workspaces import copy_folder


@pytest.fixture
def work(finished, tmp_path) -> Path:
    return copy_folder(finished, tmp_path / "work")


@pytest.fixture
def ask(monkeypatch):
    """Set where the teacher is."""

    def set_(url: str, model: str = "a-model", key: str = "") -> None:
        monkeypatch.setenv("TURNWISE_TEACHER_BASE_URL", url)
        monkeypatch.setenv("TURNWISE_TEACHER_MODEL", model)
        monkeypatch.setenv("TURNWISE_TEACHER_KEY", key)

    return set_


@pytest.fixture
def html_server() -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html><body>Sign in to go on</body></html>")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def by_llm(turnwise, work: Path, *options: object, code: int = 2) -> str:
    return turnwise("label", "-w", work, "--by", "llm", *options, code=code).stderr


def test_without_an_endpoint_it_says_what_to_write_where(turnwise, work, monkeypatch):
    monkeypatch.delenv("TURNWISE_TEACHER_BASE_URL", raising=False)
    error = by_llm(turnwise, work)
    assert "turnwise.yaml" in error
    assert "base_url" in error
    assert "TURNWISE_TEACHER_BASE_URL" in error


def test_an_endpoint_that_is_not_there(turnwise, work, ask):
    ask("http://127.0.0.1:9/v1")
    assert "127.0.0.1:9" in by_llm(turnwise, work)


def test_a_wrong_key_and_an_unknown_model(turnwise, work, ask):
    with running(Behaviour(key="right", models=("known",))) as server:
        ask(server.url, "known", "wrong")
        error = by_llm(turnwise, work)
        assert "key" in error
        assert "wrong" not in error.replace("wrong key", "")  # the key is not shown
        ask(server.url, "unknown", "right")
        assert "unknown" in by_llm(turnwise, work)


def test_a_page_where_an_endpoint_should_be(turnwise, work, ask, html_server):
    ask(html_server)
    error = by_llm(turnwise, work)
    assert html_server in error
    assert "base_url" in error or "HTML" in error


def test_a_budget_that_is_used_up_is_no_error(turnwise, work, ask):
    with running(Behaviour()) as server:
        ask(server.url)
        said = turnwise("label", "-w", work, "--by", "llm", "--strategy", "zero-shot", "--calls", 5)
        assert "Spent 5 calls" in said.stdout
        assert "larger budget" in said.stdout
        said = turnwise("label", "-w", work, "--by", "llm", "--strategy", "zero-shot")
        assert "larger budget" not in said.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--strategy", "best"), "two-stage"),
        (("--by", "gpt"), "embedded, llm"),
        (("--select", "hard"), "uncertain"),
        (("--select", "novel"), "--calls"),
        (("--calls", "10"), "--by llm"),
        (("--money", "3"), "--by llm"),
    ],
)
def test_options_that_do_not_go_together(turnwise, work, options, said):
    assert said in turnwise("label", "-w", work, *options, code=2).stderr


def test_a_dry_run_needs_no_server_and_changes_nothing(turnwise, work, ask):
    ask("http://127.0.0.1:9/v1")
    said = turnwise("label", "-w", work, "--by", "llm", "--strategy", "two-stage", "--dry-run")
    assert "calls" in said.stdout
    assert "tokens" in said.stdout


def test_stopped_by_hand_it_says_how_to_go_on(work, ask):
    with running(Behaviour(latency=0.2)) as server:
        ask(server.url)
        command = [Path(sys.executable).with_name("turnwise"), "label", "-w", work, "--by", "llm"]
        process = subprocess.Popen(
            list(map(str, command)),
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        assert process.stderr is not None
        assert any(line.startswith("label: ") for line in process.stderr)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130
    assert "run the same command again" in said
