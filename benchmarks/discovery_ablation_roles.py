"""What parting customers from agents is worth where the log does not tell who speaks.

Two-sided logs (SGD) whose roles are hidden. Their turns are clustered as they are; then each side
by itself, split by the names of the clusters, embedded ones and those of a simulated reader that
knows who speaks; and split as it truly is. Beside them the customers' turns alone, roles told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import product

import numpy as np

from benchmarks.discovery_bench import Bench, Cells
from benchmarks.discovery_data import two_sided
from benchmarks.discovery_ours import Rounds, helpers_for
from benchmarks.runner import Figures, Key
from turnwise.clusters import ClusterName, Rows, Space, Utterance
from turnwise.conversations import Conversation, Role
from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.loop import Found, find_clusters
from turnwise.discovery.merging import merge_clusters
from turnwise.discovery.roles import Sides, cluster_sides, split_by_names, with_roles
from turnwise.discovery.utterances import read_utterances
from turnwise.discovery.vectors import make_space
from turnwise.evaluation.discovery.scores import score_clusters

DIALOGUES, QUICK_DIALOGUES = 200, 40
THETAS = (0.0, 0.1, 0.3)
AGENT = "agent"
ALONE = "customers alone, roles told"
WAYS = (
    "hidden, not split",
    "hidden, split by embedded names",
    "hidden, split by a reader's names",
    "split as it is",
    ALONE,
)


@dataclass(frozen=True)
class Said:
    """What is known of a turn.

    Attributes:
        intent: active in a customer's turn; empty where there is none, or several.
        begins: whether that intent was not the one of the customer's turn before.
    """

    role: Role
    intent: str
    begins: bool


def role_cells(bench: Bench) -> Cells:
    for seed, way, theta in product(bench.seeds, WAYS, THETAS):
        key: Key = {"what": "roles", "set": "sgd", "way": way, "theta": theta, "seed": seed}
        yield key, partial(_parted, bench, way, theta, seed)


def truth_of(conversations: Iterable[Conversation]) -> dict[tuple[str, int], Said]:
    """(conversation id, turn index) -> what is known of the turn."""
    known: dict[tuple[str, int], Said] = {}
    for conversation in conversations:
        before = ""
        for index, turn in enumerate(conversation.turns):
            labels = turn.gold.get("intent", ())
            intent = labels[0] if len(labels) == 1 and not labels[0].endswith("/NONE") else ""
            known[conversation.id, index] = Said(turn.role, intent, bool(intent != before))
            before = intent if turn.role == "customer" else before
    return known


def hidden(conversation: Conversation) -> Conversation:
    """As a log that gives all turns one role, which is read as a log that tells none."""
    turns = tuple(replace(one, role="customer") for one in conversation.turns)
    return replace(conversation, turns=turns)


def _parted(bench: Bench, way: str, theta: float, seed: int) -> Figures:
    space, found, sides = _clustered(bench, way, seed)
    namer = helpers_for("sgd", bench.encoder).namer
    names = namer.name(space, found.clusters)
    clusters = merge_clusters(found.clusters, names, bench.encoder, theta).clusters
    known = _known(bench, space.utterances, seed)
    return {
        "utterances": len(space),
        "customers": sum(one.role == "customer" for one in known) / len(space),
        "roles_right": right_share(sides, known),
        "one_sided": _one_sided(clusters, known),
        "clusters": len(clusters),
        "merges": len(found.clusters) - len(clusters),
        **_scores("begun", space, clusters, [one.intent if one.begins else "" for one in known]),
        **_scores("active", space, clusters, [one.intent for one in known]),
        **_scores("with_agents", space, clusters, [_label(one) for one in known]),
    }


@lru_cache(maxsize=1)
def _clustered(bench: Bench, way: str, seed: int) -> tuple[Space, Found, Sides | None]:
    """The space, its clusters, and the sides by which it was split."""
    helpers = helpers_for("sgd", bench.encoder)
    config = DiscoveryConfig(seed=seed, roles="customer" if way == ALONE else "both")

    def cluster(role: Role, part: Space) -> Found:
        return find_clusters(part, helpers.judge, config, Rounds())

    logs = _logs(bench, seed)
    read = read_utterances(logs if way == ALONE else map(hidden, logs), config)
    space = make_space(read.utterances, bench.encoder, config)
    whole = cluster("customer", space)
    if way in (ALONE, WAYS[0]):
        return space, whole, None
    known = _known(bench, space.utterances, seed)
    if way == "split as it is":
        theirs = np.array([one.role == "customer" for one in known])
        sides = Sides(np.flatnonzero(theirs), np.flatnonzero(~theirs))
    else:
        reads = way == "hidden, split by a reader's names"
        names = (
            _by_role(whole.clusters, known) if reads else helpers.namer.name(space, whole.clusters)
        )
        sides = split_by_names(space, whole.clusters, names)
    space = with_roles(space, sides)
    return space, cluster_sides(space, sides, cluster), sides


def _by_role(clusters: Sequence[Rows], known: Sequence[Said]) -> list[ClusterName]:
    """Actions as a reader gives them who sees which side speaks in most of a cluster."""
    asks = [2 * sum(known[row].role == "customer" for row in rows) > len(rows) for rows in clusters]
    return [ClusterName("request" if one else "offer", str(at)) for at, one in enumerate(asks)]


def _logs(bench: Bench, seed: int) -> tuple[Conversation, ...]:
    return two_sided(bench.folder, QUICK_DIALOGUES if bench.quick else DIALOGUES, seed)


def _known(bench: Bench, utterances: Sequence[Utterance], seed: int) -> list[Said]:
    """Of each utterance what is known of the turn that said it first."""
    truth = truth_of(_logs(bench, seed))
    return [truth[one.said[0]] for one in utterances]


def right_share(sides: Sides | None, known: Sequence[Said]) -> float | None:
    """The share of utterances that are on the side of who said them."""
    if sides is None:
        return None
    right = sum(known[row].role == "customer" for row in sides.customer)
    right += sum(known[row].role != "customer" for row in sides.agent)
    return right / len(known)


def _one_sided(clusters: Sequence[Rows], known: Sequence[Said]) -> float:
    """The share of clustered utterances that are of the side of most of their cluster."""
    theirs = [sum(known[row].role == "customer" for row in rows) for rows in clusters]
    sizes = [len(rows) for rows in clusters]
    most = sum(max(one, size - one) for one, size in zip(theirs, sizes, strict=True))
    return most / max(sum(sizes), 1)


def _label(one: Said) -> str:
    return AGENT if one.role != "customer" else one.intent


def _scores(
    name: str, space: Space, clusters: Sequence[Rows], labels: Sequence[str]
) -> Mapping[str, float]:
    """Scores over the utterances that have a label; what a cluster holds beside is passed over."""
    rows = np.array([row for row, label in enumerate(labels) if label], np.intp)
    place = {int(row): at for at, row in enumerate(rows)}
    parts = [
        np.array([place[row] for row in map(int, some) if row in place], np.intp)
        for some in clusters
    ]
    found = score_clusters([labels[row] for row in rows], parts, space.plain[rows])
    return {
        f"{name}_nmi": found.nmi,
        f"{name}_accuracy": found.accuracy,
        f"{name}_clusters": found.clusters,
        f"{name}_intents": found.labels,
        f"{name}_unclustered": found.unclustered,
        f"{name}_turns": len(rows),
    }
