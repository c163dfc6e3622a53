"""What all cells of the discovery benchmark share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence

from benchmarks import data
from benchmarks.discovery_data import SETS, GoldSet, gold_set
from benchmarks.runner import OUT, Figures, Key
from turnwise.encoders import DEFAULT_ENCODER, KeptEncoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.project import encoder_cache
from turnwise.workspace.vectors import SqliteVectorStore

QUICK_TEXTS = 700

Cells = Iterator[tuple[Key, Callable[[], Figures]]]


class Bench:
    """Data, encoder, seeds."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.quick = bool(options.quick)
        self.folder = data.data_folder(options.data)
        onnx = OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, encoder_cache()))
        self.store = SqliteVectorStore(OUT / "vectors.db", onnx.id)
        self.encoder = KeptEncoder(onnx, self.store)
        self.seeds: Sequence[int] = (0,) if self.quick else options.seeds
        self.sets: Sequence[str] = SETS[:1] if self.quick else options.set

    def gold(self, name: str) -> GoldSet:
        whole = gold_set(self.folder, name)
        return whole.capped(QUICK_TEXTS) if self.quick else whole
