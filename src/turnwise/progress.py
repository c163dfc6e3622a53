"""How long work tells how far it is: the library is silent and calls back."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]  # what is being done, items done, items in all


def silent(what: str, done: int, total: int) -> None:
    """The default: say nothing."""
