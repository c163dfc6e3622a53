"""What intent discovery is made of: utterances, clusters of them, and what was found in the end.

conversations -> Utterance -> Space (utterances with vectors) -> rounds of clusters, judged
-> Cluster (named) -> Discovery, which a taxonomy is proposed from
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import Role

Rows = NDArray[np.intp]  # positions of utterances in their space
Vectors = NDArray[np.float32]  # Float32[n_utterances, size], rows of unit length

BAD_ONLY_LIMIT = 1e9  # the ratio of a trial without a bad cluster, so that it can be compared


@dataclass(frozen=True, slots=True)
class Utterance:
    """A distinct text, once, however often it was said.

    Attributes:
        text: as it was said first.
        count: how many turns said it (1 or more).
        role: who says it mostly; None where the log does not tell.
        said: (conversation id, turn index) of the first turns that said it, a few.
        before: the turn before, where this text alone says nothing and is read with it; else
            empty.
    """

    text: str
    count: int = 1
    role: Role | None = "customer"
    said: tuple[tuple[str, int], ...] = ()
    before: str = ""

    @property
    def whole(self) -> str:
        """What is encoded and shown: the text, behind the turn before where that is needed."""
        return f"{self.before}\n{self.text}" if self.before else self.text


@dataclass(frozen=True, slots=True)
class SetAside:
    """A distinct text that is no utterance to cluster, and why.

    Attributes:
        text, count: as an utterance's.
        reason: what the check found, in words: `greeting`, `bare answer`, `empty`, ...
    """

    text: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Space:
    """Utterances with their vectors: what is clustered, judged and named.

    Attributes:
        utterances: n of them.
        vectors: Float32[n, size], rows of unit length; what clusters are made of.
        plain: the encoder's own vectors of the texts, where `vectors` are others made of them
            (adapted, expanded); else the same array.
    """

    utterances: tuple[Utterance, ...]
    vectors: Vectors
    plain: Vectors

    def __len__(self) -> int:
        return len(self.utterances)

    def take(self, rows: Rows) -> Space:
        """The space of some utterances alone, in the order of `rows`."""
        kept = tuple(self.utterances[row] for row in rows)
        return Space(kept, self.vectors[rows], self.plain[rows])

    def texts(self, rows: Rows) -> list[str]:
        return [self.utterances[row].whole for row in rows]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says of one cluster.

    Attributes:
        good: all of it is about one intent.
        score: how sure of `good` the judge is, in [0, 1]; 1 or 0 where it does not say.
        reason: in words, for people.
        heard: whether an answer came that could be used; without one the cluster counts as bad.
    """

    good: bool
    score: float
    reason: str = ""
    heard: bool = True


class Judge(Protocol):
    """Tells clusters that hold one intent from those that mix several."""

    @property
    def source_name(self) -> str:
        """Who judges, as reports name it."""
        ...

    def judge(self, space: Space, clusters: Sequence[Rows]) -> list[Verdict]:
        """Return a verdict per cluster. A cluster has one row or more."""
        ...


@dataclass(frozen=True, slots=True)
class ClusterName:
    """What a cluster is called, in the convention action-objective.

    Attributes:
        action, objective: lower case, words joined by `-`: `inquire`, `promotion`; in English
            where the namer knows how.
        title: a short title in the language of the logs; language: its code, empty if unknown.
        description: one sentence on what customers want here.
    """

    action: str
    objective: str
    title: str = ""
    language: str = ""
    description: str = ""

    @property
    def name(self) -> str:
        """`inquire-promotion`."""
        return "-".join(part for part in (self.action, self.objective) if part)


class Namer(Protocol):
    """Gives clusters their names."""

    @property
    def source_name(self) -> str: ...

    def name(self, space: Space, clusters: Sequence[Rows]) -> list[ClusterName]:
        """Return a name per cluster; the same for clusters that say the same."""
        ...


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate of a round: what was asked of the clustering, and how it was judged.

    Attributes:
        candidate: number of clusters, or resolution, that was tried.
        good, bad: clusters judged so; good_size, bad_size: utterances in them.
    """

    candidate: float
    good: int
    bad: int
    good_size: int
    bad_size: int

    @property
    def ratio(self) -> float:
        """Good to bad clusters; without a bad one the best there is."""
        if self.bad:
            return self.good / self.bad
        return BAD_ONLY_LIMIT if self.good else 0.0


@dataclass(frozen=True, slots=True)
class Round:
    """One round of the loop: a row of the log table for each candidate that was tried.

    Attributes:
        number: from 1. trials: in the order of their candidates. chosen: position among them.
        kept: the good clusters of the chosen trial, each its utterances' positions in the whole
            space. scores: the judge's, one per kept cluster. left: what goes on.
        predicted: candidates that pruning would have tried, best first; empty in round 1.
        asked: clusters that the judge was shown. refused: those it called bad; unheard: those to
            which it gave no usable answer.
    """

    number: int
    trials: tuple[Trial, ...]
    chosen: int
    kept: tuple[tuple[int, ...], ...]
    scores: tuple[float, ...]
    left: tuple[int, ...]
    predicted: tuple[float, ...] = ()
    asked: int = 0
    refused: int = 0
    unheard: int = 0


class RoundStore(Protocol):
    """Remembers the rounds of one run: the workspace on disk, a test in a dict."""

    def get(self, number: int) -> Round | None: ...

    def put(self, found: Round) -> None: ...


@dataclass(frozen=True, slots=True)
class Cluster:
    """One intent that was found.

    Attributes:
        name: what it is called. path: from the root of the proposed tree to its name.
        members: positions in `Discovery.utterances`, the nearest to the centre first.
        examples: of them, those to show and to write down: typical and different from each other.
        score: the judge's, in [0, 1]; good: by the final judge, another than the loop's.
        diversity: mean cosine distance of the members to their centroid.
        round: in which it was kept; 0 where a merge or a later step made it.
        turns: customer turns that say one of its texts.
    """

    name: ClusterName
    path: tuple[str, ...]
    members: tuple[int, ...]
    examples: tuple[int, ...]
    score: float
    good: bool
    diversity: float
    round: int
    turns: int


@dataclass(frozen=True, slots=True)
class Merge:
    """Two clusters whose names are near each other.

    Attributes:
        one, other: names before the merge. nearness: cosine of the names' vectors.
        done: nearer than theta, so merged; else left for a person to decide.
    """

    one: str
    other: str
    nearness: float
    done: bool


@dataclass(frozen=True, slots=True)
class Discovery:
    """What discovery found.

    Attributes:
        utterances: all that were clustered. vectors: theirs, Float32[n, size].
        clusters: by turns, the largest first. unclustered: positions of what belongs to none.
        set_aside: what was not clustered at all, and why.
        rounds: the log of the loop. merges: done, and to decide.
        judge, final_judge, namer: who did it. goodness: share of clusters that the final judge
            calls good; 0 without a cluster.
        notes: what a reader must know: what went unanswered, what was too little, ...
    """

    utterances: tuple[Utterance, ...]
    vectors: Vectors
    clusters: tuple[Cluster, ...]
    unclustered: tuple[int, ...]
    set_aside: tuple[SetAside, ...]
    rounds: tuple[Round, ...]
    merges: tuple[Merge, ...]
    judge: str
    final_judge: str
    namer: str
    goodness: float
    notes: tuple[str, ...] = field(default=())

    @property
    def turns(self) -> int:
        """Turns of all utterances that were clustered or left unclustered."""
        return sum(one.count for one in self.utterances)
