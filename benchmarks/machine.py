"""What a figure was measured on, and how much memory it took."""

from __future__ import annotations

import os
import platform
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import psutil

# What decides the speed and the rounding of int8 and float arithmetic on x86 and ARM.
FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")
SAMPLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine of a measurement.

    Attributes:
        cores: that this process may use; load: the average of the last minute when it began.
        date: UTC, to the second.
    """

    cpu: str
    flags: tuple[str, ...]
    cores: int
    memory_gb: float
    load: float
    python: str
    date: str


def machine() -> Machine:
    """Describe this machine as it is now."""
    model, flags = _processor()
    return Machine(
        cpu=model,
        flags=flags,
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(psutil.virtual_memory().total / 2**30, 1),
        load=round(os.getloadavg()[0], 2),
        python=platform.python_version(),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _processor() -> tuple[str, tuple[str, ...]]:
    model, flags = platform.processor() or platform.machine(), ""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                model = value.strip()
            if name.strip() in ("flags", "Features"):
                flags = value
    found = set(flags.split())
    return model, tuple(flag for flag in FLAGS if flag in found)


def own_peak_mb() -> float:
    """The most that this process alone has held resident, in MB (2**20 bytes).

    Read from the kernel's high-water mark, which begins anew with each program; the one of
    getrusage does not, and shows a small child as large as its parent.
    """
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise OSError("/proc/self/status names no VmHWM")


class TreeMemory:
    """Samples the resident memory of this process and its children while it is entered.

    Attributes:
        peak_mb: the most seen at one time, in MB (2**20 bytes), shared pages counted per process.
    """

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        root = psutil.Process()
        while True:
            resident = 0
            for process in (root, *root.children(recursive=True)):
                with suppress(psutil.Error):
                    resident += process.memory_info().rss
            self.peak_mb = max(self.peak_mb, round(resident / 2**20, 1))
            if self._stop.is_set():
                return
            time.sleep(SAMPLE_SECONDS)
