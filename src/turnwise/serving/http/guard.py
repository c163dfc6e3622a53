"""Who may pass: keys, rates, and what every answer carries, around the application.

Plain ASGI, since it stands before every request: the key is checked before a byte of the body is
read, and nothing that goes wrong inside shows more than its kind.
"""

from __future__ import annotations

import logging
import secrets
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from turnwise.serving.http import failures
from turnwise.serving.http.failures import GONE, RequestError
from turnwise.serving.http.keys import Keyring
from turnwise.serving.http.keys import Scope as KeyScope
from turnwise.serving.http.metrics import Metrics
from turnwise.serving.http.rates import Rates
from turnwise.serving.http.settings import is_loopback

NOBODY = "-"  # owner, where no key is asked for
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]

_access = logging.getLogger("turnwise.serving.access")
_log = logging.getLogger("turnwise.serving")

Wanted = Mapping[str, frozenset[KeyScope] | None]  # path -> scopes of which one opens it


@dataclass(slots=True)
class Exchange:
    """One request on its way, as the application inside may know it.

    Attributes:
        id: ours, sent as `x-request-id` and logged; owner: name of the key.
        status: that was answered with; 0 before.
        conversations: that it asked about.
    """

    id: str
    owner: str = NOBODY
    status: int = 0
    conversations: int = 0


class Guard:
    """An ASGI application around another.

    Args:
        wanted: the paths that there are, None where no key is asked for; any other is refused,
            so that a route is never open because nobody thought of it.
        keys: None serves anybody, on this machine's own names.
    """

    def __init__(
        self, app: ASGIApp, wanted: Wanted, keys: Keyring | None, rates: Rates, metrics: Metrics
    ) -> None:
        self._app, self._wanted, self._keys = app, wanted, keys
        self._rates, self._metrics = rates, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        exchange = Exchange(secrets.token_hex(8))
        scope["turnwise"] = exchange

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                own = (b"x-request-id", exchange.id.encode())
                message["headers"] = [*message["headers"], *HEADERS, own]
            await send(message)

        try:
            self._admit(scope, exchange)
            await self._app(scope, receive, dressed)
        except RequestError as error:
            await respond(error, dressed)
        except Exception as error:
            _log.error("request %s: %s", exchange.id, _fault(error))
            if not exchange.status:
                await respond(failures.internal(), dressed)
        finally:
            self._note(scope, exchange, time.perf_counter() - start)

    def _admit(self, scope: Scope, exchange: Exchange) -> None:
        path = scope["path"]
        headers = dict(scope["headers"])
        if self._keys is None and not _own_name(headers.get(b"host", b"")):
            reason = "without API keys the server answers to localhost and 127.0.0.1 alone"
            raise RequestError(403, "forbidden", reason)
        if path not in self._wanted:
            raise failures.of_status(404)
        wanted = self._wanted[path]
        if wanted is None:
            return
        if self._keys is not None:
            exchange.owner = _owner(self._keys, headers.get(b"authorization", b""), wanted)
        if seconds := self._rates.take(exchange.owner):
            raise failures.too_many(seconds)

    def _note(self, scope: Scope, exchange: Exchange, seconds: float) -> None:
        route = scope["path"] if scope["path"] in self._wanted else "other"
        status = exchange.status or GONE
        self._metrics.answered(route, status, seconds)
        if _access.isEnabledFor(logging.INFO):
            _access.info(
                "%s %s %s %d %.1fms key=%s conversations=%d",
                exchange.id,
                scope["method"] if scope["method"].isalpha() else "?",
                route,
                status,
                seconds * 1e3,
                exchange.owner,
                exchange.conversations,
            )


async def respond(error: RequestError, send: Send) -> None:
    """Send a refusal."""
    body = error.body()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *((name.encode(), value.encode()) for name, value in error.headers.items()),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _owner(keys: Keyring, authorization: bytes, wanted: frozenset[KeyScope]) -> str:
    """The name of the key that a request carries.

    Raises:
        RequestError: 401 for none or an unknown one, 403 for one of other scopes.
    """
    kind, _, presented = authorization.decode("latin-1").partition(" ")
    key = keys.find(presented.strip()) if kind.lower() == "bearer" else None
    if key is None:
        unknown = "this API key is not known: see that it is whole, and of this server"
        reason = unknown if presented else "send an API key: Authorization: Bearer tw_..."
        raise RequestError(401, "unauthorized", reason, headers={"www-authenticate": "Bearer"})
    if wanted.isdisjoint(key.scopes):
        reason = f"this key lacks the scope {' or '.join(sorted(wanted))}"
        raise RequestError(403, "forbidden", reason)
    return key.name


def _own_name(host: bytes) -> bool:
    """Whether a Host header names this machine itself: no page of another site can ask then."""
    text = host.decode("latin-1")
    name = text if text.endswith("]") else text.rpartition(":")[0] or text
    return is_loopback(name)


def _fault(error: BaseException) -> str:
    """What went wrong, and where; without its message, which may hold what a customer wrote."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " < ".join(f"{one.filename}:{one.lineno} {one.name}" for one in reversed(frames))
    return f"{type(error).__name__} at {places}"
