"""A model opened on ONNX Runtime."""

from __future__ import annotations

import os
from pathlib import Path

import onnxruntime

from turnwise.errors import EncoderError

SPIN_MICROSECONDS = "50"  # that an idle thread of the model waits before it sleeps


def open_session(model: Path | bytes, threads: int | None = None) -> onnxruntime.InferenceSession:
    """Open a model, from its file or its bytes, on the processor.

    Args:
        threads: threads that one run may use; the cores of this process by default.

    Raises:
        EncoderError: the file is missing or is no model.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or usable_cores()
    options.inter_op_num_threads = 1
    # As fast as spinning without end, where the cores are free; where others want them, it
    # doesn't hold them. Releases that don't know the setting pass it over.
    options.add_session_config_entry("session.intra_op.spin_duration_us", SPIN_MICROSECONDS)
    options.log_severity_level = 3  # a library is silent: errors are raised
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own classes share no public base
        place = model if isinstance(model, Path) else "a model in memory"
        raise EncoderError(f"{place}: can't be loaded: {error}") from error


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
