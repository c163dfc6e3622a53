"""The loop: cluster, judge, keep what is good, and go on with the rest.

Algorithm 1 of Hong et al., "Dial-In LLM: Human-Aligned LLM-in-the-loop Intent Clustering for
Customer Service Dialogues" (2025), which leaves open what is compared; here it is the ratio of
good to bad clusters. A round tries every candidate, keeps the one with the best ratio, retains
its good clusters, and the next round clusters what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from turnwise.clusters import Judge, Round, RoundStore, Rows, Space, Trial, Verdict
from turnwise.discovery.adaptation import NEIGHBOURS, smooth
from turnwise.discovery.candidates import lay_out, screen
from turnwise.discovery.clusterings import Cut, clusterer_for
from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.neighbours import nearest
from turnwise.discovery.pruning import Pruner, by_curve
from turnwise.discovery.settling import settle
from turnwise.discovery.thinning import fill_up, looked_at, thinned
from turnwise.errors import DiscoveryError
from turnwise.progress import Progress, silent

FEWEST = 20  # utterances below which there is nothing to find
TOO_SMALL = Verdict(good=False, score=0.0, reason="too small")
ALIKE = 0.999  # cosine to the mean over which all utterances say the same


@dataclass(frozen=True, slots=True)
class Found:
    """What the loop found.

    Attributes:
        clusters: rows of the space, ascending, no row in two. scores: the judge's, in [0, 1].
        rounds: the log, in order. left: the rows that are in no cluster, ascending.
        notes: what a reader must know about how it ended.
    """

    clusters: tuple[Rows, ...]
    scores: tuple[float, ...]
    rounds: tuple[Round, ...]
    left: Rows
    notes: tuple[str, ...]


def find_clusters(
    space: Space,
    judge: Judge,
    config: DiscoveryConfig,
    rounds: RoundStore,
    progress: Progress = silent,
    prune: Pruner = by_curve,
) -> Found:
    """Find the clusters of utterances that hold one intent each.

    Args:
        space: the utterances.
        rounds: what an earlier run on the same input finished; the loop goes on behind it.
        prune: predicts the candidates that are worth trying from the rounds before.

    Raises:
        DiscoveryError: too few utterances, or all say the same.
    """
    _check(space)
    rows = looked_at(len(space), config.seed)
    if len(rows) == len(space):
        return _found_in(space, judge, config, rounds, progress, prune)
    part = thinned(space, rows, adapted=config.adapt)
    found = in_whole(_found_in(part, judge, config, rounds, progress, prune), rows)
    clusters, others = fill_up(space.vectors, found.clusters, rows)
    note = (
        f"Clusters were looked for among {len(rows):,} utterances by lot; the other "
        f"{len(space) - len(rows):,} joined the nearest one where they are near enough."
    )
    return replace(
        found,
        clusters=tuple(clusters),
        left=np.union1d(found.left, others),
        notes=(*found.notes, note),
    )


def in_whole(found: Found, rows: Rows, before: int = 0) -> Found:
    """What was found in a part of a space, in rows of the whole.

    Args:
        rows: of the whole, by those of the part. before: rounds that its own are counted behind.
    """
    return replace(
        found,
        clusters=tuple(rows[some] for some in found.clusters),
        rounds=tuple(_round_in_whole(one, rows, before) for one in found.rounds),
        left=rows[found.left],
    )


def _round_in_whole(one: Round, rows: Rows, before: int) -> Round:
    return replace(
        one,
        number=before + one.number,
        kept=tuple(tuple(map(int, rows[list(some)])) for some in one.kept),
        left=tuple(map(int, rows[list(one.left)])),
    )


def _found_in(
    space: Space,
    judge: Judge,
    config: DiscoveryConfig,
    rounds: RoundStore,
    progress: Progress,
    prune: Pruner,
) -> Found:
    """The rounds over a space of which all is looked at, and what they come to."""
    loop = Loop(space, judge, config, prune)
    log: list[Round] = []
    left: Rows = np.arange(len(space), dtype=np.intp)
    while _goes_on(log, left, config):
        progress("cluster and judge", len(log), config.rounds, f"{len(left):,} left")
        found = rounds.get(len(log) + 1)
        if found is None:
            found = loop.round(left, log)
            rounds.put(found)
        log.append(found)
        left = np.array(found.left, np.intp)
    progress("cluster and judge", config.rounds, config.rounds, f"{len(left):,} left")
    kept = [np.array(rows, np.intp) for one in log for rows in one.kept]
    clusters, unclustered = settle(space.vectors, kept, left)
    return Found(
        clusters=tuple(clusters),
        scores=tuple(score for one in log for score in one.scores),
        rounds=tuple(log),
        left=unclustered,
        notes=tuple(_notes(log)),
    )


class Loop:
    """One run of the loop over a space."""

    def __init__(self, space: Space, judge: Judge, config: DiscoveryConfig, prune: Pruner) -> None:
        self.space, self.judge, self.config, self.prune = space, judge, config, prune

    def round(self, left: Rows, log: Sequence[Round]) -> Round:
        """Cluster what is left by every candidate, judge, and choose."""
        config, vectors = self.config, self.space.vectors[left]
        cut = cache(clusterer_for(config.method)(vectors, config.seed))
        candidates = tuple(sorted(set(config.candidates))) or self._screened(left, cut)
        predicted = self.prune(log, candidates, len(left)) if log else ()
        tried = sorted(predicted) if predicted and config.prune else candidates
        judged = [self._judge([left[rows] for rows in cut(one)]) for one in tried]
        trials = tuple(map(_trial, tried, judged))
        chosen = best(trials)
        kept = [(rows, one.score) for rows, one in judged[chosen] if one.good]
        said = [one for each in judged for _, one in each if one is not TOO_SMALL]
        inside = np.concatenate([rows for rows, _ in kept]) if kept else left[:0]
        return Round(
            number=len(log) + 1,
            trials=trials,
            chosen=chosen,
            kept=tuple(tuple(map(int, rows)) for rows, _ in kept),
            scores=tuple(score for _, score in kept),
            left=tuple(map(int, np.setdiff1d(left, inside))),
            predicted=predicted,
            asked=len(said),
            refused=sum(not one.good for one in said),
            unheard=sum(not one.heard for one in said),
        )

    def _screened(self, left: Rows, cut: Cut) -> tuple[float, ...]:
        """Candidates by the number of utterances, those whose clusters stand apart."""
        ladder = lay_out(self.config.method, len(left))
        clusterings = [cut(one) for one in ladder]
        vectors = self.space.vectors[left]
        if not self.config.adapt:
            vectors = smooth(vectors, nearest(vectors, NEIGHBOURS))
        return tuple(ladder[place] for place in screen(vectors, clusterings))

    def _judge(self, clusters: list[Rows]) -> list[tuple[Rows, Verdict]]:
        """Ask about the clusters of one candidate; one that is too small is bad unasked."""
        large = [rows for rows in clusters if len(rows) >= self.config.smallest]
        small = [rows for rows in clusters if len(rows) < self.config.smallest]
        verdicts = self.judge.judge(self.space, large) if large else []
        return [*zip(large, verdicts, strict=True), *((rows, TOO_SMALL) for rows in small)]


def best(trials: Sequence[Trial]) -> int:
    """The position of the trial with the best ratio; of equal ones, with more in good clusters."""
    return max(range(len(trials)), key=lambda place: (trials[place].ratio, trials[place].good_size))


def _trial(candidate: float, judged: Sequence[tuple[Rows, Verdict]]) -> Trial:
    good = [len(rows) for rows, verdict in judged if verdict.good]
    bad = [len(rows) for rows, verdict in judged if not verdict.good]
    return Trial(candidate, len(good), len(bad), sum(good), sum(bad))


def _goes_on(log: Sequence[Round], left: Rows, config: DiscoveryConfig) -> bool:
    if not log:
        return True
    last = log[-1].trials[log[-1].chosen]
    return (
        len(log) < config.rounds
        and last.bad > config.epsilon
        and last.good > 0
        and len(left) >= 2 * config.smallest
    )


def _check(space: Space) -> None:
    if len(space) < FEWEST:
        raise DiscoveryError(
            f"{len(space)} distinct utterances are too few to find intents in; "
            f"{FEWEST} or more are needed"
        )
    centre = space.vectors.mean(axis=0)
    if float((space.vectors @ centre).min()) > ALIKE * float(np.linalg.norm(centre)):
        raise DiscoveryError(
            f"all {len(space)} utterances say nearly the same: there is nothing to tell apart"
        )


def _notes(log: Sequence[Round]) -> list[str]:
    asked, unheard = sum(one.asked for one in log), sum(one.unheard for one in log)
    notes = []
    if not any(trial.good for one in log for trial in one.trials):
        notes.append("The judge called no cluster good: nothing was found.")
    elif asked and not any(one.refused for one in log):
        notes.append(
            f"The judge called each of {asked:,} clusters good, whatever their number: it "
            "did not decide how many intents were found."
        )
    if unheard:
        notes.append(
            f"The judge gave no usable answer on {unheard:,} of {asked:,} clusters; "
            "they count as bad."
        )
    return notes
