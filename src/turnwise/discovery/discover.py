"""The stage: conversations -> utterances -> vectors -> clusters -> names -> what was found.

read_utterances   each distinct text once; greetings and bare answers set aside
make_space        vectors, adapted to these logs
find_clusters     the loop: cluster, judge, keep the good ones, go on with the rest
Namer             action-objective; where no turn has a role, each side is clustered again
merge_clusters    those whose names say the same
arrange           a tree over the names
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from turnwise.clusters import (
    Cluster,
    ClusterName,
    Discovery,
    Judge,
    Namer,
    Round,
    RoundStore,
    Rows,
    Space,
    Utterance,
)
from turnwise.conversations import Conversation, Role
from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.examples import typical_rows
from turnwise.discovery.hierarchy import arrange
from turnwise.discovery.judging import EmbeddedJudge
from turnwise.discovery.judging.second import WordingJudge
from turnwise.discovery.loop import Found, find_clusters
from turnwise.discovery.merging import Merged, merge_clusters
from turnwise.discovery.naming import EmbeddedNamer
from turnwise.discovery.naming.assignment import told_apart
from turnwise.discovery.pruning import Pruner, by_curve
from turnwise.discovery.roles import cluster_sides, split_by_names, tells_roles, with_roles
from turnwise.discovery.utterances import Known, read_utterances
from turnwise.discovery.vectors import make_space
from turnwise.encoders import Encoder
from turnwise.errors import DiscoveryError
from turnwise.progress import Progress, silent

# Behind which rounds of one side are kept; a loop has 50 at most (`DiscoveryConfig.rounds`).
BEHIND: dict[Role, int] = {"customer": 100, "agent": 200, "bot": 300}


@dataclass(frozen=True, slots=True)
class Helpers:
    """Who judges and names, and what is known already.

    Attributes:
        judge: in the loop. final_judge: of what came of it; another one. namer: gives names.
        known: tells the turns that a taxonomy explains already, which are left out; None where
            everything is read.
        prune: predicts the candidates that are worth trying.
    """

    judge: Judge
    final_judge: Judge
    namer: Namer
    known: Known | None = None
    prune: Pruner = by_curve


def embedded_helpers(encoder: Encoder) -> Helpers:
    """Those that ask nobody: statistics, and rules that know English best."""
    return Helpers(EmbeddedJudge(), WordingJudge(), EmbeddedNamer(encoder))


def discover(
    conversations: Iterable[Conversation],
    encoder: Encoder,
    config: DiscoveryConfig,
    helpers: Helpers,
    rounds: RoundStore,
    progress: Progress = silent,
) -> Discovery:
    """Find the intents that are in conversations which nobody labelled.

    Args:
        conversations: read once.
        encoder: of the texts, and of the names that are compared.
        rounds: what an earlier run on the same input finished; the loop goes on behind it.

    Raises:
        DiscoveryError: too little, or nothing different, to cluster.
    """
    read = read_utterances(conversations, config, helpers.known, progress)
    found = discover_utterances(read.utterances, encoder, config, helpers, rounds, progress)
    return replace(found, set_aside=read.set_aside, notes=(*read.notes, *found.notes))


def discover_utterances(
    utterances: Sequence[Utterance],
    encoder: Encoder,
    config: DiscoveryConfig,
    helpers: Helpers,
    rounds: RoundStore,
    progress: Progress = silent,
) -> Discovery:
    """The same for utterances that were read already, none of them set aside."""
    space = make_space(utterances, encoder, config, progress)
    found = find_clusters(space, helpers.judge, config, rounds, progress, helpers.prune)
    names = _named(space, found, helpers.namer, progress)
    if not tells_roles(space):
        sides = split_by_names(space, found.clusters, names)
        space = with_roles(space, sides)
        loop = _SideLoop(helpers, config, rounds, progress)
        found = cluster_sides(space, sides, loop.find)
        names = _named(space, found, helpers.namer, progress)
    if config.theta == 0:  # nothing is merged
        names = told_apart(names, space, found.clusters)
    merged = merge_clusters(found.clusters, names, encoder, config.theta)
    paths = arrange(space, merged, encoder, config.levels)
    verdicts = helpers.final_judge.judge(space, merged.clusters) if merged.clusters else []
    good = [verdict.good for verdict in verdicts]
    clusters = [
        replace(one, good=is_good)
        for one, is_good in zip(_described(space, found, merged, paths), good, strict=True)
    ]
    return Discovery(
        utterances=space.utterances,
        vectors=space.vectors,
        clusters=tuple(sorted(clusters, key=lambda one: (-one.turns, one.name.name))),
        unclustered=tuple(map(int, found.left)),
        set_aside=(),
        rounds=found.rounds,
        merges=merged.merges,
        judge=helpers.judge.source_name,
        final_judge=helpers.final_judge.source_name,
        namer=helpers.namer.source_name,
        goodness=sum(good) / len(good) if good else 0.0,
        notes=found.notes,
    )


@dataclass(frozen=True, slots=True)
class _SideLoop:
    """The loop over one side of the talk, its rounds kept apart from those of both together."""

    helpers: Helpers
    config: DiscoveryConfig
    rounds: RoundStore
    progress: Progress

    def find(self, role: Role, side: Space) -> Found:
        kept = _Behind(self.rounds, BEHIND[role])
        try:
            judge, prune = self.helpers.judge, self.helpers.prune
            return find_clusters(side, judge, self.config, kept, self.progress, prune)
        except DiscoveryError as error:
            note = f"The turns of the {role} were left as they are: {error}"
            return Found((), (), (), np.arange(len(side), dtype=np.intp), (note,))


@dataclass(frozen=True, slots=True)
class _Behind:
    """A store of rounds whose numbers begin behind those of another loop."""

    rounds: RoundStore
    first: int

    def get(self, number: int) -> Round | None:
        found = self.rounds.get(self.first + number)
        return None if found is None else replace(found, number=number)

    def put(self, found: Round) -> None:
        self.rounds.put(replace(found, number=self.first + found.number))


def _named(space: Space, found: Found, namer: Namer, progress: Progress) -> list[ClusterName]:
    progress("name clusters", 0, len(found.clusters))
    names = namer.name(space, found.clusters) if found.clusters else []
    progress("name clusters", len(found.clusters), len(found.clusters))
    return names


def _described(
    space: Space, found: Found, merged: Merged, paths: Sequence[tuple[str, ...]]
) -> list[Cluster]:
    """What a reader is told of each cluster; a merged one has the mean score of its parts."""
    kept_in = {row: one.number for one in found.rounds for rows in one.kept for row in rows}
    described = []
    for rows, name, parts, path in zip(
        merged.clusters, merged.names, merged.parts, paths, strict=True
    ):
        members = _by_nearness(space, rows)
        # What was left joins a cluster in the end: its rows were kept in no round.
        number = next((kept_in[row] for row in map(int, rows) if row in kept_in), 0)
        described.append(
            Cluster(
                name=name,
                path=path,
                members=tuple(map(int, members)),
                examples=tuple(typical_rows(space.plain, members)),
                score=float(np.mean([found.scores[part] for part in parts])),
                good=False,
                diversity=_diversity(space, rows),
                round=number if len(parts) == 1 else 0,
                turns=sum(space.utterances[row].count for row in rows),
            )
        )
    return described


def _by_nearness(space: Space, rows: Rows) -> Rows:
    """The rows of a cluster, the nearest to its centroid first."""
    nearness = space.vectors[rows] @ space.vectors[rows].mean(axis=0)
    return rows[np.argsort(-nearness, kind="stable")]


def _diversity(space: Space, rows: Rows) -> float:
    """Mean cosine distance of the encoder's vectors to their centroid."""
    vectors = space.plain[rows]
    centroid = vectors.mean(axis=0)
    return float(1.0 - (vectors @ centroid).mean() / max(float(np.linalg.norm(centroid)), 1e-9))
