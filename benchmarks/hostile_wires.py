"""Bytes that are no HTTP request, or none that could be served: sent as they are, from a seed."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress

from benchmarks.hostile_bodies import Hostile, hostile

HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)  # of TLS
PATIENCE = 60.0
PAUSE = 0.3  # until a client that has no answer yet tells that nothing more comes
DRIP = 0.25  # between two bytes of a slow one
GOOD = b'{"messages":[{"role":"customer","content":"hello"}]}'


def wire(draw: random.Random, path: str, key: str) -> tuple[str, bytes]:
    """The next request of a seed, by its kind; none of them is to be served."""
    kind = draw.choice(list(WIRES))
    return kind, WIRES[kind](draw, path, key)


def whole(path: str, key: str, sent: Hostile) -> bytes:
    """A request with a body, as it should be sent."""
    more = {"content-type": "application/json", "content-length": str(len(sent.body))}
    return _head(path, key, {**more, **sent.headers}) + sent.body


def _head(path: str, key: str, headers: Mapping[str, str], line: str = "") -> bytes:
    first = line or f"POST {path} HTTP/1.1"
    said = {"host": "127.0.0.1", "authorization": f"Bearer {key}", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"{first}\r\n{lines}\r\n".encode("latin-1")


def _json(path: str, key: str, headers: Mapping[str, str], body: bytes) -> bytes:
    return _head(path, key, {"content-type": "application/json", **headers}) + body


def _shorter(draw: random.Random, path: str, key: str) -> bytes:
    """Ends before its body is as long as it says."""
    return _json(path, key, {"content-length": str(len(GOOD) + draw.randrange(1, 10**6))}, GOOD)


def _length(draw: random.Random, path: str, key: str) -> bytes:
    lengths = ["-1", "1e3", "0x40", "9" * 40, " ", "52, 52", "+52", "52\r\ncontent-length: 3"]
    return _json(path, key, {"content-length": draw.choice(lengths)}, GOOD)


def _chunks(draw: random.Random, path: str, key: str) -> bytes:
    """Chunks whose sizes are wrong, endless or no numbers."""
    size = b"%x" % len(GOOD)
    bodies = [
        b"zz\r\n" + GOOD + b"\r\n0\r\n\r\n",
        b"f" * 40 + b"\r\n" + GOOD,
        size + b"\r\n" + GOOD[:-3] + b"\r\n0\r\n\r\n",
        b"-1\r\n" + GOOD + b"\r\n0\r\n\r\n",
        size + b";" + b"x" * 70_000 + b"\r\n" + GOOD,
        b"1\r\n{\r\n" * 3000 + b"0\r\n\r\n",
        draw.randbytes(300),
    ]
    return _json(path, key, {"transfer-encoding": "chunked"}, draw.choice(bodies))


def _both(draw: random.Random, path: str, key: str) -> bytes:
    """Two ways to tell where the body ends, which is how requests are smuggled."""
    codings = ["chunked", "chunked, identity", "xchunked", "identity, chunked", "gzip, chunked"]
    headers = {"content-length": "3", "transfer-encoding": draw.choice(codings)}
    return _json(path, key, headers, b"1\r\n{\r\n0\r\n\r\n")


def _flood(draw: random.Random, path: str, key: str) -> bytes:
    """A head of thousands of headers, or one without an end."""
    if draw.random() < 0.5:
        headers = {f"x-{at}": "y" * draw.randrange(30) for at in range(4_000)}
    else:
        headers = {"x-long" * draw.choice([1, 20_000]): "y" * 100_000}
    return _json(path, key, {**headers, "content-length": str(len(GOOD))}, GOOD)


def _first_line(draw: random.Random, path: str, key: str) -> bytes:
    lines = [
        *(
            "POST",
            f"POST {path}",
            f"POST {path} HTTP/9.9",
            "PRI * HTTP/2.0",
            f"pOsT {path} HTTP/1.1",
        ),
        *(f"POST {path}{'a' * 60_000} HTTP/1.1", f"POST {path}/../../keys.json HTTP/1.1"),
        *("POST /v1/%00 HTTP/1.1", f"GET {path} HTTP/1.1", f"DELETE {path} HTTP/1.1"),
        *("CONNECT a:1 HTTP/1.1", "TRACE / HTTP/1.1", f"POST \xff{path} HTTP/1.1"),
    ]
    length = {"content-length": str(len(GOOD)), "content-type": "application/json"}
    return _head(path, key, length, draw.choice(lines)) + GOOD


def _garbage(draw: random.Random, _: str, __: str) -> bytes:
    return draw.choice(
        [HELLO, draw.randbytes(draw.randrange(1, 3000)), b"\r\n" * 2000, b"\x00" * 99]
    )


def _keys(draw: random.Random, path: str, key: str) -> bytes:
    """A key that is none."""
    presented = [key[:-1], key + "x", "", "A" * 30_000, "\x00", f"{key}\x0b", "é" * 40]
    length = {"content-length": str(len(GOOD)), "content-type": "application/json"}
    return _head(path, draw.choice(presented), length) + GOOD


def _header(draw: random.Random, path: str, key: str) -> bytes:
    """Headers that are no headers."""
    names = ["x y", "x\x00", "", "x:y\r\n z", "\xff"]
    headers = {draw.choice(names): "1", "content-length": str(len(GOOD))}
    return _json(path, key, headers, GOOD[: draw.randrange(10)])


WIRES: Mapping[str, Callable[[random.Random, str, str], bytes]] = {
    "cut short": _shorter,
    "length": _length,
    "chunks": _chunks,
    "two lengths": _both,
    "flood of headers": _flood,
    "first line": _first_line,
    "garbage": _garbage,
    "key": _keys,
    "header": _header,
}


def slow(draw: random.Random, path: str, key: str) -> bytes:
    """A request of which the first part comes at once and the rest byte by byte."""
    request = whole(path, key, hostile(draw))
    return request[: draw.randrange(1, min(len(request), 400))]


def exchanged(port: int, sent: bytes, drip: bytes = b"") -> bytes:
    """What comes back until the server closes; `drip` is sent byte by byte after the rest."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as line, suppress(OSError):
        line.sendall(sent)
        line.settimeout(DRIP if drip else PAUSE)
        for place in range(max(1, len(drip))):
            with suppress(TimeoutError):
                got = line.recv(65536)
                break
            line.sendall(drip[place : place + 1])
        line.settimeout(PATIENCE)
        line.shutdown(socket.SHUT_WR)
        while part := line.recv(65536):
            got += part
    return got


def refusal(body: bytes) -> bool:
    """Whether an answer has the shape of all refusals, and shows nothing of the inside."""
    try:
        told = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return False
    return set(told) == {"code", "message", "field"} and "Traceback" not in told["message"]
