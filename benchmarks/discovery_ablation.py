"""The ablations of discovery that an embedded judge can't show: sampling, and merging by name.

sampling   the loop with a judge that reads what is sampled of a cluster, by sampling, size and
           repeats; and how often that judge is right about the same clusters
merge      clusters merged by embedded names and by those of a reader, at several theta
roles      see discovery_ablation_roles

Readers are simulated, see discovery_ablation_readers: they know gold, no model is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import product

from benchmarks.discovery_ablation_readers import Reader, agreement, majority, purity
from benchmarks.discovery_ablation_roles import role_cells
from benchmarks.discovery_bench import Bench, Cells
from benchmarks.discovery_data import GoldSet
from benchmarks.discovery_judge_data import COHERENT
from benchmarks.discovery_ours import Rounds, helpers_for
from benchmarks.runner import Figures, Key
from turnwise.clusters import ClusterName, Judge, Rows, Space
from turnwise.discovery.candidates import lay_out
from turnwise.discovery.clusterings import clusterer_for
from turnwise.discovery.config import DiscoveryConfig, Sampling
from turnwise.discovery.judging.llm import LlmJudge
from turnwise.discovery.loop import Found, find_clusters
from turnwise.discovery.merging import merge_clusters
from turnwise.discovery.naming import EmbeddedNamer
from turnwise.discovery.naming.assignment import told_apart
from turnwise.discovery.naming.llm import LlmNamer
from turnwise.discovery.representatives import Sampler
from turnwise.discovery.vectors import make_space
from turnwise.evaluation.discovery.scores import score_clusters
from turnwise.llm import Background

SAMPLINGS: tuple[Sampling, ...] = ("random", "nearest", "farthest", "convex")
DRAWN = ("random", "convex")  # the others show the same in each repeat, which is asked once
SAMPLES = (5, 10, 20)
REPEATS = (1, 3)
ERRS = 0.10  # of verdicts, at the largest sample; published of a tuned judge: .04 (S4)
THETAS = (0.0, 0.1, 0.2, 0.3, 0.4)
NAMES = ("embedded", "reader, told apart", "reader")
HIDDEN_PART = max(SAMPLES)  # of larger clusters every sampling leaves something out


@dataclass(frozen=True)
class Reading:
    """How a reading judge is asked, and how often it errs."""

    sampling: Sampling
    sample: int
    repeats: int = 1
    wrong: float = 0.0

    def judge(self, gold: GoldSet, seed: int, background: Background) -> tuple[LlmJudge, Reader]:
        """The judge that asks, and whom it asks."""
        reader = Reader.of(gold, self.wrong, seed)
        sampler = Sampler(self.sampling, self.sample, seed=seed)
        return LlmJudge(reader, background, sampler, self.repeats), reader


def readings(quick: bool) -> list[Reading]:
    """Every row of the sampling part: without an error, then with."""
    if quick:
        return [Reading(one, 5) for one in SAMPLINGS]
    asked = [
        Reading(sampling, sample, repeats)
        for sampling, sample, repeats in product(SAMPLINGS, SAMPLES, REPEATS)
        if repeats == 1 or sampling in DRAWN
    ]
    large = [one for one in asked if one.sample == max(SAMPLES)]
    return [*asked, *(replace(one, wrong=ERRS) for one in large)]


def ablation_cells(bench: Bench) -> Cells:
    """What sampling, roles and merging by name are worth."""
    for name, seed in product(bench.sets, bench.seeds):
        where: Key = {"set": name, "seed": seed}
        for one in readings(bench.quick):
            how: Key = {**vars(one), **where}
            yield {"what": "sampling", **how}, partial(_sampled, bench, name, seed, one)
            if not one.wrong:
                yield {"what": "judge that reads", **how}, partial(_read, bench, name, seed, one)
        key: Key = {"what": "sampling", "judge": "embedded, reads no text", **where}
        yield key, partial(_unread, bench, name, seed)
        key = {"what": "sampling", "judge": "reads all of a cluster", **where}
        yield key, partial(_sampled, bench, name, seed, Reading("random", 10_000))
        for names, theta in product(NAMES, THETAS):
            key = {"what": "merge", "names": names, "theta": theta, **where}
            yield key, partial(_merged, bench, name, seed, names, theta)
    yield from role_cells(bench)


def _sampled(bench: Bench, name: str, seed: int, reading: Reading) -> Figures:
    """The loop with a judge that reads."""
    gold, space = bench.gold(name), _space(bench, name, seed)
    with Background() as background:
        judge, reader = reading.judge(gold, seed, background)
        found = _found(space, judge, seed)
    return {**_scored(gold, found.clusters, space), **_asked(found), "calls": reader.asked}


def _unread(bench: Bench, name: str, seed: int) -> Figures:
    gold, space = bench.gold(name), _space(bench, name, seed)
    found = _embedded(bench, name, seed)
    return {**_scored(gold, found.clusters, space), **_asked(found), "calls": 0}


def _read(bench: Bench, name: str, seed: int, reading: Reading) -> Figures:
    """The same judge on clusters of every size, all of them larger than any sample."""
    gold, space = bench.gold(name), _space(bench, name, seed)
    with Background() as background:
        judge, _ = reading.judge(gold, seed, background)
        return agreement(judge, space, _large_clusters(bench, name, seed), gold.gold)


def _merged(bench: Bench, name: str, seed: int, names: str, theta: float) -> Figures:
    """What the loop found, merged; `right` is of the merges that join two of one intent."""
    gold, space = bench.gold(name), _space(bench, name, seed)
    clusters = _embedded(bench, name, seed).clusters
    given = _names(bench, name, seed, names)
    merged = merge_clusters(clusters, given, bench.encoder, theta)
    stands_for = [majority([gold.gold[row] for row in rows]) for rows in clusters]
    joined = [{stands_for[part] for part in parts} for parts in merged.parts if len(parts) > 1]
    return {
        **_scored(gold, merged.clusters, space),
        "merges": len(clusters) - len(merged.clusters),
        "right": sum(len(one) == 1 for one in joined) / len(joined) if joined else None,
        "of_one_intent": len(clusters) - len(set(stands_for)),
    }


@lru_cache(maxsize=1)
def _names(bench: Bench, name: str, seed: int, names: str) -> list[ClusterName]:
    gold, space = bench.gold(name), _space(bench, name, seed)
    clusters = _embedded(bench, name, seed).clusters
    embedded = EmbeddedNamer(bench.encoder)
    if names == "embedded":
        return embedded.name(space, clusters)
    with Background() as background:
        named = LlmNamer(Reader.of(gold), background, embedded).name(space, clusters)
    return named if names == "reader" else told_apart(named, space, clusters)


@lru_cache(maxsize=1)
def _space(bench: Bench, name: str, seed: int) -> Space:
    return make_space(bench.gold(name).utterances, bench.encoder, DiscoveryConfig(seed=seed))


@lru_cache(maxsize=1)
def _embedded(bench: Bench, name: str, seed: int) -> Found:
    return _found(_space(bench, name, seed), helpers_for(name, bench.encoder).judge, seed)


@lru_cache(maxsize=1)
def _large_clusters(bench: Bench, name: str, seed: int) -> Sequence[Rows]:
    """Clusters of all candidates of a first round, from a few large ones to many small ones."""
    config, space = DiscoveryConfig(), _space(bench, name, seed)
    cut = clusterer_for(config.method)(space.vectors, seed)
    every = [rows for one in lay_out(config.method, len(space)) for rows in cut(one)]
    return [rows for rows in every if len(rows) > HIDDEN_PART]


def _found(space: Space, judge: Judge, seed: int) -> Found:
    return find_clusters(space, judge, DiscoveryConfig(seed=seed), Rounds())


def _scored(gold: GoldSet, clusters: Sequence[Rows], space: Space) -> dict[str, float]:
    """`goodness` is by gold: the share of clusters of which `COHERENT` is of one intent."""
    found = score_clusters(gold.gold, clusters, space.plain)
    good = [purity([gold.gold[row] for row in rows]) >= COHERENT for rows in clusters]
    return {
        "nmi": found.nmi,
        "accuracy": found.accuracy,
        "clusters": found.clusters,
        "goodness": sum(good) / max(len(good), 1),
        "unclustered": found.unclustered,
    }


def _asked(found: Found) -> dict[str, float]:
    return {"rounds": len(found.rounds), "judged": sum(one.asked for one in found.rounds)}
