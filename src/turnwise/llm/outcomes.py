"""What can become of a question beside an answer, and what it has used."""

from __future__ import annotations

from dataclasses import dataclass

from turnwise.llm.exchange import Completion


class RefusedError(Exception):
    """The endpoint won't answer this question, however often it is asked."""


class FailedError(Exception):
    """The endpoint did not answer, as often as it was tried."""


class TooLongError(Exception):
    """The prompt does not fit.

    Attributes:
        tokens: its length; 0 where the endpoint doesn't tell.
        completion: what was answered regardless, and paid for.
        bare: no history is left in it that could be left out.
    """

    def __init__(self, message: str, tokens: int = 0, completion: Completion | None = None) -> None:
        super().__init__(message)
        self.tokens, self.completion, self.bare = tokens, completion, False


class AgainError(Exception):
    """One attempt came to nothing, and the next may not.

    Attributes:
        seconds: to wait, where the server says; paused: the whole endpoint waits already.
        unreachable: no connection was made; form_failed: a 500, which a form may cause.
    """

    def __init__(
        self,
        message: str,
        seconds: float | None = None,
        *,
        paused: bool = False,
        unreachable: bool = False,
        form_failed: bool = False,
    ) -> None:
        super().__init__(message)
        self.seconds, self.paused = seconds, paused
        self.unreachable, self.form_failed = unreachable, form_failed


@dataclass(slots=True)
class Bill:
    """What one question has used so far, and how it stands.

    Attributes:
        on_wire: a call is out now; abandoned: nobody waits for the answer any more.
    """

    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    attempts: int = 0
    on_wire: bool = False
    abandoned: bool = False
