"""A server that answers, one after the other, what it is told to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    line: str
    headers: Mapping[str, str]
    body: bytes


class Scripted:
    """One connection for each request.

    `answers` are bytes to send before the connection is closed: none at all for b"". Where they
    are used up, connections stay open without an answer.
    """

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.answers: list[bytes] = []
        self.asked: list[Asked] = []
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def will(self, status: int, body: object = None, **headers: str) -> Scripted:
        """Answer this next."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        fields = {"content-length": str(len(content)), "connection": "close", **names}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.answers.append(f"HTTP/1.1 {status} x\r\n{lines}\r\n".encode() + content)
        return self

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            self.asked.append(_request(line))
            if self.answers:
                line.sendall(self.answers.pop(0))
                line.close()
            else:
                self._open.append(line)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for line in self._open:
            line.close()
        self._thread.join()


def _request(line: socket.socket) -> Asked:
    with line.makefile("rb") as file:
        first = file.readline().decode().strip()
        headers = {}
        while row := file.readline().decode().strip():
            name, _, value = row.partition(":")
            headers[name.lower()] = value.strip()
        return Asked(first, headers, file.read(int(headers.get("content-length", 0))))
