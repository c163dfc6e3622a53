"""What can go wrong between a caller and a service, in one tree."""

from __future__ import annotations

from turnwise.errors import TurnwiseError


class ServiceError(TurnwiseError):
    """A service did not do what it was asked.

    Attributes:
        status: of HTTP; 0 where nothing was answered.
        code: the service's own word for it, such as `invalid`; empty where there is none.
        message: what is wrong, without the place.
        field: path in what was sent, such as `messages.0.role`; in a batch its conversations
            count as the caller counts them. None where what was sent is not at fault.
        request_id: by which the service's own log names the request; empty where none came.
        url: that was asked.
    """

    def __init__(
        self,
        message: str,
        *,
        url: str,
        status: int = 0,
        code: str = "",
        field: str | None = None,
        request_id: str = "",
    ) -> None:
        self.message, self.url, self.status, self.code = message, url, status, code
        self.field, self.request_id = field, request_id
        super().__init__(message)

    def __str__(self) -> str:
        told = f" answered {self.status}" if self.status else ""
        code = f" ({self.code})" if self.code else ""
        place = f" field {self.field}:" if self.field else ""
        request = f" [request {self.request_id}]" if self.request_id else ""
        return f"{self.url}{told}{code}:{place} {self.message}{request}"


class UnauthorizedError(ServiceError):
    """401 or 403: the key is missing, unknown, or lacks the scope. Another key is needed."""


class InvalidRequestError(ServiceError):
    """400, 413, 415 or 422, or it could not even be sent: what is asked has to change."""


class BusyError(ServiceError):
    """429 or 503: worth asking again later.

    Attributes:
        retry_after: seconds that the service asks to wait; None where it does not say.
    """

    retry_after: float | None = None


class UnavailableError(ServiceError):
    """Nothing was answered: no connection, one that was cut, or the time was up; or a gateway
    answered in the service's place (502, 504)."""
