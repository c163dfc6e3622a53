"""Discovery beside clusterings that are told the true number of clusters, and what it is worth.

    python -m benchmarks.discovery [--only PART ...] [--set NAME ...] [--seeds 0,1,2] [--quick]

    table     natcs_insurance (1,205 turns, 22 intents), banking77 and clinc150 (test splits):
              rivals with the true number of clusters, ours without it, and ablations of ours
    judge     the loop's judge on sets that it never saw, the namer beside gold names, and how
              often pruning would have tried what trying everything chooses
    raw       MultiDoGO (media, airline) as it was logged: the task intents found and missed
    use       a classifier that learns from what was discovered in banking77's training split
    ablation  how clusters are shown to a judge that reads (simulated), SGD with its roles hidden,
              and merging by name
    cost      seconds, memory and growth from 10,000 to 150,000 distinct texts

The number of clusters is given only to what says `true K`. Unclustered utterances count as wrong
for accuracy and as one cluster for NMI and ARI. No judge ever saw the set that it is asked about,
but for those that are said to know gold. A difference counts where the ranges over the seeds part.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import product

import numpy as np

from benchmarks import data, protocol
from benchmarks.discovery_ablation import ablation_cells
from benchmarks.discovery_bench import Bench, Cells
from benchmarks.discovery_cost import END_TO_END, QUICK_SIZES, SIZES, alone, exponent
from benchmarks.discovery_data import (
    RAW_DOMAINS,
    SETS,
    GoldSet,
    gold_set,
    many_texts,
    raw_logs,
)
from benchmarks.discovery_judge import judge_figures
from benchmarks.discovery_ours import (
    WAYS,
    GoldJudge,
    clusters_of,
    found_in,
    found_in_logs,
    helpers_for,
    measured,
    scores,
)
from benchmarks.discovery_raw import raw_figures
from benchmarks.discovery_rivals import CLUSTERINGS, DRAWN, FORMS, clustered, kmeans, rows_of
from benchmarks.discovery_use import gold_clusters, in_use, job, name_agreement
from benchmarks.runner import Figures, Key, Table, parser, run, seeds_of
from turnwise.clusters import Rows, Space
from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.pruning import hits

HOURS = "about 2 hours on 2 idle cores, estimated; a second run resumes"
USED = "banking77"
NAMED = (*SETS, "hwu64")
NAMER_SAW = ("banking77", "clinc150")  # its settings were chosen on their gold clusters
LEARNT_FROM = (
    "gold",
    "kmeans, true K",
    "kmeans, as many as turnwise",
    "ward, true K",
    "turnwise",
)
QUICK_TURNS, QUICK_INTENTS = 500, 6
QUICK_WAYS = ("convex", "default")

LADDER, FEWEST, TEXTS_A_CLUSTER = 15, 5, 8  # candidates of the pruning's ladder, and its ends


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser((__doc__ or "").partition("\n")[0], HOURS)
    options.add_argument("--only", nargs="+", choices=PARTS, default=tuple(PARTS), metavar="PART")
    options.add_argument("--set", nargs="+", choices=SETS, default=SETS, metavar="NAME")
    options.add_argument("--seeds", type=seeds_of, default=protocol.SEEDS)
    return run("discovery", options.parse_args(arguments), measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell of the parts that were asked for, and what they come to over the seeds."""
    bench = Bench(options)
    for part in options.only:
        for key, measure in PARTS[part](bench):
            table.cell({"part": part, **key}, measure)
    bench.store.close()
    return {
        "encoder": bench.encoder.id,
        "origins": {name: asdict(data.ORIGINS[name]) for name in (*SETS, "multidogo", "sgd")},
        "seeds": list(bench.seeds),
        "figures": _over_seeds(table),
        "growth_exponent": _growth(table),
    }


def _table(bench: Bench) -> Cells:
    """Rivals with the true number of clusters, ours without it."""
    for name in bench.sets:
        for form, clustering, seed in product(FORMS, CLUSTERINGS, bench.seeds):
            drawn = clustering in DRAWN or form in ("adapted", "labels")
            if (drawn or seed == 0) and (form == "plain" or clustering != "gaussian"):
                method = f"{clustering}, {form}, true K"
                yield _row(name, method, seed), partial(_rival, bench, name, form, clustering, seed)
        for way, seed in product(QUICK_WAYS if bench.quick else WAYS, bench.seeds):
            config = replace(WAYS[way], seed=seed)
            yield _row(name, f"turnwise, {way}", seed), partial(_ours, bench, name, config)
        for seed in bench.seeds:
            key = _row(name, "turnwise, default, judge that knows gold", seed)
            yield key, partial(_told_gold, bench, name, DiscoveryConfig(seed=seed))


def _row(name: str, method: str, seed: int) -> Key:
    return {"set": name, "method": method, "seed": seed}


def _rival(bench: Bench, name: str, form: str, clustering: str, seed: int) -> Figures:
    gold = bench.gold(name)
    clusters, seconds = clustered(gold, bench.encoder, form, clustering, seed)
    plain = bench.encoder.encode(gold.texts)
    found = scores(gold, clusters, plain, helpers_for(name, bench.encoder).final_judge)
    return {**found, "seconds": round(seconds, 1), "calls": 0}


def _ours(bench: Bench, name: str, config: DiscoveryConfig) -> Figures:
    return measured(bench.gold(name), bench.encoder, config, helpers_for(name, bench.encoder))


def _told_gold(bench: Bench, name: str, config: DiscoveryConfig) -> Figures:
    gold = bench.gold(name)
    helpers = replace(helpers_for(name, bench.encoder), judge=GoldJudge(gold))
    return measured(gold, bench.encoder, config, helpers)


