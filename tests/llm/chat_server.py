"""A local server that answers chat completions by a rule: what it says is a subclass's matter."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar


class ChatServer(ThreadingHTTPServer):
    """Every answer takes 100 tokens in and 20 out."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def answer(self, system: str, user: str) -> str:
        """The text of an answer to the first two messages of a request."""
        raise NotImplementedError


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        system, user = (one["content"] for one in body["messages"][:2])
        message = {"role": "assistant", "content": self.server.answer(system, user)}
        reply = {
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }
        written = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def log_message(self, *args: Any) -> None:
        pass


S = TypeVar("S", bound=ChatServer)


@contextmanager
def serving(server: S) -> Iterator[S]:
    """Run a server while in the context."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serving_as_teacher(server: S, monkeypatch: Any) -> Iterator[S]:
    """Run a server that the environment names as the endpoint `teacher`."""
    monkeypatch.setenv("TURNWISE_TEACHER_BASE_URL", server.url)
    monkeypatch.setenv("TURNWISE_TEACHER_MODEL", "a-model")
    with serving(server):
        yield server
