"""A server in a process of its own, and how tests speak to it.

Run as a program it serves what its one argument, JSON, says.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

PATIENCE = 30.0
# Under these no label is ever sure, so that turns end in questions.
ASKING = {"confidence": dict.fromkeys(("domain", "intent", "issue"), 1.0), "choices": 20}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """Code and field of a refusal, whose shape is checked on the way."""
        assert self.status >= 400, self.body[:300]
        assert set(self.json) == {"error"}, self.body[:300]
        assert set(self.json["error"]) == {"code", "message", "field"}
        return self.json["error"]["code"], self.json["error"]["field"]


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    port: int
    log: Path
    key: str = ""

    def ask(self, method, path, body=None, *, key=None, headers=None) -> Answer:
        """One request on a connection of its own; an iterator of bytes is sent in chunks."""
        sent = dict(headers or {})
        if (used := self.key if key is None else key) and "authorization" not in sent:
            sent["authorization"] = f"Bearer {used}"
        if body is not None and not isinstance(body, (bytes, Iterator)):
            body = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("content-type", "application/json")
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            line.request(method, path, body, sent)
            got = line.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        finally:
            line.close()

    def raw(self, *parts: bytes) -> bytes:
        """Send bytes as they are, and read until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as line:
            for part in parts:
                line.sendall(part)
            got = b""
            with suppress(ConnectionResetError):  # it closed with bytes of ours unread
                while part := line.recv(65536):
                    got += part
            return got

    def metric(self, name: str) -> float:
        """The value of one line of the metrics, 0 where it is not there."""
        page = self.ask("GET", "/metrics").body.decode()
        lines = [one for one in page.splitlines() if one.startswith(name + " ")]
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0


@contextmanager
def running(folder: Path, bundle: Path, key: str = "", **settings) -> Iterator[Server]:
    """Start a server and stop it.

    `settings` are those of ServerConfig, and of connections; `workspace`: where it logs to.
    """
    said = {"bundle": str(bundle), "port": 0, "rate": 1e6, "burst": 1e6, **settings}
    log = folder / "server.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(said)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    try:
        address = process.stdout.readline().strip()
        assert address, log.read_text()
        yield Server(process, urlsplit(address).port, log, key)
    finally:
        process.kill()
        process.wait(PATIENCE)


def stopped(server: Server, by: int = signal.SIGTERM) -> int:
    """Tell a server to stop; its exit code."""
    server.process.send_signal(by)
    return server.process.wait(PATIENCE)


def main() -> None:
    from turnwise.serving import PolicyConfig
    from turnwise.serving.http import ServerConfig, serve
    from turnwise.serving.http.connection import Connection

    said = json.loads(sys.argv[1])
    logging.basicConfig(level=logging.INFO)
    for name in ("head_seconds", "linger_seconds"):
        if seconds := said.pop(name, None):
            setattr(Connection, name, seconds)
    if policy := said.pop("policy", None):
        said["policy"] = PolicyConfig(**policy)
    paths = {
        name: Path(said.pop(name)) for name in ("bundle", "keys", "deployment") if name in said
    }
    log = None
    if workspace := said.pop("workspace", None):
        from turnwise.workspace import Workspace

        log = Workspace.open(workspace).decision_log
    config = ServerConfig(**paths, **said)
    serve(config, started=lambda address: print(address, flush=True), log=log)


if __name__ == "__main__":
    main()
