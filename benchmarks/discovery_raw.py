"""Task intents found in raw logs, where most turns greet, answer or give details.

An intent is found where it is the majority of a cluster's turns, with half of them or more, and
the cluster holds a fifth or more of the intent's turns. A cluster counts for its turns, not for
its distinct texts: what is said often matters more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks.discovery_data import TALK, RawLogs, fold
from benchmarks.runner import Figures
from turnwise.clusters import Cluster, Discovery

PURITY = 0.5  # of a cluster's turns, at least, bear the intent
HELD = 0.2  # of the intent's turns, at least, are in the cluster
FEW_TURNS = 20  # an intent with fewer is named apart: no method is asked to find it


def raw_figures(logs: RawLogs, found: Discovery) -> Figures:
    """The task intents found and missed, by name, and what became of all turns.

    `held` is the share of an intent's turns in all clusters of which it is the majority: an
    intent may be there in pieces of which none counts as found.
    """
    by_cluster = [
        _labels(logs, [found.utterances[row].text for row in one.members]) for one in found.clusters
    ]
    names = intents_found(by_cluster, logs.totals, found.clusters)
    held = held_by_majority(by_cluster)
    tasks = sorted(logs.tasks)
    asked = [one for one in tasks if logs.totals[one] >= FEW_TURNS]
    aside = sum(one.count for one in found.set_aside)
    turns = found.turns + aside
    loose = sum(found.utterances[row].count for row in found.unclustered)
    return {
        "found": sum(one in names for one in asked),
        "of": len(asked),
        "clusters": len(found.clusters),
        "task_clusters": sum(_majority(one) not in TALK for one in by_cluster if one),
        "set_aside": aside / max(turns, 1),
        "unclustered": loose / max(turns, 1),
        "set_aside_tasks": _share_of_tasks(logs, [one.text for one in found.set_aside]),
        "unclustered_tasks": _share_of_tasks(
            logs, [found.utterances[row].text for row in found.unclustered]
        ),
        "goodness": found.goodness,
        "held": {one: round(held[one] / logs.totals[one], 3) for one in asked},
        "names": {one: names[one] for one in tasks if one in names},
        "missed": ", ".join(f"{one} ({logs.totals[one]})" for one in asked if one not in names),
        "few": ", ".join(f"{one} ({logs.totals[one]})" for one in tasks if one not in asked),
    }


def intents_found(
    by_cluster: Sequence[Counter[str]], totals: Mapping[str, int], clusters: Sequence[Cluster]
) -> dict[str, str]:
    """Task intent -> the names of the clusters that found it."""
    names: dict[str, list[str]] = {}
    for counts, cluster in zip(by_cluster, clusters, strict=True):
        if not counts:
            continue
        intent = _majority(counts)
        pure = counts[intent] >= PURITY * counts.total()
        if intent not in TALK and pure and counts[intent] >= HELD * totals[intent]:
            names.setdefault(intent, []).append(cluster.name.name)
    return {intent: ", ".join(each) for intent, each in names.items()}


def held_by_majority(by_cluster: Sequence[Counter[str]]) -> Counter[str]:
    """Intent -> its turns in all clusters of which it is the majority, however many there are."""
    held = Counter[str]()
    for counts in filter(None, by_cluster):
        held[_majority(counts)] += counts[_majority(counts)]
    return held


def _labels(logs: RawLogs, texts: Sequence[str]) -> Counter[str]:
    """The labels of all turns that say one of the texts."""
    known = [logs.labels[text] for text in dict.fromkeys(map(fold, texts)) if text in logs.labels]
    return sum(known, Counter())


def _majority(counts: Counter[str]) -> str:
    return min(counts, key=lambda name: (-counts[name], name))


def _share_of_tasks(logs: RawLogs, texts: Sequence[str]) -> float:
    """The share of all task turns that some texts hold."""
    held = _labels(logs, texts)
    every = sum(logs.totals[one] for one in logs.tasks)
    return sum(held[one] for one in logs.tasks) / max(every, 1)
