"""What came of one try: an answer, a reason to try again, or an error.

Every request may be sent twice: a turn that comes again is decided as the first time, and of
feedback what was said last holds.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from turnwise.client.calls import Call
from turnwise.client.connecting import Connection
from turnwise.client.failures import (
    BusyError,
    InvalidRequestError,
    ServiceError,
    UnauthorizedError,
    UnavailableError,
)
from turnwise.client.reading import UnreadableError

MOST_WAIT = 5.0  # seconds before another try; who is asked to wait longer is told so instead
PAUSE = 0.2  # seconds, doubled with each try, where the service does not say how long
MOST_BYTES = 64_000_000  # of an answer; a batch of 256 decisions has 2 or 3
TOLD = 300  # characters of another's words that are passed on
KINDS: Mapping[int, type[ServiceError]] = {
    **dict.fromkeys((401, 403), UnauthorizedError),
    **dict.fromkeys((400, 413, 415, 422), InvalidRequestError),
    **dict.fromkeys((429, 503), BusyError),
    **dict.fromkeys((502, 504), UnavailableError),
}
HOW = "Give the key as `key`, or in the environment as TURNWISE_API_KEY"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Again:
    """Worth another try after so many seconds."""

    seconds: float


class Attempt(Generic[T]):
    """One try on its way, and what came of it.

    Args:
        call: what is asked; to: whom; tried: how often it was before.
    """

    def __init__(self, call: Call[T], to: Connection, tried: int) -> None:
        self.url = f"{to.base_url}{call.path}"
        self._to, self._call = to, call
        self._left = to.retries - tried if call.retried else 0
        self._pause = PAUSE * 2**tried
        self._began = 0.0
        self._status, self._headers, self._body = 0, dict[str, str](), bytearray()

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        """An answer begins."""
        self._status, self._began = status, time.monotonic()
        self._headers = {name.lower(): value for name, value in headers.items()}

    def more(self, piece: bytes) -> None:
        """More of its body came.

        Raises:
            ServiceError: it is too long.
            TimeoutError: it comes too slowly.
        """
        self._body += piece
        if len(self._body) > MOST_BYTES:
            raise self._error(ServiceError, "the answer is too long")
        if time.monotonic() - self._began > self._to.timeout:
            raise TimeoutError

    def lost(self, error: Exception, late: bool) -> Again:
        """It ended without a whole answer.

        Args:
            late: whether the time was up. Nobody is asked again then: who is late is busy.

        Raises:
            UnavailableError: it is not tried again.
        """
        if not late and not self._status and self._left > 0:
            return Again(self._pause * random.uniform(0.5, 1.0))
        cause = _line(str(error)) or type(error).__name__
        if late:
            reason = f"no whole answer within {self._to.timeout:g} s"
        elif self._status:
            reason = f"the answer broke off: {cause}"
        else:
            reason = f"no answer: {cause}. Is the service running there?"
        self._status = 0
        raise self._error(UnavailableError, reason) from error

    def judged(self) -> T | Again:
        """It ended with an answer.

        Raises:
            ServiceError: the answer is a refusal that is not tried again, or can't be read.
        """
        if 200 <= self._status < 300:
            return self._read()
        refusal = self._refusal()
        if isinstance(refusal, BusyError) and self._left > 0:
            asked = refusal.retry_after
            wait = self._pause if asked is None else asked
            if wait <= MOST_WAIT:  # and not all who were turned away come back at once
                return Again(wait * random.uniform(1.0, 1.25))
        raise refusal

    def _read(self) -> T:
        try:
            return self._call.read(bytes(self._body))
        except UnreadableError as error:
            reason = f"{error}: the service is of another version than this client"
        except (ValueError, RecursionError):
            reason = "the answer is no JSON. Is base_url that of a Turnwise service?"
        raise self._error(ServiceError, reason, "unreadable")

    def _refusal(self) -> ServiceError:
        kind = KINDS.get(self._status, ServiceError)
        if 300 <= self._status < 400:
            reason = (
                "redirects are not followed, so that no key goes elsewhere; name the address "
                "itself as base_url"
            )
            return self._error(kind, reason, "redirect")
        told = _told(bytes(self._body))
        if told is None:
            reason = "not in the words of a Turnwise service; is base_url that of one?"
            error = self._error(kind, reason)
        else:
            hint = f". {HOW}" if self._status == 401 else ""
            message = f"{told['message']}{hint}"
            error = self._error(kind, message, told["code"], told["field"] or None)
        if isinstance(error, BusyError):
            error.retry_after = _seconds(self._headers.get("retry-after", ""))
        return error

    def _error(
        self, kind: type[ServiceError], message: str, code: str = "", field: str | None = None
    ) -> ServiceError:
        return kind(
            message,
            url=self.url,
            status=self._status,
            code=code,
            field=_counted(field, self._call.first),
            request_id=_line(self._headers.get("x-request-id", "")),
        )


def _told(body: bytes) -> dict[str, str] | None:
    """What a refusal says: code, message, field; None where it is not a service's own."""
    try:
        error = json.loads(body)["error"]
        return {name: _line(error[name] or "") for name in ("code", "message", "field")}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _counted(field: str | None, first: int) -> str | None:
    """A field of a batch, whose conversations count as the caller counts them."""
    parts = (field or "").split(".")
    if parts[0] == "conversations" and len(parts) > 1 and parts[1].isdecimal():
        parts[1] = str(int(parts[1]) + first)
        return ".".join(parts)
    return field


def _seconds(text: str) -> float | None:
    """What Retry-After says in seconds; None for a date, which nobody writes here."""
    return float(text) if text.strip().isdecimal() and len(text) < 10 else None


def _line(text: str) -> str:
    """Another's words on one line."""
    line = " ".join(text.split())[:TOLD]
    return "".join(character for character in line if character.isprintable())
