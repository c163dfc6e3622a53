"""Discoveries made up for the report's tests."""

from __future__ import annotations

import numpy as np

from turnwise.clusters import (
    Cluster,
    ClusterName,
    Discovery,
    Merge,
    Round,
    SetAside,
    Trial,
    Utterance,
    Vectors,
)

ACTIONS = ("inquire", "cancel", "report")
ASIDE = (
    SetAside("hello", 30, "greeting"),
    SetAside("good morning", 2, "greeting"),
    SetAside("yes", 8, "bare answer"),
)


def grouped(groups: int, each: int, size: int = 8) -> Vectors:
    """Unit vectors in groups that are well apart, a group after the other."""
    drawn = np.random.default_rng(5)
    centres = np.repeat(drawn.normal(size=(groups, size)), each, axis=0)
    found = centres + 0.1 * drawn.normal(size=centres.shape)
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def found(clusters: int = 5, each: int = 6, left: int = 4, text: str = "", levels: int = 2):
    """A discovery of clusters of equal size, each utterance said twice; `text` is in every text."""
    vectors = grouped(clusters + 1, max(each, left))
    rows = [*range(clusters * max(each, left)), *range(len(vectors) - left, len(vectors))]
    utterances = tuple(Utterance(f"{text} wish {at}".strip(), 2) for at in range(len(rows)))
    kept = [tuple(range(at * each, (at + 1) * each)) for at in range(clusters)]
    unclustered = tuple(range(clusters * each, len(rows)))
    good = len(kept) and 1 - 1 / len(kept)
    return Discovery(
        utterances=utterances,
        vectors=vectors[rows],
        clusters=tuple(_cluster(at, members, text, levels) for at, members in enumerate(kept)),
        unclustered=unclustered,
        set_aside=ASIDE,
        rounds=(_round(1, kept, unclustered),) if kept else (),
        merges=(Merge("a-thing", "a-thingy", 0.97, True), Merge("b-one", "b-two", 0.81, False))
        if kept
        else (),
        judge="spread of clusters",
        final_judge="words of clusters",
        namer="verbs and objects",
        goodness=good,
        notes=("One cluster got no answer.",),
    )


def _cluster(at: int, members: tuple[int, ...], text: str, levels: int) -> Cluster:
    action = ACTIONS[at % len(ACTIONS)]
    name = ClusterName(action, f"thing-{at}{text}", f"Thing {at}{text}", "en", "About a thing.")
    path = (action, name.name)[-levels:]
    return Cluster(name, path, members, members[:3], 0.9, at != 0, 0.1, 1, 2 * len(members))


def _round(number: int, kept: list[tuple[int, ...]], left: tuple[int, ...]) -> Round:
    size = sum(map(len, kept))
    trials = (
        Trial(4, 1, 3, size // 2, len(left)),
        Trial(8, len(kept), 1, size, len(left)),
    )
    return Round(number, trials, 1, tuple(kept), (0.9,) * len(kept), left, (8.0, 4.0))


def nothing() -> Discovery:
    empty = np.zeros((0, 8), dtype=np.float32)
    return Discovery((), empty, (), (), (), (), (), "one", "another", "a third", 0.0)
