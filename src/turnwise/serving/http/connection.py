"""A connection of uvicorn's, with bounds that it lacks: slow or endless heads, bodies nobody reads.

uvicorn bounds neither the length of a request's head nor the time that it takes, and reads on
after it has answered early, for as long as the other side sends.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from turnwise.serving.http.failures import RequestError, too_busy

UPGRADE = re.compile(rb"\r\nupgrade[ \t]*:", re.IGNORECASE)


class Connection(HttpToolsProtocol):
    """Attributes are the bounds: of a head, of what is sent after the answer, of connections."""

    head_bytes: ClassVar[int] = 32_768
    head_seconds: ClassVar[float] = 10.0
    linger_seconds: ClassVar[float] = 2.0
    most: ClassVar[int] = 1000

    _timer: asyncio.TimerHandle | None = None
    _in_head, _in_message, _read = True, False, 0  # _read: bytes of a head that is not whole
    _headed = 0  # bytes of the head so far that the parser has told of

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most:
            self._refuse(too_busy())
        else:
            self._within(self.head_seconds, self._close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._in_head or not self._in_message:
            data = _without_upgrade(data)
        super().data_received(data)
        if self._in_head:
            self._read += len(data)
            if self._read > self.head_bytes and not self.transport.is_closing():
                self._refuse(_long_head())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._in_message, self._read, self._headed = True, True, 0, 0
        if self._timer is None:
            self._within(self.head_seconds, self._close)

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self.parser.get_http_version() not in ("1.0", "1.1"):  # 0.9: a line that names none
            raise ValueError  # the parser stops, and `send_400_response` is called
        self._in_head = False
        self._stop()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_message = False
        self._stop()
        super().on_message_complete()
        if self.cycle.response_complete:  # uvicorn no longer watches a connection that was early
            self._within(self.linger_seconds, self._close)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_message and not self._in_head:
            self._within(self.linger_seconds, self._close)

    def send_400_response(self, msg: str) -> None:
        if self._headed > self.head_bytes:
            self._refuse(_long_head())
        else:
            self._refuse(RequestError(400, "invalid_http", "this is no HTTP/1.1 request"))

    def _count(self, read: int) -> None:
        """Count a part of a head that came whole; nobody is asked once it is too long."""
        self._headed += read
        if self._headed > self.head_bytes:
            raise ValueError  # the parser stops, and `send_400_response` is called

    def _refuse(self, error: RequestError) -> None:
        """Answer without an application, and close."""
        body = error.body()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "connection": "close",
            **error.headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.transport.write(f"HTTP/1.1 {error.status} \r\n{lines}\r\n".encode() + body)
        self.transport.close()

    def _within(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, then)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def _long_head() -> RequestError:
    return RequestError(431, "too_long", "the head of the request is too long")


def _without_upgrade(data: bytes) -> bytes:
    """The beginning of a request without its offer of another protocol.

    Java's client offers HTTP/2 with each request, and the parser would take its body for that.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    return UPGRADE.sub(b"\r\nx-upgrade:", head, count=1) + end + body
