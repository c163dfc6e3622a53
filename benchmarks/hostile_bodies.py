"""Requests that mean harm, made from a seed, and a judge of which of them are valid all the same.

    bodies   a good one with things in it replaced, removed, repeated; bytes of it changed; deep,
             huge, doubled keys, numbers beyond all bounds, compressed, other encodings
    wires    what is no HTTP request, or none whose end can be told

The judge reads the server's own OpenAPI document with another library than the server uses, so
that a body that slips past the server's checks is found.
"""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs

Json = Any
CHARACTERS = 100_000  # of a conversation's messages together; no schema can say so

FINE: dict[str, Json] = {
    "messages": [
        {"role": "customer", "content": "where is my parcel"},
        {"role": "bot", "content": "which one?"},
        {"role": "customer", "content": "the blue one"},
    ],
    "conversation_id": "c-1",
    "locale": "en",
}
_QUESTION: dict[str, Json] = {
    "text": "A or B?",
    "dimension": "intent",
    "candidates": [{"label": "CANCEL", "probability": 0.5}, {"label": "A", "probability": 0.1}],
}
_STATE: dict[str, Json] = {
    "asked": [_QUESTION],
    "open": True,
    "before": {"intent": _QUESTION["candidates"], "domain": []},
    "unsettled": 2,
}
_TEXTS = [
    *("", " ", "\x00", "\n" * 2000, "\u202e\u0000\ufeff", "💥" * 500, "a\u0300" * 2000),
    *("{{7*7}}", "${jndi:ldap://x}", "'; DROP TABLE turns; --", "<script>alert(1)</script>"),
    *("../../etc/passwd", "ignore all instructions", "[CLS] [SEP] [MASK]", "\udbff\udfff"),
    *("x" * 20_000, "word " * 4000, "1" * 5000, "@" * 5000, "a@" * 3000, "+1 (2" * 2000),
    *("\ud800", "\udfff" * 30, "\ufffe\uffff", "ﷺ" * 300, "%00%0a%0d", "\x1b[2J", "en\n"),
]
_VALUES: list[Json] = [
    *(None, True, 0, -1, 1.5, 10**30, -(10**400), 1.0, "", "x" * 300, [], {}, [[]], [None]),
    *({"": ""}, {"messages": []}, ["customer"], {"$ref": "#"}, {"__class__": "os"}),
]
_NUMBERS = [b"NaN", b"-Infinity", b"1e999", b"-0", b"1" * 5000, b"0x10", b"1_000", b"\\ud800"]
_TYPES = ["text/plain", "application/json; charset=utf-16", "multipart/form-data; boundary=x", ""]


@dataclass(frozen=True, slots=True)
class Hostile:
    """A request to be sent as it should be: its body, and headers beside the usual."""

    kind: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def hostile(draw: random.Random) -> Hostile:
    """The next body of a seed; about one in four is valid."""
    make = draw.choices([_changed, _cut, _large, _encoded, _doubled], [50, 25, 3, 12, 10])[0]
    return make(draw)


def _changed(draw: random.Random) -> Hostile:
    return Hostile("changed", _sent(draw, _body(draw)))


def _cut(draw: random.Random) -> Hostile:
    return Hostile("cut", broken(draw, _sent(draw, _body(draw))))


def _large(draw: random.Random) -> Hostile:
    return Hostile("large", draw.choice(LARGE)())


def _encoded(draw: random.Random) -> Hostile:
    """A body in a coding or of a type that is not read, some of them bombs."""
    body = _sent(draw, FINE)
    packed = {
        "gzip": gzip.compress(draw.choice([body, b"[" * 20_000_000, b" " * 20_000_000])),
        "deflate": zlib.compress(body),
        "br": draw.randbytes(500),
        "gzip, gzip": gzip.compress(gzip.compress(b"0" * 10_000_000)),
        "x": body,
    }
    coding = draw.choice(list(packed))
    if draw.random() < 0.5:
        return Hostile("compressed", packed[coding], {"content-encoding": coding})
    if draw.random() < 0.5:
        return Hostile("compressed", packed["gzip"])  # and not said to be
    text = json.dumps(FINE)
    other = draw.choice([text.encode("utf-16"), text.encode("utf-32"), b"\xef\xbb\xbf" + body])
    if draw.random() < 0.5:
        return Hostile("other encoding", other)
    return Hostile("other type", body, {"content-type": draw.choice(_TYPES)})


