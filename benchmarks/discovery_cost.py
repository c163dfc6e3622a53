"""What discovery costs: seconds of its parts, memory of the process tree, and growth.

Each size is measured in a process of its own. Encoding is timed apart by an encoder that keeps
the time of its calls, the two-dimensional map by itself.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.data import REPOSITORY
from benchmarks.machine import TreeMemory
from turnwise.conversations import Conversation, Turn
from turnwise.encoders import Encoder, Vectors
from turnwise.progress import Progress, silent

SIZES = (10_000, 30_000, 55_000, 150_000)
QUICK_SIZES = (300, 600)
END_TO_END = 55_000
LINEAR_FROM = 30_000
THREADS = 2


@dataclass
class TimedEncoder:
    """An encoder that keeps how long its calls took.

    Attributes:
        seconds: of all calls so far; texts: that they were given.
    """

    encoder: Encoder
    seconds: float = 0.0
    texts: int = 0

    @property
    def id(self) -> str:
        return self.encoder.id

    @property
    def size(self) -> int:
        return self.encoder.size

    @property
    def max_tokens(self) -> int:
        return self.encoder.max_tokens

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Vectors:
        start = time.perf_counter()
        vectors = self.encoder.encode(texts, progress)
        self.seconds += time.perf_counter() - start
        self.texts += len(texts)
        return vectors

    def count_tokens(self, text: str) -> int:
        return self.encoder.count_tokens(text)


def alone(texts: Sequence[str], seed: int) -> Mapping[str, float]:
    """The figures of some texts, from a process of its own, which holds nothing else."""
    with TemporaryDirectory(prefix="turnwise-discovery-") as name:
        path = Path(name) / "texts.json"
        path.write_text(json.dumps(texts), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.discovery_cost", str(path), str(seed)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    found: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def exponent(seconds: Mapping[int, float]) -> float | None:
    """The b of seconds = a * size ** b over the sizes from 30,000 on; None under two of them."""
    points = [(size, took) for size, took in seconds.items() if size >= LINEAR_FROM and took > 0]
    if len(points) < 2:
        return None
    sizes, times = zip(*points, strict=True)
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def end_to_end(texts: Sequence[str], seed: int) -> Mapping[str, float]:
    """Discover with no vectors kept from before, and draw the map of what was found.

    What reading would set aside is timed and yet clustered, so that there are as many utterances
    as the size says.
    """
    from benchmarks.discovery_ours import clusters_of, found_in, helpers_for
    from turnwise.discovery.config import DiscoveryConfig
    from turnwise.discovery.utterances import read_utterances
    from turnwise.encoders import DEFAULT_ENCODER, OnnxEncoder
    from turnwise.encoders.export import prepare_encoder
    from turnwise.evaluation.discovery.map import lay_out
    from turnwise.project import encoder_cache

    encoder = TimedEncoder(OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, encoder_cache()), THREADS))
    config = DiscoveryConfig(seed=seed)
    with TreeMemory() as memory:
        start = time.perf_counter()
        read_utterances([_said(place, text) for place, text in enumerate(texts)], config)
        reading = time.perf_counter() - start
        found = found_in(texts, encoder, config, helpers_for("", encoder))
        seconds = time.perf_counter() - start
        lay_out(found.vectors, clusters_of(found), seed=seed)
        with_map = time.perf_counter() - start
    return {
        "seconds": round(seconds, 1),
        "encoding_seconds": round(encoder.seconds, 1),
        "reading_seconds": round(reading, 1),
        "other_seconds": round(seconds - encoder.seconds, 1),
        "map_seconds": round(with_map - seconds, 1),
        "peak_mb": memory.peak_mb,
        "clusters": len(found.clusters),
        "unclustered": len(found.unclustered) / len(texts),
        "rounds": len(found.rounds),
        "encoded": encoder.texts,
    }


def _said(place: int, text: str) -> Conversation:
    return Conversation(str(place), (Turn("customer", text),))


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("texts", type=Path)
    options.add_argument("seed", type=int)
    chosen = options.parse_args(arguments)
    texts = json.loads(chosen.texts.read_text(encoding="utf-8"))
    print(json.dumps(end_to_end(texts, chosen.seed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
