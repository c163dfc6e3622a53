"""The bytes of a request's body, as many as are allowed and in the time that is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.types import Receive

from turnwise.serving.http.failures import Disconnected, RequestError

Headers = Sequence[tuple[bytes, bytes]]  # names in small letters


async def read_body(headers: Headers, receive: Receive, most: int, seconds: float) -> bytes:
    """Read a JSON body; its length is counted as it comes, whatever its head says.

    Args:
        most: bytes; seconds: until all of it must have come.

    Raises:
        RequestError: 408, 413 or 415.
        Disconnected: the caller went away before all of it came.
    """
    _check_head(headers, most)
    message = await _next(receive, seconds)
    if not message[1] and len(message[0]) <= most:  # at once, as nearly all do
        return message[0]
    body = bytearray(message[0])
    deadline = asyncio.get_running_loop().time() + seconds
    while message[1] and len(body) <= most:
        message = await _next(receive, deadline - asyncio.get_running_loop().time())
        body += message[0]
    if len(body) > most:
        raise _too_long(most)
    return bytes(body)


async def _next(receive: Receive, seconds: float) -> tuple[bytes, bool]:
    """The next part of a body, and whether more of it follows."""
    try:
        async with asyncio.timeout(seconds):
            message = await receive()
    except TimeoutError:
        raise RequestError(408, "too_slow", "the body did not come in time") from None
    if message["type"] == "http.disconnect":
        raise Disconnected
    return message.get("body", b""), message.get("more_body", False)


def _check_head(headers: Headers, most: int) -> None:
    kind = b""
    for name, value in headers:
        if name == b"content-type":
            kind = value
        elif (name == b"content-length" and len(value) > 18) or _declared(name, value) > most:
            raise _too_long(most)
        elif name == b"content-encoding" and value.strip().lower() != b"identity":
            reason = "compressed bodies are not read; send it as it is"
            raise RequestError(415, "unsupported_encoding", reason)
    media, _, parameters = kind.partition(b";")
    if media.strip().lower() != b"application/json" or not _is_utf8(parameters):
        reason = "the body must be JSON in UTF-8: content-type: application/json"
        raise RequestError(415, "unsupported_media_type", reason)


def _declared(name: bytes, value: bytes) -> int:
    return int(value) if name == b"content-length" and value.isdigit() else 0


def _is_utf8(parameters: bytes) -> bool:
    name, _, value = parameters.partition(b"=")
    if name.strip().lower() != b"charset":
        return True
    return value.strip(b' "').lower() in (b"utf-8", b"utf8")


def _too_long(most: int) -> RequestError:
    return RequestError(413, "too_long", f"the body is longer than {most:,} bytes")
