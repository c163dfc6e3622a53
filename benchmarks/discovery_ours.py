"""Our discovery as the benchmark runs it: its variants, its helpers, and its figures."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.discovery_data import GoldSet
from benchmarks.discovery_judge import final_judge_without, judge_without
from benchmarks.runner import Figures
from turnwise.clusters import Discovery, Judge, Round, Rows, Space, Utterance, Vectors, Verdict
from turnwise.conversations import Conversation, Role
from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.discover import Helpers, discover, discover_utterances
from turnwise.discovery.naming import EmbeddedNamer
from turnwise.encoders import Encoder
from turnwise.evaluation.discovery.scores import score_clusters

NEVER_MERGED = 0.0
GOLD_SHARE = 0.5

_BARE = DiscoveryConfig(adapt=False, theta=NEVER_MERGED)
WAYS: Mapping[str, DiscoveryConfig] = {
    "random": replace(_BARE, sampling="random"),
    "convex": _BARE,
    "convex keyphrase": replace(_BARE, keyphrases=True),
    "convex role": replace(_BARE, roles="both"),
    "convex role merge": replace(_BARE, roles="both", theta=DiscoveryConfig().theta),
    "convex adapt": replace(_BARE, adapt=True),
    "default": DiscoveryConfig(),
    "default keyphrase": DiscoveryConfig(keyphrases=True),
    "default not adapted": DiscoveryConfig(adapt=False),
}


def helpers_for(name: str, encoder: Encoder) -> Helpers:
    """The embedded judges and namer; no judge saw the data set of that name."""
    return Helpers(judge_without(name), final_judge_without(name), EmbeddedNamer(encoder))


@dataclass(frozen=True)
class GoldJudge:
    """Knows the gold: what the loop comes to where its judge is never wrong about one thing.

    That is whether half of a cluster or more is of one intent. It is no upper bound: another
    standard, or a judge that errs, may stop the loop at clusters that agree better with gold.
    """

    gold: GoldSet
    source_name: str = "gold"

    def judge(self, space: Space, clusters: Sequence[Rows]) -> list[Verdict]:
        """Return a verdict per cluster; the score is the share of its largest intent."""
        intents = dict(zip(self.gold.texts, self.gold.gold, strict=True))
        found = []
        for rows in clusters:
            counts = Counter(intents[text] for text in space.texts(rows))
            share = max(counts.values()) / len(rows)
            found.append(Verdict(share >= GOLD_SHARE, share))
        return found


@dataclass
class Rounds:
    """The rounds of one run, in memory."""

    kept: dict[int, Round] = field(default_factory=dict)

    def get(self, number: int) -> Round | None:
        return self.kept.get(number)

    def put(self, found: Round) -> None:
        self.kept[found.number] = found


def unread(texts: Sequence[str], config: DiscoveryConfig) -> tuple[Utterance, ...]:
    """Utterances whose role nobody told, where both roles are read; else a customer's."""
    role: Role | None = None if config.roles == "both" else "customer"
    return tuple(Utterance(text, role=role) for text in texts)


def found_in(
    texts: Sequence[str], encoder: Encoder, config: DiscoveryConfig, helpers: Helpers
) -> Discovery:
    return discover_utterances(unread(texts, config), encoder, config, helpers, Rounds())


def found_in_logs(
    logs: Iterable[Conversation], encoder: Encoder, config: DiscoveryConfig, helpers: Helpers
) -> Discovery:
    return discover(logs, encoder, config, helpers, Rounds())


def clusters_of(found: Discovery) -> list[Rows]:
    return [np.array(one.members, np.intp) for one in found.clusters]


def measured(gold: GoldSet, encoder: Encoder, config: DiscoveryConfig, helpers: Helpers) -> Figures:
    """One run of ours, scored; the vectors of texts are kept, so that encoding costs nothing."""
    vectors = encoder.encode(gold.texts)
    start = time.perf_counter()
    found = found_in(gold.texts, encoder, config, helpers)
    seconds = time.perf_counter() - start
    scored = scores(gold, clusters_of(found), vectors, helpers.final_judge)
    judged = sum(trial.good + trial.bad for one in found.rounds for trial in one.trials)
    return {
        **scored,
        "seconds": round(seconds, 1),
        "calls": 0,
        "rounds": len(found.rounds),
        "judged": judged,
        "merged": sum(one.done for one in found.merges),
    }


def scores(
    gold: GoldSet, clusters: Sequence[Rows], vectors: Vectors, final_judge: Judge
) -> dict[str, float]:
    """The protocol's figures of a clustering, whoever made it, on the encoder's own vectors.

    Goodness is the share of clusters that the final judge calls good.
    """
    found = score_clusters(gold.gold, clusters, vectors)
    space = Space(gold.utterances, vectors, vectors)
    verdicts = final_judge.judge(space, clusters) if clusters else []
    return {
        "nmi": found.nmi,
        "ari": found.ari,
        "accuracy": found.accuracy,
        "clusters": found.clusters,
        "intents": found.labels,
        "goodness": sum(one.good for one in verdicts) / max(len(verdicts), 1),
        "diversity": found.diversity,
        "unclustered": found.unclustered,
    }