def _judge(bench: Bench) -> Cells:
    """Judge, namer and pruning, each on what it never saw."""
    for name in bench.sets:
        yield {"what": "judge", "set": name}, partial(judge_figures, name)
        for seed in bench.seeds:
            key: Key = {"what": "pruning", "set": name, "seed": seed}
            yield key, partial(_pruning, bench, name, seed)
    for name in bench.sets if bench.quick else NAMED:
        key = {"what": "namer", "set": name, "tuned on it": name in NAMER_SAW}
        yield key, partial(_naming, bench, name)


def _naming(bench: Bench, name: str) -> Figures:
    """The namer on gold clusters."""
    gold = bench.gold(name)
    vectors = bench.encoder.encode(gold.texts)
    space = Space(gold.utterances, vectors, vectors)
    names = helpers_for(name, bench.encoder).namer.name(space, gold_clusters(gold.gold))
    return name_agreement(gold.intents, names, bench.encoder)


def _pruning(bench: Bench, name: str, seed: int) -> Figures:
    """Of a ladder of candidates that is named: where none is, a screen leaves too few to prune."""
    texts = bench.gold(name).texts
    counts = np.geomspace(FEWEST, len(texts) / TEXTS_A_CLUSTER, LADDER).round()
    config = DiscoveryConfig(
        prune=False, epsilon=0, seed=seed, method="kmeans", candidates=tuple(map(float, counts))
    )
    found = found_in(texts, bench.encoder, config, helpers_for(name, bench.encoder))
    hit = hits(found.rounds)
    rates = {f"top_{top}": good / max(of, 1) for top, (good, of) in enumerate(hit, 1)}
    return {**rates, "rounds": hit[0][1]}


def _raw(bench: Bench) -> Cells:
    """MultiDoGO's conversations as they were logged."""
    for domain, seed in product(RAW_DOMAINS[:1] if bench.quick else RAW_DOMAINS, bench.seeds):
        yield {"domain": domain, "seed": seed}, partial(_logs, bench, domain, seed)


def _logs(bench: Bench, domain: str, seed: int) -> Figures:
    logs = raw_logs(bench.folder, domain, QUICK_TURNS if bench.quick else 0)
    helpers = helpers_for("multidogo", bench.encoder)
    found = found_in_logs(logs.conversations, bench.encoder, DiscoveryConfig(seed=seed), helpers)
    return raw_figures(logs, found)


def _use(bench: Bench) -> Cells:
    """Classifiers that learn from clusters of banking77's training split."""
    for way, seed in product(LEARNT_FROM, bench.seeds):
        if seed == 0 or way not in ("gold", "ward, true K"):
            yield {"learnt from": way, "seed": seed}, partial(_used, bench, way, seed)


def _used(bench: Bench, way: str, seed: int) -> Figures:
    train, asked = (gold_set(bench.folder, USED, split) for split in ("train", "test"))
    if bench.quick:
        train = train.of_intents(QUICK_INTENTS)
        asked = asked.of_intents(QUICK_INTENTS)
    work = job(train, asked, bench.encoder)
    return in_use(work, _learnt(bench, way, train, seed))


def _learnt(bench: Bench, way: str, train: GoldSet, seed: int) -> Sequence[Rows]:
    """The clusters that a classifier learns."""
    if way == "gold":
        return gold_clusters(train.gold)
    helpers = helpers_for(USED, bench.encoder)
    if way == "ward, true K":
        return clustered(train, bench.encoder, "plain", "ward", seed)[0]
    if way == "kmeans, true K":
        return clustered(train, bench.encoder, "plain", "kmeans", seed)[0]
    found = found_in(train.texts, bench.encoder, DiscoveryConfig(seed=seed), helpers)
    if way == "kmeans, as many as turnwise":
        count = len(found.clusters)
        return rows_of(kmeans(bench.encoder.encode(train.texts), count, seed))
    return clusters_of(found)


def _cost(bench: Bench) -> Cells:
    """Whole runs with nothing kept; the size of the claim for every seed."""
    for size in QUICK_SIZES if bench.quick else SIZES:
        for seed in bench.seeds if size == END_TO_END else bench.seeds[:1]:
            yield {"texts": size, "seed": seed}, partial(_alone, bench, size, seed)


def _alone(bench: Bench, size: int, seed: int) -> Figures:
    return alone(many_texts(bench.folder, size), seed)


PARTS: Mapping[str, Callable[[Bench], Cells]] = {
    "table": _table,
    "judge": _judge,
    "raw": _raw,
    "use": _use,
    "ablation": ablation_cells,
    "cost": _cost,
}


def _over_seeds(table: Table) -> Mapping[str, Mapping[str, object]]:
    """Mean and range of each figure over the seeds, by what was measured."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for cell in table.asked():
        where = ", ".join(str(value) for name, value in cell["key"].items() if name != "seed")
        for name, figure in _flat(cell["figures"]):
            values[where][name].append(figure)
    return {
        where: {name: asdict(protocol.spread(runs)) for name, runs in figures.items()}
        for where, figures in values.items()
    }


def _flat(figures: Figures) -> Iterator[tuple[str, float]]:
    """Numbers by name; of a mapping within, by both names."""
    for name, figure in figures.items():
        if isinstance(figure, Mapping):
            yield from ((f"{name} {one}", value) for one, value in _flat(figure))
        elif isinstance(figure, (int, float)):
            yield name, float(figure)


def _growth(table: Table) -> float | None:
    """The exponent of what is left of the seconds without the encoder."""
    seconds = {
        int(str(cell["key"]["texts"])): float(str(cell["figures"]["other_seconds"]))
        for cell in table.asked()
        if cell["key"]["part"] == "cost" and cell["key"]["seed"] == 0
    }
    return exponent(seconds)


if __name__ == "__main__":
    sys.exit(main())
