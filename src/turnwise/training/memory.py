"""Memory that does not suffice, told by the setting to lower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from turnwise.errors import TrainingError

# In the words of torch on processors, of CUDA and of its libraries.
SIGNS = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")


@contextmanager
def memory_told(task: str, remedy: str) -> Iterator[None]:
    """Turn a lack of memory into TrainingError; every other error stays what it is.

    Args:
        task: what memory does not suffice for; remedy: a sentence that says what to lower.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        said = str(error).lower()
        if not isinstance(error, MemoryError) and not any(sign in said for sign in SIGNS):
            raise
        raise TrainingError(f"memory does not suffice for {task}. {remedy}") from error
