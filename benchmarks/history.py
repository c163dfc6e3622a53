"""Labels of earlier turns fed back: what it brings, and how errors go on, on MultiDoGO and SGD.

    python -m benchmarks.history [--data-set NAME ...] [--conversations N] [--test-turns N]
        [--context single both] [--seeds 0,1,2] [--quick]

A classifier on frozen vectors is trained on the first N conversations by h, once to see the turn
alone and once with its history, calibrated on the tuning split and packed; the library chooses the
weight of what is fed back on that split, or that nothing is. The test turns are then read by the
text alone, and with the model's beliefs about the turns before fed back (`policy.history: labels`),
its labels as if it were sure of them, or the labels of people. Figures of one cell, by dimension:

    weight, gain, gain_low, gain_high   of beliefs over the text alone, 95% by conversation
    mended, broken                      share of turns that beliefs set right, or led astray
    WAY                                 accuracy, of all turns
    WAY_after_right, WAY_after_wrong    after a turn that was read right or wrong, beliefs fed back
    WAY_1, ..., WAY_5                   by the customer turn's place; the last stands for the rest

and P50 in milliseconds of reading a turn, by setting. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import data, protocol
from benchmarks.learning_data import DIALOGUES, Sizes, dialogues
from benchmarks.learning_ours import config_of, labelled
from benchmarks.learning_settings import Setting
from benchmarks.runner import OUT, Cell, Figures, Plain, Table, parser, run, seeds_of
from turnwise.bundle import Bundle
from turnwise.encoders import DEFAULT_ENCODER, KeptEncoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.project import encoder_cache
from turnwise.steps.history_scores import DimensionHistory, FedBack, history_scores
from turnwise.training import train
from turnwise.training.packing import pack
from turnwise.workspace.vectors import SqliteVectorStore

HOURS = "about 15 minutes a seed on 2 cores under load; a second run resumes"
CONTEXTS = ("single", "both")
CONVERSATIONS, TEST_TURNS = 400, 4_000
SUMMED = ("weight", "text", "beliefs", "labels", "gold")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser((__doc__ or "").partition("\n")[0], HOURS)
    options.add_argument("--data-set", nargs="+", choices=DIALOGUES, default=[*DIALOGUES])
    options.add_argument("--context", nargs="+", choices=CONTEXTS, default=CONTEXTS)
    options.add_argument("--conversations", type=int, default=CONVERSATIONS)
    options.add_argument("--test-turns", type=int, default=TEST_TURNS)
    options.add_argument("--seeds", type=seeds_of, default=(0,))
    return run("history", options.parse_args(arguments), measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell, and the main figures over the seeds."""
    sizes = Sizes(options.conversations, options.test_turns, options.quick)
    seeds = (0,) if options.quick else options.seeds
    for seed, name, context in product(seeds, options.data_set, options.context):
        setting = Setting(name, sizes.name, "turnwise-frozen", context, seed=seed)
        measured = partial(_measured, setting, sizes, options.data)
        table.cell(setting.key(DEFAULT_ENCODER), measured)
    origins = {name: asdict(data.ORIGINS[name]) for name in options.data_set}
    return {"origins": origins, "summary": _summary(table.asked())}


def _measured(setting: Setting, sizes: Sizes, given: Path | None) -> Figures:
    task = dialogues(data.data_folder(given), setting.data, sizes).task
    with TemporaryDirectory(prefix="turnwise-history-") as bundles:
        folder = prepare_encoder(DEFAULT_ENCODER, encoder_cache())
        onnx = OnnxEncoder(folder)
        config = config_of(setting, few=False, quick=sizes.quick)
        with closing(SqliteVectorStore(OUT / "vectors.db", onnx.id)) as store:
            encoder = KeptEncoder(onnx, store)
            taught = labelled(task.train, task.taxonomy)
            trained = train(taught, task.tuning, task.taxonomy, encoder, config)
        made = pack(trained, folder, Path(bundles), redacted=False)
        result = history_scores(Bundle.load(made.folder, threads=1), task.test)
    return {
        "train_turns": len(task.train),
        "test_turns": result.turns,
        "test_conversations": result.conversations,
        **{f"ms_{kind}": took for kind, took in result.milliseconds.items()},
        **{name: _figures(one) for name, one in result.dimensions.items()},
    }


def _figures(found: DimensionHistory) -> Mapping[str, Plain]:
    """See the module; None where there are no such turns."""
    made: dict[str, float | None] = {
        "weight": found.weight,
        "gain": found.gain.value,
        "gain_low": found.gain.low,
        "gain_high": found.gain.high,
        "mended": found.mended,
        "broken": found.broken,
        "after_right_turns": found.after_right,
        "after_wrong_turns": found.after_wrong,
    }
    for way, one in found.ways.items():
        made |= _of_way(way, one)
    return {name: None if one is None else round(one, 4) for name, one in made.items()}


def _of_way(way: str, one: FedBack) -> dict[str, float | None]:
    after = {f"{way}_after_right": one.after_right, f"{way}_after_wrong": one.after_wrong}
    places = {f"{way}_{place}": share for place, share in enumerate(one.by_position, 1)}
    return {way: one.every, **after, **places}


def _summary(cells: Sequence[Cell]) -> Mapping[str, object]:
    """`DATA CONTEXT DIMENSION` -> figure -> mean and range over the seeds."""
    runs: dict[str, list[Mapping[str, Plain]]] = defaultdict(list)
    for cell in cells:
        where = f"{cell['key']['data']} {cell['key']['context']}"
        for name, found in cell["figures"].items():
            if isinstance(found, Mapping):
                runs[f"{where} {name}"].append(found)
    return {name: {one: _over(some, one) for one in SUMMED} for name, some in runs.items()}


def _over(runs: Sequence[Mapping[str, Plain]], figure: str) -> Mapping[str, float]:
    values = [float(value) for one in runs if isinstance(value := one[figure], (int, float))]
    return asdict(protocol.spread(values))


if __name__ == "__main__":
    sys.exit(main())
