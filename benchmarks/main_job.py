"""The main job on public data: multi-turn intent classification, ours beside its rivals.

    python -m benchmarks.main_job [--data-set multidogo|sgd|both] [--seeds 0,1,2] [--quick]

MultiDoGO with its official splits, dimensions domain and intent, turns with one intent; SGD as
the protocol divides it, dimension intent. Accuracy and macro-F1 over all test turns and over
the undecided ones, calibration error, MultiDoGO's domain for first and later turns, and seconds
of training with vectors given. Rivals choose their strength, and our classifier calibrates, on
the tuning split. No text is encoded twice: vectors are kept in benchmarks/out/vectors.db. The
last line is one JSON object.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import data, protocol, rivals
from benchmarks.data import DataSet
from benchmarks.protocol import Parts, Spread
from benchmarks.rivals import Answer, Task
from benchmarks.runner import OUT, Cell, Figures, Plain, Table, parser, run
from turnwise.conversations import ContextKind, ContextWindow
from turnwise.encoders import DEFAULT_ENCODER, Encoder, KeptEncoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.project import encoder_cache
from turnwise.workspace.vectors import SqliteVectorStore

HOURS = "about 2 hours on 2 cores, 4 minutes of it encoding (once); a second run resumes"
LOADERS: Mapping[str, Callable[[Path], DataSet]] = {"multidogo": data.multidogo, "sgd": data.sgd}
# MultiDoGO has customer turns only.
CONTEXTS: Mapping[str, tuple[ContextKind, ...]] = {
    "multidogo": ("single", "customer"),
    "sgd": ("single", "customer", "both"),
}
COMPARED = ("accuracy", "macro_f1", "undecided_accuracy", "undecided_macro_f1")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser((__doc__ or "").partition("\n")[0], HOURS)
    options.add_argument("--data-set", choices=(*LOADERS, "both"), default="both")
    options.add_argument("--seeds", default=",".join(map(str, protocol.SEEDS)))
    return run("main_job", options.parse_args(arguments), measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell of the table, and what they come to over the seeds."""
    folder = data.data_folder(options.data)
    onnx = OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, encoder_cache()))
    store = SqliteVectorStore(OUT / "vectors.db", onnx.id)
    seeds = [0] if options.quick else [int(part) for part in options.seeds.split(",")]
    names = tuple(LOADERS) if options.data_set == "both" else (options.data_set,)
    found: dict[str, object] = {}
    for name in names:
        data_set = LOADERS[name](folder)
        whole = protocol.parts(data_set)
        job = prepare(data_set, protocol.quick(whole) if options.quick else whole)
        found[name] = _measure_set(job, KeptEncoder(onnx, store), seeds, table)
    store.close()
    return {"encoder": onnx.id, "seeds": seeds, "data": found}


@dataclass(frozen=True)
class Job:
    """One data set, ready to be learnt.

    Attributes:
        truth: dimension -> Int64[n_test]; undecided: dimension -> Bool[n_test].
        out_of_domain, between: test turns that are not scored; see `protocol.Scope`.
    """

    name: str
    task: Task
    truth: Mapping[str, NDArray[np.int64]]
    undecided: Mapping[str, NDArray[np.bool_]]
    out_of_domain: int
    between: int


def prepare(data_set: DataSet, chosen: Parts) -> Job:
    """The turns of a data set that carry exactly one intent, and what is asked of each."""
    scope = protocol.scope(chosen, "intent")
    train, tuning = (protocol.labelled(part, "intent") for part in (chosen.train, chosen.tuning))
    task = Task(data_set.taxonomy, train, tuning, scope.inside)
    known = protocol.labelled(chosen.known, "intent")
    truth, undecided = {}, {}
    for dimension in data_set.taxonomy.dimensions:
        is_undecided = protocol.Undecided(known, dimension.name)
        truth[dimension.name] = rivals.classes_of(task.test, dimension)
        undecided[dimension.name] = np.array([is_undecided(one) for one in task.test])
    outside = len(scope.out_of_domain), len(scope.between)
    return Job(data_set.name, task, truth, undecided, *outside)


def _measure_set(
    job: Job, encoder: Encoder, seeds: Sequence[int], table: Table
) -> Mapping[str, object]:
    def cell(measure: Callable[[], Figures], model: str, **more: Plain) -> None:
        table.cell({"data": job.name, "model": model, **more, "encoder": encoder.id}, measure)

    windows = [ContextWindow(kind) for kind in CONTEXTS[job.name]]
    cell(partial(_encode, job, encoder, windows[-1]), "encoding")
    for window in windows:
        for seed in seeds:
            ours = partial(_ours, job.task, encoder, window, seed)
            cell(partial(_scored, job, ours), "turnwise", context=window.kind, seed=seed)
    for model, context, answer in _rivals(job.task, encoder, windows):
        cell(partial(_scored, job, answer), model, context=context)
    origin = data.ORIGINS[job.name]
    spreads = _over_seeds([one for one in table.asked() if one["key"]["data"] == job.name])
    return {
        "source": origin.source,
        "licence": origin.licence,
        "turns": _sizes(job),
        "figures": _plain(spreads),
        "comparisons": _comparisons(spreads),
    }


