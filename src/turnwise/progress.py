"""How long work tells how far it is: the library is silent and calls back."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is called as work goes on."""

    def __call__(self, what: str, done: int, total: int, note: str = "", /) -> None:
        """Be told how far work is.

        Args:
            what: is being done; done: items of it; total: items in all, 0 where nobody knows.
            note: what else is worth showing, such as what was spent; given by some work only.
        """
        ...


def silent(what: str, done: int, total: int, note: str = "", /) -> None:
    """The default: say nothing."""
