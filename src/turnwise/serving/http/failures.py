"""What a request is refused with: one shape, {"error": {"code", "message", "field"}}."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from http import HTTPStatus

from typing_extensions import TypedDict

from turnwise.errors import TurnwiseError

GONE = 499  # status of requests whose caller went away, in metrics and logs; never sent


class ErrorFacts(TypedDict):
    """Why a request was refused. `field` is the path to what is wrong in the body, or null."""

    code: str
    message: str
    field: str | None


class ErrorAnswer(TypedDict):
    """The body of every answer of status 400 and above."""

    error: ErrorFacts


class RequestError(TurnwiseError):
    """A request is refused.

    Attributes:
        status: of HTTP; code: the same in a word, for programs.
        field: path in the body, such as `messages.0.role`; None where the body is not at fault.
        headers: to send with the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status, self.code, self.field, self.headers = status, code, field, dict(headers or {})
        super().__init__(message)

    def body(self) -> bytes:
        """The answer, as JSON."""
        facts: ErrorFacts = {"code": self.code, "message": str(self), "field": self.field}
        answer: ErrorAnswer = {"error": facts}
        return json.dumps(answer, ensure_ascii=False).encode()


class Disconnected(Exception):  # noqa: N818  not an error: the caller went away
    """Nobody is left to answer."""


def too_busy(seconds: float = 1.0) -> RequestError:
    """More is asked for than can be done; worth trying again after so many seconds."""
    message = "too much is waiting already; try again later"
    return RequestError(503, "overloaded", message, headers=_retry(seconds))


def too_many(seconds: float) -> RequestError:
    """A key asks for more than its rate; worth trying again after so many seconds."""
    message = "this key has asked for more than its rate; try again later"
    return RequestError(429, "rate_limited", message, headers=_retry(seconds))


def nothing_logged() -> RequestError:
    """There is nowhere to keep what was said."""
    message = "this server keeps no log; serve a workspace to have one"
    return RequestError(409, "nothing_logged", message)


def internal() -> RequestError:
    """A fault of ours, whose cause stays in the log."""
    return RequestError(500, "internal", "the request could not be answered")


def of_status(status: int) -> RequestError:
    """The refusal of a status that says all that there is to say: 404, 405, ..."""
    known = HTTPStatus(status)
    return RequestError(status, known.name.lower(), known.phrase.lower())


def _retry(seconds: float) -> dict[str, str]:
    return {"retry-after": str(max(1, math.ceil(seconds)))}
