"""The main job on public data: multi-turn intent classification, ours beside its rivals.

    python -m benchmarks.main_job [--data-set multidogo|sgd|both] [--seeds 0,1,2] [--quick]

MultiDoGO with its official splits, dimensions domain and intent, turns with one intent; SGD as
the protocol divides it, dimension intent. Accuracy and macro-F1 over all test turns and over
the undecided ones, calibration error, MultiDoGO's domain for first and later turns, and seconds
of training with vectors given. Settings of rivals are chosen, and our classifier calibrated, on
the tuning split. A kept encoding is never made twice: vectors stand in benchmarks/out/vectors.db.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks import data, protocol, rivals
from benchmarks.data import DataSet
from benchmarks.protocol import Parts, Spread
from benchmarks.rivals import Answer, Task
from benchmarks.runner import OUT, Figures, Key, Plain, Table, parser, run, say, seeds_of
from turnwise.conversations import ContextKind, ContextWindow, Example
from turnwise.encoder_export import DEFAULT_ENCODER, prepare_encoder
from turnwise.encoders import KeptEncoder, OnnxEncoder
from turnwise.evaluation.calibration import calibration
from turnwise.evaluation.metrics import macro, precision_recall_f1, tally
from turnwise.project import encoder_cache
from turnwise.taxonomy import Dimension
from turnwise.workspace.vectors import SqliteVectorStore

HOURS = "about 3 hours on 2 cores, half of it encoding; later runs resume"
LOADERS: Mapping[str, Callable[[data.Path], DataSet]] = {
    "multidogo": data.multidogo,
    "sgd": data.sgd,
}
# MultiDoGO has customer turns only.
CONTEXTS: Mapping[str, tuple[ContextKind, ...]] = {
    "multidogo": ("single", "customer"),
    "sgd": ("single", "customer", "both"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser((__doc__ or "").partition("\n")[0], HOURS)
    options.add_argument("--data-set", choices=(*LOADERS, "both"), default="both")
    options.add_argument("--seeds", type=seeds_of, default=protocol.SEEDS)
    return run("main_job", options.parse_args(arguments), measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell of the table, and what they come to over the seeds."""
    folder = data.data_folder(options.data)
    exported = prepare_encoder(DEFAULT_ENCODER, encoder_cache())
    onnx = OnnxEncoder(exported)
    OUT.mkdir(parents=True, exist_ok=True)
    encoder = KeptEncoder(onnx, SqliteVectorStore(OUT / "vectors.db", onnx.id))
    names = tuple(LOADERS) if options.data_set == "both" else (options.data_set,)
    seeds = (0,) if options.quick else tuple(options.seeds)
    return {
        "encoder": encoder.id,
        "seeds": list(seeds),
        "data": {name: _measure_set(name, folder, encoder, seeds, table, options) for name in names},
    }


@dataclass(frozen=True)
class Job:
    """One data set, ready to be learnt.

    Attributes:
        out_of_domain, between: test turns that are not scored; see `protocol.Scope`.
        undecided: dimension -> Bool[n_test].
        truth: dimension -> Int[n_test].
    """

    name: str
    task: Task
    out_of_domain: int
    between: int
    undecided: Mapping[str, NDArray[np.bool_]]
    truth: Mapping[str, NDArray[np.int64]]


def prepare(data_set: DataSet, chosen: Parts) -> Job:
    """The turns of a data set that carry exactly one intent, and what is asked of each."""
    scope = protocol.scope(chosen, "intent")
    train, tuning = (protocol.labelled(part, "intent") for part in (chosen.train, chosen.tuning))
    task = Task(data_set.taxonomy, train, tuning, scope.inside)
    known = protocol.labelled(chosen.known, "intent")
    undecided, truth = {}, {}
    for dimension in data_set.taxonomy.dimensions:
        is_undecided = protocol.Undecided(known, dimension.name)
        undecided[dimension.name] = np.array([is_undecided(one) for one in task.test])
        truth[dimension.name] = rivals.classes_of(task.test, dimension)
    return Job(
        data_set.name, task, len(scope.out_of_domain), len(scope.between), undecided, truth
    )


def _measure_set(
    name: str,
    folder: data.Path,
    encoder: KeptEncoder,
    seeds: Sequence[int],
    table: Table,
    options: argparse.Namespace,
) -> Mapping[str, object]:
    data_set = LOADERS[name](folder)
    whole = protocol.parts(data_set)
    job = prepare(data_set, protocol.quick(whole) if options.quick else whole)
    origin = data_set.origin

    def cell(measure: Callable[[], Figures], model: str, **more: Plain) -> Figures:
        key: Key = {"data": name, "model": model, **more, "encoder": encoder.id}
        return table.cell(key, measure)

    windows = [ContextWindow(kind) for kind in CONTEXTS[name]]
    cell(partial(_encode, job, encoder, windows), "encoder")
    for model, context, answer in _rivals(job, encoder, windows[1:]):
        cell(partial(_scored, job, answer), model, context=context)
    for window in windows:
        for seed in seeds:
            ours = partial(_ours, job, encoder, window, seed)
            cell(partial(_scored, job, ours), "turnwise", context=window.kind, seed=seed)
    cells = [one for one in table.asked() if one["key"]["data"] == name]
    return {
        "source": origin.source,
        "licence": origin.licence,
        "turns": _sizes(job),
        "figures": _over_seeds(cells),
    }
