"""What selection costs by the number of turns: seconds of each part, and memory.

    python -m benchmarks.selection_scale [--quick]

Made turns (conversations of two, every fifth a repetition) with made vectors of 384 in 300
clusters of uneven size, so that no encoder is timed. Sizes ascend in one process: its peak is
that of the largest so far, the turns themselves included. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import own_peak_mb
from benchmarks.runner import Figures, Table, parser, run
from turnwise.conversations import Conversation, Example, Turn
from turnwise.encoders import Vectors
from turnwise.labelling.selection import Pool, select
from turnwise.progress import Progress, silent

HOURS = "about 2 minutes on 2 cores"
SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000), (1_000, 10_000)
KINDS, REPEATED, SPREAD = 300, 5, 0.7
CALLS = 3000


class MadeEncoder:
    """Vectors from a text's hash, around one of 300 centres."""

    id, size, max_tokens = "made", 384, 256

    def __init__(self) -> None:
        self._centres = np.random.default_rng(0).normal(size=(KINDS, self.size))

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Vectors:
        rows = np.empty((len(texts), self.size), np.float32)
        for row, text in enumerate(texts):
            noise = np.random.default_rng(zlib.crc32(text.encode()))
            kind = int(KINDS * noise.random() ** 3)
            rows[row] = self._centres[kind] + SPREAD * noise.normal(size=self.size)
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def count_tokens(self, text: str) -> int:
        return len(text.split())


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser((__doc__ or "").partition("\n")[0], HOURS).parse_args(arguments)
    return run("selection_scale", options, measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    for turns in QUICK_SIZES if options.quick else SIZES:
        table.cell({"turns": turns}, partial(_measure, turns))
    return {"calls": CALLS, "vector": MadeEncoder.size}


def _measure(count: int) -> Figures:
    turns = _turns(count)
    clock = [time.perf_counter()]

    def lap() -> float:
        clock.append(time.perf_counter())
        return round(clock[-1] - clock[-2], 2)

    before = own_peak_mb()
    pool = Pool(turns, MadeEncoder())
    figures: dict[str, float] = {"reading_and_made_vectors_s": lap()}
    assert len(pool.clusters.sizes)
    figures["clusters_s"] = lap()
    copies = int((pool.originals != np.arange(count)).sum())
    figures["duplicates_s"] = lap()
    chosen = select(pool, "novel", CALLS)
    figures["novel_s"] = lap()
    select(pool, "uncertain", CALLS, labelled={one.key for one in chosen}, beliefs=_beliefs)
    figures["uncertain_round_s"] = lap()
    return {**figures, "duplicates": copies, "turns_mb": before, "peak_mb": own_peak_mb()}


def _turns(count: int) -> list[Example]:
    found: list[Example] = []
    for number in range(count // 2):
        said = number // REPEATED if number % REPEATED == 0 else number
        turns = (Turn("customer", f"first {said}"), Turn("customer", f"second {said}"))
        one = Conversation(f"talk-{number}", turns)
        found += [Example(one, 0), Example(one, 1)]
    return found


def _beliefs(turns: Sequence[Example]) -> Mapping[str, NDArray[np.float32]]:
    """Made at once: a model's own time is not counted."""
    one = np.random.default_rng(0).random(len(turns), np.float32)
    return {"made": np.stack([one, 1 - one], axis=1)}


if __name__ == "__main__":
    sys.exit(main())
