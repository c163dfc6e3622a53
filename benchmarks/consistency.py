"""Strategies of labelling: a simulation beside its theory, and the embedded forms beside gold.

    python -m benchmarks.consistency [--part simulation|embedded|both] [--seeds 0,1,2] [--quick]

**Simulation.** An annotator of stated accuracy and sensitivity to order, and a reviewer of stated
hits and false alarms: what `clara`'s rule keeps and how right it is, and what a review mends,
beside theory (`benchmarks/simulated.py` states it). No language model was asked.

**Embedded.** Every strategy in its embedded form on MultiDoGO, SGD and the Larkspur sample. The
seed is a few hundred training conversations by lowest h (seed 1 takes the next ones, seed 2
those after), the test a few thousand turns by lowest h of the test's conversations; on the
sample the seed of 60 and the 130 logs. Nothing abstains but where voters disagree: `accuracy` is
of the best guess on all turns, `kept` the share that got a label, `precision` how many of those
are right, `surest` the precision of single-stage labelling's surest turns at the same share.
Seconds are without encoding. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from benchmarks import data, protocol, simulated
from benchmarks.labelling_sample import SAMPLE
from benchmarks.main_job import LOADERS
from benchmarks.runner import OUT, Figures, Plain, Table, parser, run, seeds_of
from benchmarks.simulated import Orders, Review
from turnwise.annotations import Annotation
from turnwise.conversations import Conversation, Example
from turnwise.encoders import DEFAULT_ENCODER, Encoder, KeptEncoder, OnnxEncoder, Vectors
from turnwise.encoders.export import prepare_encoder
from turnwise.evaluation.calibration import calibration
from turnwise.labelling import LabellingConfig, label
from turnwise.labelling.annotator import STRATEGIES, StrategyName
from turnwise.labelling.views import build, lay_ground
from turnwise.progress import Progress, silent
from turnwise.project import encoder_cache
from turnwise.sampling import stable_hash
from turnwise.taxonomy import Taxonomy, load_taxonomy
from turnwise.workspace.vectors import SqliteVectorStore

HOURS = "about 2 hours on 1 core, half of it encoding (once); a second run resumes"
SIMULATED_TURNS = 20_000
# Seed conversations and test turns. SGD's conversations hold twenty turns, and 4,000 turns are
# what an annotator learns from.
SIZES = {"multidogo": (300, 3_000), "sgd": (200, 3_000)}
QUICK_SIZES = {"multidogo": (40, 500), "sgd": (30, 500)}
CONFIG = LabellingConfig(abstain_below=0.0)
# S0's first table: 4,802 turns that both stages label right, 566 only the second, 84 only the
# first, 70 neither; all that the reviewer doubted rightly counts as doubted and put right.
S0 = Review(4886 / 5522, 566 / 636, 84 / 4886, 1.0)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser((__doc__ or "").partition("\n")[0], HOURS)
    options.add_argument("--part", choices=("simulation", "embedded", "both"), default="both")
    options.add_argument("--data-set", choices=("larkspur", *LOADERS, "all"), default="all")
    options.add_argument("--seeds", default=",".join(map(str, protocol.SEEDS)))
    return run("consistency", options.parse_args(arguments), measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell of both parts, and the means over the seeds."""
    seeds = (0,) if options.quick else seeds_of(options.seeds)
    found: dict[str, object] = {"seeds": list(seeds)}
    if options.part != "embedded":
        turns = protocol.QUICK_TURNS if options.quick else SIMULATED_TURNS
        found["simulation"] = simulate(table, turns, seeds)
    if options.part != "simulation":
        found["embedded"] = embedded(table, options, seeds)
    return found


def simulate(table: Table, turns: int, seeds: Sequence[int]) -> Mapping[str, object]:
    """The simulation's cells, and how many figures lie where theory puts one in 20 or fewer."""
    chances: list[float] = []
    for one, seed in ((one, seed) for one in stated() for seed in seeds):
        key = {"part": "simulation", "turns": turns, "seed": seed, **simulated.described(one)}
        measure = simulated.kept_by_clara if isinstance(one, Orders) else simulated.reviewed
        figures = table.cell(key, partial(measure, one, turns, seed))  # type: ignore[arg-type]
        chances += [float(str(figures[name])) for name in figures if name.endswith("_chance")]
    far = sum(one < 0.05 for one in chances)
    return {"figures": len(chances), "far_from_theory": far, "least_chance": min(chances)}


