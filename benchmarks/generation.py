"""Does generated data help a model that has only ever seen single turns?

    python -m benchmarks.generation [--data-set sgd multidogo] [--conversations N]
        [--logs N] [--test-turns N] [--method random hmm embedded]
        [--labels settled gold guessed] [--seeds 0,1,2] [--quick]

The learner, a classifier on frozen vectors, is trained on the turns of the first N training
conversations, each without its history, and on as many generated turns beside them: `random`,
`hmm`, `embedded`. It never sees a real history. It is tested on real conversations, and its base
is the same learner without generated turns (`single`); `alone` does not even look at the history
that it never learnt to read. The ceiling, `real`, learns the same turns with their histories.

    gap closed = (method - single) / (real - single)

over all turns, the undecided ones and those whose label is another than the turn before had.
Chains are counted on logs as their turns were labelled: see `generation_data`.
Cells with `switching` have that share of changes in their chains. Generated turns weigh half of
real ones, as in a project. Then: proxies of quality, turns a second, what leaks word for word, and
the share of an endpoint's throughput that `llm` reaches. Settings: chosen on SGD's tuning split.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path

from benchmarks import data
from benchmarks.generation_calls import calls
from benchmarks.generation_data import LABELS, Logs, further
from benchmarks.generation_facts import leaks, quality, speed
from benchmarks.generation_gap import baseline, generated, summary
from benchmarks.generation_made import METHODS, TIMES, WEIGHT, Plan
from benchmarks.learning_data import DIALOGUES, Sizes, dialogues
from benchmarks.runner import OUT, Figures, Plain, Table, parser, run, seeds_of
from turnwise.encoders import DEFAULT_ENCODER, Encoder, KeptEncoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.project import encoder_cache
from turnwise.workspace.vectors import SqliteVectorStore

HOURS = "about an hour on 2 cores under load; a second run resumes"
CONVERSATIONS, TEST_TURNS = 500, 10_000
LOGS = 2_000  # further conversations, of which nobody labelled a turn
QUICK, QUICK_LOGS = Sizes(150, 1_000), 150  # about 3,000 labelled turns of SGD in all
CALLED, QUICK_CALLED = 1_000, 60  # conversations that a language model writes
MIXES = (0.0, 0.1, 0.3, 0.5)
FACTS: Mapping[str, Callable[[Logs], Figures]] = {
    "quality": quality,
    "leaks": leaks,
    "speed": speed,
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser((__doc__ or "").partition("\n")[0], HOURS)
    options.add_argument("--data-set", nargs="+", choices=DIALOGUES, default=[*DIALOGUES])
    options.add_argument("--conversations", type=int, default=CONVERSATIONS)
    options.add_argument("--logs", type=int, default=LOGS)
    options.add_argument("--test-turns", type=int, default=TEST_TURNS)
    options.add_argument("--labels", nargs="+", choices=LABELS, default=[*LABELS])
    options.add_argument("--method", nargs="+", choices=METHODS, default=[*METHODS])
    options.add_argument("--times", type=int, default=TIMES)
    options.add_argument("--weight", type=float, default=WEIGHT)
    options.add_argument("--mixes", type=float, nargs="*", default=MIXES)
    options.add_argument("--facts", nargs="*", choices=(*FACTS, "calls"), default=[*FACTS, "calls"])
    options.add_argument("--seeds", type=seeds_of, default=(0, 1, 2))
    return run("generation", options.parse_args(arguments), measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell, and what they come to over the seeds."""
    onnx = OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, encoder_cache()))
    with closing(SqliteVectorStore(OUT / "vectors.db", onnx.id)) as store:
        for name in options.data_set:
            sizes = QUICK if options.quick else Sizes(options.conversations, options.test_turns)
            count = QUICK_LOGS if options.quick else options.logs
            read = _reading(options.data, name, (sizes, count), KeptEncoder(onnx, store))
            for seed in (0,) if options.quick else options.seeds:
                where = {"data": name, "size": sizes.name, "logs": count, "seed": seed}
                _measure_set(table, options, where, read)
    if "calls" in options.facts:
        count = QUICK_CALLED if options.quick else CALLED
        table.cell({"fact": "calls", "conversations": count}, partial(calls, count))
    origins = {name: asdict(data.ORIGINS[name]) for name in options.data_set}
    return {"origins": origins, "encoder": onnx.id, "summary": summary(table.asked())}


def _reading(
    folder: Path | None, name: str, size: tuple[Sizes, int], encoder: Encoder
) -> Callable[[], Logs]:
    """What is learnt from and labelled, once it is asked for."""
    sizes, count = size

    @cache
    def read() -> Logs:
        work = dialogues(data.data_folder(folder), name, sizes)
        return Logs(work, further(folder, work, count), encoder)

    return read


def _measure_set(
    table: Table, options: argparse.Namespace, where: dict[str, Plain], read: Callable[[], Logs]
) -> None:
    """The cells of one data set and seed; nothing is read where all of them are kept."""

    def cell(more: Mapping[str, Plain], measure: Callable[..., Figures], *what: object) -> None:
        table.cell({**where, **more}, lambda: measure(read(), *what))

    seed = where["seed"]
    for method in ("alone", "single", "real"):
        cell({"method": method}, baseline, method, seed)
    for plan in _plans(options):
        cell(plan.key, generated, plan, seed)
    for fact in [one for one in FACTS if one in options.facts and seed == 0]:
        cell({"fact": fact}, FACTS[fact])


def _plans(options: argparse.Namespace) -> list[Plan]:
    """What is generated, the main figures first; chance labels and mixes by `embedded` alone."""
    found = [
        Plan(method, labels, times=options.times, weight=options.weight)
        for labels in options.labels
        for method in options.method
        if labels != "guessed" or method == "embedded"
    ]
    mixes = () if options.quick else options.mixes
    return found + [Plan("embedded", "settled", mix) for mix in mixes]


if __name__ == "__main__":
    sys.exit(main())
