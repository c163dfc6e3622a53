"""One training on several devices: a process for each, gradients summed after every step.

Each process takes its share of every step's examples and holds the same weights; the first one
writes the checkpoints, from which the caller takes the result. So a training that was killed on
four devices goes on with one, or the other way about.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributed, nn
from torch.multiprocessing.spawn import (
    ProcessExitedException,
    ProcessRaisedException,
    start_processes,
)

from turnwise.errors import ConfigError, TrainingError
from turnwise.progress import Progress

Rows = NDArray[np.int64]
Told = tuple[str, int, int, str]
Work = Callable[["Place", Progress], None]

TOLD_EVERY = 0.5  # seconds between two looks at how far the processes are


@dataclass(frozen=True, slots=True)
class Place:
    """Which of the processes this is.

    Attributes:
        rank: from 0; world: how many there are.
    """

    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    @property
    def device(self) -> torch.device:
        """A graphics card of its own where there are any, else the processor."""
        if not torch.cuda.is_available():
            return torch.device("cpu")
        return torch.device("cuda", self.rank % torch.cuda.device_count())

    def share(self, rows: Rows) -> Rows:
        """This process's part of a step's examples; neighbours, which share texts, together."""
        parts: list[Rows] = np.array_split(rows, self.world)
        return parts[self.rank]

    def wait(self) -> None:
        """Until all processes are here."""
        if self.world > 1:
            distributed.barrier()

    def agree(self, value: float) -> float:
        """The first process's value, for all."""
        if self.world == 1:
            return value
        told = torch.tensor([value], dtype=torch.float64, device=self.device)
        distributed.broadcast(told, 0)
        return float(told)

    def share_weights(self, model: nn.Module) -> None:
        """The first process's weights, for all."""
        if self.world > 1:
            for one in model.state_dict().values():
                distributed.broadcast(one, 0)

    def sum_gradients(self, model: nn.Module) -> None:
        """Add up what all processes found; nothing to do for one."""
        if self.world == 1:
            return
        for one in model.parameters():
            if not one.requires_grad:
                continue
            if one.grad is None:  # a part that this share did not need
                one.grad = torch.zeros_like(one)
            distributed.all_reduce(one.grad)


def device_count(wanted: int | None) -> int:
    """How many processes a training takes: as asked, or one for each graphics card.

    Raises:
        ConfigError: more than there are graphics cards, where there are any.
    """
    cards = torch.cuda.device_count()
    if wanted and 0 < cards < wanted:
        raise ConfigError(
            f"{wanted} processes each take a graphics card, and {cards} are here",
            field="training.tune.devices",
            hint=f"Lower it to {cards}, or leave it out",
        )
    return wanted or max(1, cards)


def on_devices(world: int, work: Work, progress: Progress) -> None:
    """Run `work` in so many processes at once, and wait for all.

    Args:
        work: sent to fresh processes, with all that it holds; the first one's progress is told.

    Raises:
        TrainingError: one of them failed, with its reason.
    """
    spawned = torch.multiprocessing.get_context("spawn")
    told, failed = spawned.SimpleQueue(), spawned.SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        given = (world, Path(folder) / "meeting", work, told, failed)
        processes = start_processes(  # type: ignore[no-untyped-call]
            _join, given, nprocs=world, join=False, start_method="spawn"
        )
        try:
            while not processes.join(timeout=TOLD_EVERY):
                while not told.empty():
                    progress(*told.get())
        except ProcessRaisedException as error:
            # One that is gone takes the others with it, who only know that they lost it.
            if any(one.exitcode == -signal.SIGKILL for one in processes.processes):
                raise _ended("SIGKILL") from error
            reason = str(error).strip().splitlines()[-1] if failed.empty() else failed.get()
            raise TrainingError(f"a process of the training failed: {reason}") from error
        except ProcessExitedException as error:
            raise _ended(str(error)) from error


def _ended(how: str) -> TrainingError:
    """As a system without memory does it."""
    return TrainingError(
        f"a process of the training was ended from outside ({how}). Where memory ran out, lower "
        "training.tune.batch or training.tune.devices; the same command goes on from the last "
        "checkpoint"
    )


def _join(
    rank: int,
    world: int,
    meeting: Path,
    work: Work,
    told: SimpleQueue[Told],
    failed: SimpleQueue[str],
) -> None:
    faulthandler.enable()  # a library that aborts the process says where
    place = Place(rank, world)

    def tell(what: str, done: int, total: int, note: str = "", /) -> None:
        if place.is_first:
            told.put((what, done, total, note))

    with _group(rank, world, meeting):
        try:
            work(place, tell)
            place.wait()  # none leaves while another still listens to it
        except Exception as error:  # told before the others can miss this process
            failed.put(f"{type(error).__name__}: {error}")
            raise
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)  # all is written: threads of native libraries may abort an interpreter that ends


@contextmanager
def _group(rank: int, world: int, meeting: Path) -> Iterator[None]:
    cards = torch.cuda.is_available()
    if not cards:  # processes on one processor share its cores
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // world))
        # They meet on this machine, whatever its name resolves to.
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
    distributed.init_process_group(
        "nccl" if cards else "gloo",
        init_method=f"file://{meeting}",
        rank=rank,
        world_size=world,
    )
    try:
        yield
    finally:
        distributed.destroy_process_group()