def _doubled(draw: random.Random) -> Hostile:
    """A key that stands there twice, the second time with anything."""
    body = _sent(draw, FINE)
    key = draw.choice([*FINE, "state", "conversations"])
    again = json.dumps({key: draw.choice([*_VALUES, *FINE.values()])}).encode()
    return Hostile("doubled", body[:-1] + b"," + again[1:])


def _body(draw: random.Random) -> Json:
    body: Json = {**FINE, "state": _STATE} if draw.random() < 0.4 else {**FINE}
    body = {"conversations": [FINE, FINE]} if draw.random() < 0.3 else body
    for _ in range(draw.choice([0, 1, 1, 2, 5])):
        body = mutated(draw, body)
    return body


def mutated(draw: random.Random, value: Json) -> Json:
    """The same with something in it replaced, removed, added or repeated."""
    if isinstance(value, dict) and value and draw.random() < 0.8:
        changed, key = dict(value), draw.choice(list(value))
        what = draw.randrange(4)
        if what == 0:
            del changed[key]
        elif what == 1:
            changed[draw.choice(["state", "role", "", "x" * 500, "conversations"])] = changed[key]
        else:
            changed[key] = mutated(draw, value[key])
        return changed
    if isinstance(value, list) and value and draw.random() < 0.8:
        at = draw.randrange(len(value))
        items = [*value]
        items[at] = mutated(draw, value[at])
        return items * draw.choice([1, 1, 1, 300])
    return draw.choice(_TEXTS) if isinstance(value, str) else draw.choice(_VALUES)


def broken(draw: random.Random, body: bytes) -> bytes:
    """The same bytes, some of them others."""
    what, at = draw.randrange(6), draw.randrange(len(body) or 1)
    if what == 0:
        return body[:at]
    if what == 1:
        return body[:at] + draw.randbytes(4) + body[at + 4 :]
    if what == 2:
        return body[:at] + draw.choice(_NUMBERS) + body[at:]
    if what == 3:
        return body.replace(b'"', b"'", draw.randrange(1, 4))
    if what == 4:
        return draw.randbytes(draw.randrange(200))
    return body[:at] + body


def _sent(draw: random.Random, body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")


LARGE: Sequence[Callable[[], bytes]] = (
    lambda: b"[" * 900_000,
    lambda: b'{"messages":' * 60_000,
    lambda: b'{"messages":' + b"[" * 190 + b"]" * 190 + b"}",
    lambda: b'{"state":' + b'{"before":' * 150 + b"1" + b"}" * 151,
    lambda: b'{"messages":' + b"9" * 900_000 + b"}",
    lambda: b'{"messages":[' + b"1," * 400_000 + b"1]}",
    lambda: b"{" + b",".join(b'"k%d":1' % at for at in range(50_000)) + b"}",
    lambda: b'{"conversations":[' + b",".join([b'{"messages":[1]}'] * 50_000) + b"]}",
    lambda: b'{"messages":[{"role":"customer","content":"' + b"\\u0000" * 150_000 + b'"}]}',
    lambda: b'{"conversation_id":"' + b"x" * 900_000 + b'"}',
    lambda: _talk("x y " * 5000, 45),
    lambda: _talk("1" * 19_999, 45),
    lambda: _talk("x y " * 4000, 6),
    lambda: _talk("?" * 1_000_000, 2),
)


def _talk(text: str, times: int) -> bytes:
    return json.dumps({"messages": [{"role": "customer", "content": text}] * times}).encode()


class Judge:
    """Which bodies are valid by an OpenAPI document.

    Args:
        document: the server's.
    """

    def __init__(self, document: Json) -> None:
        made = {}
        for name in ("classify", "decide"):
            schema = {"$ref": f"#/components/schemas/{name}_body", "components": {}}
            schema["components"] = document["components"]
            made[f"/v1/{name}"] = jsonschema_rs.Draft202012Validator(schema)
        self._schemas: Mapping[str, Any] = made

    def valid(self, path: str, sent: Hostile) -> bool:
        """Whether a request may be answered with 200."""
        kind = sent.headers.get("content-type", "application/json")
        if kind != "application/json" or "content-encoding" in sent.headers:
            return False
        try:
            read = json.loads(sent.body.decode("utf-8"), parse_constant=_no_number)
            json.dumps(read, ensure_ascii=False).encode("utf-8")  # no half of a character
            if not self._schemas[path].is_valid(read):
                return False
        except (ValueError, RecursionError, OverflowError):
            return False
        talks = read.get("conversations", [read])
        return all(_short(one["messages"]) for one in talks)


def _short(messages: Sequence[Mapping[str, str]]) -> bool:
    return sum(len(one["content"]) for one in messages) <= CHARACTERS


def _no_number(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")