def stated() -> Iterator[Orders | Review]:
    """Annotators and reviewers that are simulated."""
    for accuracy in (0.6, 0.8, 0.9):
        for sensitivity in (0.1, 0.3, 1.0):
            yield Orders(accuracy, sensitivity, 20, 3, 1.0)
    for orders, agreement in ((2, 1.0), (3, 0.6), (5, 1.0), (5, 0.6)):
        yield Orders(0.8, 0.3, 20, orders, agreement)
    for hits, false_alarms in ((0.3, 0.02), (0.6, 0.05), (0.6, 0.2)):
        yield Review(0.8, hits, false_alarms, 0.8)
    yield S0


@dataclass(frozen=True)
class Job:
    """One data set with one seed.

    Attributes:
        seed: conversations that strategies learn from. test: those that they label.
        asked: dimension -> the turns that are scored.
        undecided: dimension -> which of those have a text that does not decide the label.
    """

    name: str
    number: int
    taxonomy: Taxonomy
    seed: tuple[Conversation, ...]
    test: tuple[Conversation, ...]
    asked: Mapping[str, Sequence[Example]]
    undecided: Mapping[str, NDArray[np.bool_]]


def embedded(
    table: Table, options: argparse.Namespace, seeds: Sequence[int]
) -> Mapping[str, object]:
    """Every strategy on every data set."""
    onnx = OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, encoder_cache()))
    OUT.mkdir(parents=True, exist_ok=True)
    store = SqliteVectorStore(OUT / "vectors.db", onnx.id)
    names = ("larkspur", *LOADERS) if options.data_set == "all" else (options.data_set,)
    found: dict[str, list[Figures]] = defaultdict(list)
    for name in names:
        for job in jobs(name, options, seeds):
            for strategy, weighted in ways():
                key = {"part": "embedded", "data": name, "seed": job.number, "strategy": strategy}
                key |= {"seed_conversations": len(job.seed), "encoder": onnx.id}
                if strategy == "ensemble":
                    key["votes"] = "weighted" if weighted else "majority"
                encoder = TimedEncoder(KeptEncoder(onnx, store))
                figures = table.cell(key, partial(measured, job, strategy, weighted, encoder))
                found[f"{name}/{strategy}{'' if weighted else ' majority'}"].append(figures)
    store.close()
    return {name: over_seeds(runs) for name, runs in found.items()}


def ways() -> Iterator[tuple[StrategyName, bool]]:
    """Every strategy, the ensemble with both ways to count its votes."""
    for strategy in STRATEGIES:
        yield strategy, True
    yield "ensemble", False


def jobs(name: str, options: argparse.Namespace, seeds: Sequence[int]) -> Iterator[Job]:
    """A data set with each seed; the sample's is fixed."""
    if name == "larkspur":
        conversations = {one.id: one for one in data.larkspur()}
        split = protocol.larkspur_split(conversations.values())
        parts = [tuple(conversations[one] for one in ids) for ids in (split.seed, split.unlabelled)]
        taxonomy = load_taxonomy(SAMPLE / "taxonomy.yaml")
        asked = {one: protocol.labelled(parts[1], one) for one in taxonomy.dimension_names}
        yield Job(name, 0, taxonomy, parts[0], parts[1], asked, {})
        return
    loaded = LOADERS[name](data.data_folder(options.data))
    whole = protocol.parts(loaded)
    size, turns = (QUICK_SIZES if options.quick else SIZES)[name]
    test = protocol.lowest(whole.test, turns)
    known = {one.id for one in test}
    inside = [x for x in protocol.scope(whole, "intent").inside if x.conversation.id in known]
    asked = dict.fromkeys(loaded.taxonomy.dimension_names, inside)
    tells = {one: protocol.Undecided(protocol.labelled(whole.known, one), one) for one in asked}
    undecided = {one: np.array([tells[one](x) for x in inside], np.bool_) for one in asked}
    ordered = sorted(whole.train, key=lambda one: stable_hash(one.id))
    for number in seeds:
        seed = tuple(islice(ordered, number * size, (number + 1) * size))
        yield Job(name, number, loaded.taxonomy, seed, test, asked, undecided)


