"""Memory of what was loaded and is gone, given back to the system."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress


def give_back() -> None:
    """Collect what is gone, and have the C library return its memory, where it can.

    glibc keeps what a thread has freed. Of a model that came and one that went gaps are left, so
    that memory would grow with each switch: by half in ten of them.
    """
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
