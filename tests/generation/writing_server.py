"""A local server that plays customers and agents by rule, as a careful model might."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LINE = re.compile(r'^(customer|agent): (".*")$', re.M)
KINDS = {
    "You plan what": "moves",
    "what a customer types next": "customer",
    "what the support agent": "agent",
}
Spoken = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a prompt asks for: `history` is the talk so far, role and text."""

    kind: str
    system: str
    user: str

    @property
    def history(self) -> list[tuple[str, str]]:
        return [(role, json.loads(text)) for role, text in LINE.findall(self.user)]

    @property
    def again(self) -> bool:
        return "could not be used" in self.user


def careful(asked: Asked) -> Spoken:
    """Settles a wish at its second answer, and never says the same twice."""
    turns = len(asked.history)
    if asked.kind == "moves":
        moves = ["end", "intent change"] if turns >= 4 else ["follow-up", "clarification"]
        return {"moves": moves}
    if asked.kind == "agent":
        said = {"text": f"we can certainly do that for you in step {turns}"}
        return {**said, "settled": turns >= 3} if "settled" in asked.system else said
    return {"text": f"and could you please tell me about number {turns}"}


class Server(ThreadingHTTPServer):
    """Counts what it is asked, by kind; `rule` says what it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: Counter[str] = Counter()
        self.prompts: list[Asked] = []
        self.rule: Callable[[Asked], Spoken | str] = careful
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        system, user = (one["content"] for one in body["messages"][:2])
        asked = Asked(next(kind for told, kind in KINDS.items() if told in system), system, user)
        with self.server.lock:
            self.server.asked[asked.kind] += 1
            self.server.prompts.append(asked)
        answer = self.server.rule(asked)
        text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        message = {"role": "assistant", "content": text}
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


@contextmanager
def serving() -> Iterator[Server]:
    """Run it while in the context."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