class TimedEncoder:
    """An encoder that tells how long it took, so that seconds are told without it."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self.id, self.size = encoder, encoder.id, encoder.size
        self.max_tokens = encoder.max_tokens
        self.seconds, self.texts = 0.0, 0

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Vectors:
        start = time.perf_counter()
        vectors = self._encoder.encode(texts, progress)
        self.seconds, self.texts = (
            self.seconds + time.perf_counter() - start,
            self.texts + len(texts),
        )
        return vectors

    def count_tokens(self, text: str) -> int:
        return self._encoder.count_tokens(text)


def measured(job: Job, strategy: StrategyName, weighted: bool, encoder: TimedEncoder) -> Figures:
    """Fit a strategy from nothing on the seed, label the test, and score it."""
    start = time.perf_counter()
    ground = lay_ground(job.taxonomy, job.seed, encoder)
    annotator = build(ground, strategy, CONFIG, weighted)
    fitted, fit_encoding = time.perf_counter(), encoder.seconds
    labelled = [one for _, found in label(job.test, annotator) for one in found]
    seconds = time.perf_counter() - fitted - (encoder.seconds - fit_encoding)
    ours = {(*one.key, one.dimension): one for one in labelled if one.source == annotator.source}
    first = labelled
    if strategy == "clara":  # an ensemble hands on what single-stage labelling said
        single = build(ground, "single", CONFIG)
        first = [one for _, found in label(job.test, single) for one in found]
    sure = {(*one.key, one.dimension): one for one in first if one.source.name == "single"}
    found: dict[str, Plain | Mapping[str, Plain]] = {
        "fit_seconds": round(fitted - start - fit_encoding, 1),
        "label_seconds": round(seconds, 1),
        "texts_encoded": encoder.texts,
    }
    for name, turns in job.asked.items():
        found[name] = scored(turns, name, ours, sure, job.undecided.get(name))
    return found


Said = Mapping[tuple[str, int, str], Annotation]


def scored(
    turns: Sequence[Example],
    name: str,
    ours: Said,
    single: Said,
    undecided: NDArray[np.bool_] | None,
) -> Mapping[str, Plain]:
    """Figures of one dimension; `surest` where single-stage labels were handed on too."""
    said = [ours[(*one.key, name)] for one in turns]
    gold = np.array([protocol.label_of(one, name) for one in turns])
    right = np.array([guess(one) for one in said]) == gold
    kept = np.array([one.label is not None for one in said])
    confidence = np.array([one.confidence for one in said], np.float64)
    sure = calibration(confidence[kept], right[kept])
    found: dict[str, Plain] = {
        "turns": len(turns),
        "accuracy": round(float(right.mean()), 4),
        "kept": round(float(kept.mean()), 4),
        "precision": round(float(right[kept].mean()), 4),
        "calibration_error": round(sure.error, 4),
        "if_calibrated": None if sure.perfect is None else round(sure.perfect, 4),
    }
    if single and not kept.all():
        first = [single[(*one.key, name)] for one in turns]
        order = np.argsort([-one.confidence for one in first], kind="stable")[: kept.sum()]
        surest = np.array([guess(one) for one in first]) == gold
        found["surest"] = round(float(surest[order].mean()), 4)
    if single and said[0].source.name == "two-stage":
        found |= stages(np.array([guess(single[(*one.key, name)]) for one in turns]) == gold, right)
    if undecided is not None:
        found["undecided_turns"] = int(undecided.sum())
        found["undecided_accuracy"] = round(float(right[undecided].mean()), 4)
    if name == "domain" and undecided is not None:  # constant in a conversation: see the protocol
        for part, rows in protocol.by_position(turns):
            found[f"{part}_accuracy"] = round(float(right[rows].mean()), 4)
    return found


def stages(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Mapping[str, Plain]:
    """The four-way table of two stages: how many turns each labels right."""
    return {
        "both_right": int((first & second).sum()),
        "only_stage_1": int((first & ~second).sum()),
        "only_stage_2": int((~first & second).sum()),
        "neither": int((~first & ~second).sum()),
    }


def guess(one: Annotation) -> str:
    """The label, or the best guess where none was given."""
    return one.label or (one.runners_up[0][0] if one.runners_up else "")


def over_seeds(runs: Sequence[Figures]) -> Mapping[str, object]:
    """Mean and range of each figure over the seeds that have it."""
    found: dict[str, object] = {}
    for name in dict.fromkeys(name for one in runs for name in one):
        parts = [one[name] for one in runs if one.get(name) is not None]
        first = parts[0] if parts else None
        if isinstance(first, Mapping):
            found[name] = over_seeds([one for one in parts if isinstance(one, Mapping)])
        elif first is not None:
            found[name] = asdict(protocol.spread([float(str(one)) for one in parts]))
    return found


if __name__ == "__main__":
    sys.exit(main())
