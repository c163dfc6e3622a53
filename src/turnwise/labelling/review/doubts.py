"""How likely the label of a turn is wrong, from what every strategy said of it.

The strategies that gave a label are a committee (query by committee: Settles, Active Learning
Literature Survey, 2009, sections 3.1 and 3.2). Its belief in a label is the mean of its members'
beliefs, and the chance that the label in use is wrong is one less the committee's belief in it.
One number so holds low confidence, disagreement, and the revision of a label: what a critic
overruled, the first stage still believes in. Who gave no label has no voice: with those voices, too
many errors were expected on the sample's seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from turnwise.annotations import Annotation, Source
from turnwise.labelling.provenance import strategy_of, verdict

UNSURE = 0.5  # below it, a label is more likely wrong than right, as its annotator says
ENSEMBLE = "ensemble"

Reason = Literal["disagreement", "low confidence", "revised", "no label"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """What speaks against the label of one turn along one dimension.

    Attributes:
        dimension: of the taxonomy.
        label: the one in use, or None where its annotator gave none.
        error: the chance that it is wrong, in [0, 1]; 0 where there is none.
        reasons: why a person should look; empty where nothing speaks against it.
        votes: label -> names of the strategies that gave it, the label in use first.
    """

    dimension: str
    label: str | None
    error: float
    reasons: tuple[Reason, ...]
    votes: tuple[tuple[str, tuple[str, ...]], ...]

    def __str__(self) -> str:
        """In a few words, which quote nobody."""
        given = "; ".join(f"{label} ({', '.join(names)})" for label, names in self.votes)
        return f"{self.dimension}: {', '.join(self.reasons)}" + (f": {given}" if given else "")


def doubts_of(said: Iterable[Annotation], final: Source) -> list[Doubt]:
    """What speaks against each label of a turn.

    Args:
        said: of one turn, by any number of annotators; labels by people are passed over.
        final: whose labels are in use; its version does not matter. Dimensions that it said
            nothing of have no label to doubt.
    """
    by_dimension: dict[str, list[Annotation]] = {}
    for one in said:
        if one.source.kind != "person":
            by_dimension.setdefault(one.dimension, []).append(one)
    return [
        _doubt(used, votes)
        for votes in by_dimension.values()
        if (used := next((one for one in votes if same_source(one.source, final)), None))
    ]


def same_source(one: Source, other: Source) -> bool:
    """Whether two annotators are the same but for their version."""
    return (one.kind, one.name) == (other.kind, other.name)


def _doubt(used: Annotation, said: Sequence[Annotation]) -> Doubt:
    committee = list(_committee(used, said))
    votes: dict[str, tuple[str, ...]] = {used.label: ()} if used.label else {}
    for one in committee:
        votes[str(one.label)] = (*votes.get(str(one.label), ()), one.source.name)
    error = 0.0
    if used.label is not None:
        belief = sum(_belief(one, used.label) for one in committee) / len(committee)
        error = min(max(1.0 - belief, 0.0), 1.0)
    return Doubt(
        used.dimension,
        used.label,
        error,
        tuple(_reasons(used, said, len(votes) > 1)),
        tuple((label, names or (used.source.name,)) for label, names in votes.items()),
    )


def _committee(used: Annotation, said: Sequence[Annotation]) -> Iterator[Annotation]:
    """One label for each strategy and model, the one in use first.

    The same strategy may stand there under two sources, of runs of its own and as the first stage
    of another. An ensemble only repeats its members, where they are there.
    """
    given = [one for one in said if one.label is not None]
    alone = [one for one in given if strategy_of(one.source) != ENSEMBLE]
    heard: set[tuple[str, str]] = set()
    for one in sorted(alone or given, key=lambda one: one is not used):
        strategy = strategy_of(one.source) if one.source.kind == "embedded" else None
        voter = (one.source.kind, strategy or one.source.name)
        if voter not in heard:
            heard.add(voter)
            yield one


def _belief(one: Annotation, label: str) -> float:
    return one.confidence if one.label == label else dict(one.runners_up).get(label, 0.0)


def _reasons(used: Annotation, said: Sequence[Annotation], disagree: bool) -> Iterator[Reason]:
    if used.label is None:
        yield "no label"
    elif used.confidence < UNSURE:
        yield "low confidence"
    if disagree:
        yield "disagreement"
    if any(verdict(one) == "revised" for one in said):
        yield "revised"
