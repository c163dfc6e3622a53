"""Selection before paying: what a budget of labels teaches, by how the turns were chosen.

    python -m benchmarks.selection [--on test|tuning] [--seeds 0,1,2] [--quick]

MultiDoGO, official splits, turns with one intent, dimensions intent and domain. Turns are chosen
from the training split (without its tuning split) at random, by `novel` and by `uncertain`,
1,000 to 5,000 of them, and labelled with their gold. Two judges learn from these alone: our
classifier (context: the customer's turns; it stops on a tenth of the chosen turns) and logistic
regression. Between the rounds of `uncertain` logistic regression says what it believes.

Everything was chosen with `--on tuning`. The claim: 3,000 selected turns teach at least as much
as 5,000 at random. A difference counts where the ranges over the seeds do not touch. The last
line is one JSON object.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks import data, protocol, rivals
from benchmarks.rivals import Task
from benchmarks.runner import OUT, Figures, Key, Table, parser, run, seeds_of
from turnwise.conversations import ContextWindow, Example
from turnwise.encoders import DEFAULT_ENCODER, Encoder, KeptEncoder, OnnxEncoder, Vectors
from turnwise.encoders.export import prepare_encoder
from turnwise.labelling.selection import Beliefs, How, Pool, rounds, select
from turnwise.project import encoder_cache
from turnwise.taxonomy import Dimension
from turnwise.workspace.vectors import SqliteVectorStore

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

HOURS = "about 6 minutes on 2 cores with vectors kept; a second run resumes"
WINDOW = ContextWindow("customer")  # MultiDoGO has customer turns only
BUDGETS = (1000, 2000, 3000, 5000)
SELECTED, AT_RANDOM = 3000, 5000  # the claim
QUICK = 10  # the quick form divides all budgets by it
WAYS = ("random", "novel", "uncertain")
STRENGTH, ITERATIONS = 10.0, 100
READS_HISTORY = {"intent": False, "domain": True}  # of logistic regression: better on tuning

Rows = NDArray[np.intp]


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser((__doc__ or "").partition("\n")[0], HOURS)
    options.add_argument("--on", choices=("test", "tuning"), default="test")
    options.add_argument("--seeds", type=seeds_of, default=protocol.SEEDS)
    return run("selection", options.parse_args(arguments), measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell, then the claim for each judge, dimension and figure."""
    onnx = OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, encoder_cache()))
    store = SqliteVectorStore(OUT / "vectors.db", onnx.id)
    by = QUICK if options.quick else 1
    job = _prepare(options, KeptEncoder(onnx, store))
    seeds = (0,) if options.quick else options.seeds
    for judge, score in (("logistic", _logistic), ("turnwise", _turnwise)):
        for calls in (one // by for one in BUDGETS):
            for way in WAYS:
                for seed in seeds:
                    key = _key(options.on, judge, way, calls, seed)
                    table.cell(key, partial(score, job, way, calls, seed))
    store.close()
    origin = data.ORIGINS["multidogo"]
    return {
        "source": origin.source,
        "licence": origin.licence,
        "encoder": onnx.id,
        "on": options.on,
        "seeds": list(seeds),
        "turns": {"to_choose_from": len(job.task.train), "scored": len(job.scored)},
        "claims": _claims(table, SELECTED // by, AT_RANDOM // by),
    }


def _key(on: str, judge: str, way: str, calls: int, seed: int) -> Key:
    return {"on": on, "judge": judge, "way": way, "calls": calls, "seed": seed}


@dataclass(frozen=True, eq=False)
class Job:
    """The turns, and what logistic regression sees of them.

    Attributes:
        scored: the turns that are scored, of the test or of the tuning split.
        features, scored_features: dimension -> Float32[n_turns, n_features].
    """

    task: Task
    scored: Sequence[Example]
    encoder: Encoder
    features: Mapping[str, Vectors]
    scored_features: Mapping[str, Vectors]

    def truth(self, dimension: Dimension) -> NDArray[np.int64]:
        return rivals.classes_of(self.scored, dimension)


def _prepare(options: argparse.Namespace, encoder: Encoder) -> Job:
    data_set = data.multidogo(data.data_folder(options.data))
    chosen = protocol.parts(data_set)
    if options.quick:
        chosen = protocol.quick(chosen)
    train, tuning = (protocol.labelled(part, "intent") for part in (chosen.train, chosen.tuning))
    task = Task(data_set.taxonomy, train, tuning, protocol.scope(chosen, "intent").inside)
    scored = task.test if options.on == "test" else tuning
    with_history = rivals.history_features(encoder, WINDOW)
    seen = [with_history(turns) for turns in (train, scored)]
    features, scored_features = (
        {
            name: all_of[:, : None if reads else encoder.size]
            for name, reads in READS_HISTORY.items()
        }
        for all_of in seen
    )
    return Job(task, scored, encoder, features, scored_features)


@cache
def _pool(job: Job, seed: int) -> Pool:
    return Pool(job.task.train, job.encoder, WINDOW, seed=seed)


@cache
def _chosen(job: Job, way: str, calls: int, seed: int) -> tuple[Rows, float]:
    """Rows of the turns that are labelled, and the seconds of choosing them, models included."""
    pool = _pool(job, seed)
    start = time.perf_counter()
    if way == "random":
        return pool.order[:calls], time.perf_counter() - start
    rows: list[int] = []
    how: How = "uncertain" if way == "uncertain" else "novel"
    for size in rounds(calls) if how == "uncertain" else [calls]:
        labelled = {pool.turns[row].key for row in rows}
        beliefs = _beliefs(job, np.array(rows), pool) if rows else None
        found = select(pool, how, size, labelled=labelled, beliefs=beliefs)
        rows += [one.row for one in found]
    return np.array(rows), time.perf_counter() - start


def _beliefs(job: Job, rows: Rows, pool: Pool) -> Beliefs:
    """Logistic regression on the turns that are labelled so far."""
    models = {one.name: _fit(job, rows, one) for one in job.task.taxonomy.dimensions}
    places = _places(pool)

    def beliefs(turns: Sequence[Example]) -> Mapping[str, NDArray[np.float32]]:
        asked = [places[one.key] for one in turns]
        return {
            name: model.predict_proba(job.features[name][asked]) for name, model in models.items()
        }

    return beliefs


@cache
def _places(pool: Pool) -> Mapping[tuple[str, int], int]:
    return {one.key: row for row, one in enumerate(pool.turns)}


def _fit(job: Job, rows: Rows, dimension: Dimension) -> LogisticRegression:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    known = rivals.classes_of([job.task.train[row] for row in rows], dimension)
    with warnings.catch_warnings(), rivals.few_threads(len(rows)):
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=STRENGTH, max_iter=ITERATIONS)
        return model.fit(job.features[dimension.name][rows], known)


def _logistic(job: Job, way: str, calls: int, seed: int) -> Figures:
    rows, seconds = _chosen(job, way, calls, seed)

    def answer(dimension: Dimension) -> NDArray[np.float32]:
        model = _fit(job, rows, dimension)
        found = np.zeros((len(job.scored), len(dimension.labels)), np.float32)
        found[:, model.classes_] = model.predict_proba(job.scored_features[dimension.name])
        return found

    return _figures(job, rows, seconds, answer)


def _turnwise(job: Job, way: str, calls: int, seed: int) -> Figures:
    from turnwise.training import LabelledExample, TrainingConfig, train

    rows, seconds = _chosen(job, way, calls, seed)
    taxonomy = job.task.taxonomy
    gold = dict.fromkeys(taxonomy.dimension_names, 1.0)
    turns = [job.task.train[row] for row in rows]
    labelled = [LabelledExample(one, rivals.labels_of(one, taxonomy), gold) for one in turns]
    config = TrainingConfig(context=WINDOW, seed=seed)
    # No calibration: it moves no label, and would use labels beyond the budget.
    classifier = train(labelled, (), taxonomy, job.encoder, config)
    said = classifier.probabilities(job.scored, job.encoder)
    return _figures(job, rows, seconds, lambda dimension: said[dimension.name])


def _figures(
    job: Job, rows: Rows, seconds: float, answer: Callable[[Dimension], NDArray[np.float32]]
) -> Figures:
    turns = [job.task.train[row] for row in rows]
    found: dict[str, object] = {
        "choosing_seconds": round(seconds, 1),
        "conversations": len({one.key[0] for one in turns}),
        "texts": len({protocol.bare(one.text) for one in turns}),
    }
    for dimension in job.task.taxonomy.dimensions:
        probabilities, truth = answer(dimension), job.truth(dimension)
        figures = protocol.figures(probabilities, truth)
        if dimension.name == "domain":
            for part, places in protocol.by_position(job.scored):
                right = probabilities[places].argmax(axis=1) == truth[places]
                figures[f"{part}_accuracy"] = float(right.mean())
        found[dimension.name] = {
            name: round(value, 4) for name, value in figures.items() if "calibration" not in name
        }
        found[f"{dimension.name}_labels"] = len(set(rivals.classes_of(turns, dimension)))
    return found  # type: ignore[return-value]


def _claims(table: Table, selected: int, at_random: int) -> list[Mapping[str, object]]:
    """3,000 of each way beside 5,000 and 3,000 at random, by judge, dimension and figure."""
    rows: list[Mapping[str, object]] = []
    for judge in ("turnwise", "logistic"):
        for dimension in READS_HISTORY:
            for figure in ("accuracy", "macro_f1"):
                of = partial(_spread, table, judge, dimension, figure)
                for way in WAYS[1:]:
                    ours = of(way, selected)
                    what = {"judge": judge, "dimension": dimension, "figure": figure, "way": way}
                    for calls in (at_random, selected):
                        other = of("random", calls)
                        rows.append(
                            {
                                **what,
                                "calls": selected,
                                "random_calls": calls,
                                "selected": asdict(ours),
                                "random": asdict(other),
                                "difference": round(ours.mean - other.mean, 4),
                                "counts": protocol.differs(ours, other),
                            }
                        )
    return rows


def _spread(
    table: Table, judge: str, dimension: str, figure: str, way: str, calls: int
) -> protocol.Spread:
    wanted = {"judge": judge, "way": way, "calls": calls}
    values = [
        float(cell["figures"][dimension][figure])  # type: ignore[index,arg-type]
        for cell in table.asked()
        if wanted.items() <= cell["key"].items()
    ]
    return protocol.spread(values)


if __name__ == "__main__":
    sys.exit(main())
