"""A local server that answers chat completions by rule, as a careful model might."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LAST = re.compile(r'^(?:\[\d+\] customer|Query \d+ \(the last one\)): (".*")$', re.M)
EARLIER = re.compile(r'^(?:\[\d+\] \w+|Query \d+|Reply by the \w+): (".*")$', re.M)
LEGEND = re.compile(r'^(?:"([A-Z]+)" = )"([A-Za-z]+)"', re.M)


class Server(ThreadingHTTPServer):
    """Counts what it is asked, by what it is asked for; `fail` makes some answers useless."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: Counter[str] = Counter()
        self.fail = re.compile("(?!)")  # turns whose answers are no JSON
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
        kind = "review" if "You review" in system else "label"
        with self.server.lock:
            self.server.asked[kind] += 1
        turn = json.loads(LAST.findall(user)[-1])
        text = "I would rather not." if self.server.fail.search(turn) else answer(system, user)
        reply = {
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
            ],
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


def answer(system: str, user: str) -> str:
    """Bikes and prices by the words of the turn, then of the history; reviews keep all."""
    turn = json.loads(LAST.findall(user)[-1])
    history = [json.loads(text) for text in EARLIER.findall(user)][: -1 if "[" in user else None]
    history = [text for text in history if text != turn] or []
    words = " ".join([turn, *reversed(history)]).lower()
    wish = "PRICE" if "cost" in turn or "how much" in turn else "REPAIR"
    if turn.lower().startswith("yes"):
        wish = "ANSWER"
    labels = {"product": "Boat" if "boat" in words else "Bike", "wish": wish}
    sure = {"product": "likely", "wish": "certain"}
    if "You review" in system:
        return json.dumps(
            {
                "objections": "None that holds.",
                "verdicts": dict.fromkeys(labels, "kept"),
                "final_labels": dict(re.findall(r'^- "(product|wish)": "(\w+)"', user, re.M)),
                "quotes": {name: [] for name in labels},
                "verdict_reason": "They fit.",
                "final_certainty": sure,
            }
        )
    if "turn_evidence" in system:
        said = {"turn_evidence": [turn], "history_evidence": history[:1], "reason": "It fits."}
        return json.dumps({**said, "labels": labels, "certainty": sure})
    letters = {title: letter for letter, title in LEGEND.findall(user)}
    if letters:
        labels = {name: letters[label] for name, label in labels.items()}
    return json.dumps({"labels": labels, "certainty": sure})


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