def _encode(job: Job, encoder: Encoder, window: ContextWindow) -> Figures:
    """Make every turn's vector, so that training is timed with vectors given."""
    parts = (job.task.train, job.task.tuning, job.task.test)
    talks = {one.conversation.id: one.conversation for part in parts for one in part}
    texts = {
        turn.text
        for talk in talks.values()
        for turn in talk.turns
        if window.kind == "both" or turn.role == "customer"
    }
    start = time.perf_counter()
    encoder.encode(sorted(texts))
    return {"texts": len(texts), "encoding_seconds": round(time.perf_counter() - start, 1)}


def _rivals(
    task: Task, encoder: Encoder, windows: Sequence[ContextWindow]
) -> Iterator[tuple[str, str, Callable[[], Answer]]]:
    """Name, context and the work of each rival, the cheap ones first."""
    yield "majority", "none", partial(rivals.majority, task)
    yield "tfidf", "single", partial(rivals.tfidf, task, None, encoder)
    yield "logistic", "single", partial(rivals.logistic, task, rivals.turn_features(encoder))
    for window in windows[1:]:
        yield "tfidf", window.kind, partial(rivals.tfidf, task, window, encoder)
        history = rivals.history_features(encoder, window)
        yield "logistic-history", window.kind, partial(rivals.logistic, task, history)
    for window in windows[1:]:
        context = rivals.context_features(encoder, window)
        yield "logistic-context", window.kind, partial(rivals.logistic, task, context)


def _ours(task: Task, encoder: Encoder, window: ContextWindow, seed: int) -> Answer:
    """Train our classifier, one for all dimensions; it calibrates on the tuning split."""
    from turnwise.training import LabelledExample, TrainingConfig, train

    names = task.taxonomy.dimension_names
    labelled = [
        LabelledExample(one, rivals.labels_of(one, task.taxonomy), dict.fromkeys(names, 1.0))
        for one in task.train
    ]
    config = TrainingConfig(context=window, seed=seed)
    start = time.perf_counter()
    classifier = train(labelled, task.tuning, task.taxonomy, encoder, config)
    seconds = time.perf_counter() - start
    return Answer(classifier.probabilities(task.test, encoder), seconds)


def _scored(job: Job, answer: Callable[[], Answer]) -> Figures:
    """Figures per dimension: all turns, the undecided, and a constant domain by position."""
    answered = answer()
    found: dict[str, Plain | Mapping[str, Plain]] = {"train_seconds": round(answered.seconds, 2)}
    for name, probabilities in answered.probabilities.items():
        truth = job.truth[name]
        figures = protocol.figures(probabilities, truth)
        parts = {"undecided": np.flatnonzero(job.undecided[name])}
        if name == "domain":
            parts |= {part: np.array(rows) for part, rows in protocol.by_position(job.task.test)}
        for part, rows in parts.items():
            of_part = protocol.figures(probabilities[rows], truth[rows])
            figures |= {f"{part}_{key}": value for key, value in of_part.items()}
        found[name] = {key: round(value, 4) for key, value in figures.items()}
        if answered.strength:
            found[f"{name}_strength"] = answered.strength[name]
    return found


def _sizes(job: Job) -> Mapping[str, object]:
    return {
        "train": len(job.task.train),
        "tuning": len(job.task.tuning),
        "test": len(job.task.test),
        "undecided": {name: int(rows.sum()) for name, rows in job.undecided.items()},
        "out_of_domain": job.out_of_domain,
        "new_labels_of_known_services": job.between,
    }


Spreads = Mapping[str, Mapping[str, Mapping[str, Spread]]]  # dimension -> model -> figure


def _over_seeds(cells: Sequence[Cell]) -> Spreads:
    """Mean and range of each figure of a model with a context, over the seeds it was run with."""
    values: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for cell in cells:
        model = f"{cell['key']['model']}/{cell['key'].get('context')}"
        for dimension, figures in cell["figures"].items():
            if isinstance(figures, Mapping):
                for figure, value in figures.items():
                    values[dimension][model][figure].append(float(value or 0))
                seconds = cell["figures"]["train_seconds"]
                values[dimension][model]["train_seconds"].append(float(str(seconds)))
    return {
        dimension: {
            model: {figure: protocol.spread(runs) for figure, runs in figures.items()}
            for model, figures in models.items()
        }
        for dimension, models in values.items()
    }


def _plain(spreads: Spreads) -> Mapping[str, object]:
    return {
        dimension: {
            model: {figure: asdict(one) for figure, one in figures.items()}
            for model, figures in models.items()
        }
        for dimension, models in spreads.items()
    }


def _comparisons(spreads: Spreads) -> list[Mapping[str, object]]:
    """Ours with each context beside ours on the turn alone, and beside the best of the rivals.

    The best rival is chosen figure by figure and by the test itself, to its advantage.
    """
    rows: list[Mapping[str, object]] = []
    for dimension, models in spreads.items():
        rivals_only = [name for name in models if not name.startswith("turnwise/")]
        ours = [name for name in models if name.startswith("turnwise/")]
        for figure in COMPARED:
            mean = {name: models[name][figure].mean for name in models}
            best = max(rivals_only, key=lambda name, mean=mean: mean[name])  # type: ignore[misc]
            pairs = [(one, best) for one in ours]
            pairs += [(one, "turnwise/single") for one in ours if one != "turnwise/single"]
            for one, other in pairs:
                counts = protocol.differs(models[one][figure], models[other][figure])
                difference = round(mean[one] - mean[other], 4)
                row = {"dimension": dimension, "figure": figure, "ours": one, "other": other}
                rows.append({**row, "difference": difference, "counts": counts})
    return rows


if __name__ == "__main__":
    sys.exit(main())
