"""Accuracy with and without generated turns, and how much of the gap they close."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from benchmarks import protocol
from benchmarks.generation_data import ALONE, INTENT, Logs, switches
from benchmarks.generation_made import TIMES, WEIGHT, Plan, made, to_learn
from benchmarks.rivals import classes_of
from benchmarks.runner import Cell, Figures, Plain
from turnwise.training import Classifier

PARTS = ("all", "undecided", "switches")
LEAST_GAP = 0.01  # of accuracy; of a smaller gap it says nothing how much was closed


def baseline(logs: Logs, method: str, seed: int) -> Figures:
    """What single turns teach, read alone or with a history, and what real histories do."""
    turns = logs.real if method == "real" else logs.single
    window = ALONE if method == "alone" else logs.window
    return _scored(logs, logs.taught(turns, window, seed))


def generated(logs: Logs, plan: Plan, seed: int) -> Figures:
    """What single turns and as many generated ones teach."""
    talks = [*made(logs, plan, seed)]
    turns = [one for talk in talks for one in to_learn(talk, plan.weight)]
    rules = sum(bool(turn.rules) for talk in talks for turn in talk.customer)
    found = _scored(logs, logs.taught([*logs.single, *turns], logs.window, seed))
    told = logs.labelled(plan.labels)
    facts = {
        "conversations": len(talks),
        "turns": len(turns),
        "adapted": rules,
        "switching": round(logs.chains(told).together.switching, 4),
    }
    right = {f"{name}_labels_right": round(one, 4) for name, one in logs.right(told).items()}
    return {**found, **facts, **right}


def _scored(logs: Logs, classifier: Classifier) -> Figures:
    work = logs.work
    found: dict[str, Plain | Mapping[str, Plain]] = {}
    for name, chances in classifier.probabilities(work.task.test, logs.encoder).items():
        right = chances.argmax(axis=1) == work.truth[name]
        rows = {
            "all": np.ones(len(right), np.bool_),
            "undecided": work.undecided[name],
            "switches": switches(work.task.test, INTENT),
        }
        shares = {part: round(float(right[some].mean()), 4) for part, some in rows.items()}
        sizes = {f"{part}_turns": int(some.sum()) for part, some in rows.items()}
        found[name] = {**shares, **sizes}
    return {**found, "tuning": _tuning(logs, classifier), "epochs": classifier.record.epochs}


def _tuning(logs: Logs, classifier: Classifier) -> float:
    """Accuracy of the intents of the tuning split, by which settings may be chosen."""
    turns = logs.work.task.tuning
    chances = classifier.probabilities(turns, logs.encoder)[INTENT]
    truth = classes_of(turns, logs.work.task.taxonomy[INTENT])
    return round(float((chances.argmax(axis=1) == truth).mean()), 4)


def summary(cells: Sequence[Cell]) -> Mapping[str, object]:
    """`DATA DIMENSION PART` -> method -> accuracy, and the gap closed, mean and range."""
    runs: dict[tuple[str, str, str], dict[int, dict[str, float]]] = defaultdict(dict)
    for cell in cells:
        if "method" not in cell["key"]:
            continue
        for name, found in cell["figures"].items():
            if isinstance(found, Mapping):
                for part in PARTS:
                    of_seed = runs[str(cell["key"]["data"]), name, part]
                    shares = of_seed.setdefault(int(str(cell["key"]["seed"])), {})
                    shares[_title(cell)] = float(str(found[part]))
    return {" ".join(where): _over_seeds([*seeds.values()]) for where, seeds in runs.items()}


def _title(cell: Cell) -> str:
    """`embedded/settled/switching 0.3`."""
    key = cell["key"]
    mix = f"switching {key['switching']}" if "switching" in key else None
    times = f"{key['times']}x" if key.get("times", TIMES) != TIMES else None
    weight = f"weight {key['weight']}" if key.get("weight", WEIGHT) != WEIGHT else None
    parts = (key["method"], key.get("labels"), mix, times, weight)
    return "/".join(str(one) for one in parts if one)


def _over_seeds(seeds: Sequence[Mapping[str, float]]) -> Mapping[str, object]:
    found = {}
    for method in seeds[0]:
        there = [one for one in seeds if method in one]
        closed = [share for one in there if (share := gap_closed(one, method)) is not None]
        found[method] = {
            "accuracy": asdict(protocol.spread([one[method] for one in there])),
            "gap_closed": asdict(protocol.spread(closed)) if closed else None,
        }
    return found


def gap_closed(shares: Mapping[str, float], method: str) -> float | None:
    """(method - single) / (real - single); None where there is hardly a gap."""
    if not {"single", "real"} <= shares.keys():
        return None
    gap = shares["real"] - shares["single"]
    return (shares[method] - shares["single"]) / gap if gap >= LEAST_GAP else None
