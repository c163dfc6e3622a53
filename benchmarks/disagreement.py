"""Where an annotator and the writer of the gold differ, for `strategies.py`.

`READ` is what we found when we read 30 disagreements of the embedded `single` with the turns before
them: of each dimension the ten that come first by a hash. We also wrote the gold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import protocol
from turnwise.annotations import Annotation
from turnwise.conversations import Conversation, Example
from turnwise.sampling import stable_hash

PAIRS = 3  # the most frequent ones that are shown

HISTORY = "the turn says nothing by itself, and the history was not understood"
LIKENESS = "words or history misled: the turn and the taxonomy say it"
BOTH = "both labels can be defended"
GOLD = "the gold is doubtful"

READ: Mapping[str, Mapping[tuple[str, int], str]] = {
    "domain": {
        ("a-041", 14): BOTH,
        ("f-039", 17): HISTORY,
        ("c-046", 4): HISTORY,
        ("e-023", 8): BOTH,
        ("b-008", 10): LIKENESS,
        ("c-034", 10): HISTORY,
        ("a-043", 6): HISTORY,
        ("a-044", 6): HISTORY,
        ("b-046", 2): HISTORY,
        ("f-011", 18): HISTORY,
    },
    "intent": {
        ("c-039", 8): HISTORY,
        ("e-015", 16): LIKENESS,
        ("e-042", 0): LIKENESS,
        ("b-026", 2): LIKENESS,
        ("b-012", 6): LIKENESS,
        ("b-017", 8): LIKENESS,
        ("f-040", 2): HISTORY,
        ("c-050", 16): LIKENESS,
        ("f-050", 14): HISTORY,
        ("f-024", 6): GOLD,
    },
    "issue": {
        ("c-023", 6): LIKENESS,
        ("f-038", 18): HISTORY,
        ("a-039", 10): HISTORY,
        ("b-023", 4): BOTH,
        ("e-010", 4): LIKENESS,
        ("f-022", 10): HISTORY,
        ("e-023", 12): GOLD,
        ("c-050", 22): LIKENESS,
        ("f-047", 13): HISTORY,
        ("e-013", 0): BOTH,
    },
}


@dataclass(frozen=True)
class Apart:
    """A turn where an annotator and the writer of the gold differ."""

    example: Example
    gold: str
    given: Annotation

    @property
    def pair(self) -> str:
        return f"{self.gold} -> {self.given.label}"

    def shown(self) -> dict[str, str | int | float]:
        """The turn with what was said just before it."""
        return {
            "conversation": self.example.conversation.id,
            "turn": self.example.index,
            "before": self.example.history[-1].text if self.example.history else "",
            "text": self.example.text,
            "gold": self.gold,
            "given": str(self.given.label),
            "confidence": round(self.given.confidence, 2),
            "rationale": self.given.rationale,
        }


def apart(logs: Iterable[Conversation], said: Iterable[Annotation], dimension: str) -> list[Apart]:
    """Every turn with another label than gold's, in the order of a hash.

    Turns without a label are none, nor are those without exactly one label of gold.
    """
    given = {one.key: one for one in said if one.dimension == dimension and one.label}
    pairs = [
        Apart(turn, protocol.label_of(turn, dimension), given[turn.key])
        for turn in protocol.labelled(logs, dimension)
        if turn.key in given
    ]
    found = [one for one in pairs if one.gold != one.given.label]
    return sorted(found, key=lambda one: stable_hash(f"{one.example.key} {dimension}"))


def pairs_of(found: Sequence[Apart]) -> Mapping[str, object]:
    """The most frequent pairs, by count and share of the disagreements, each with an example."""
    counts = Counter(one.pair for one in found)
    frequent = [
        {
            "pair": pair,
            "count": count,
            "share": round(count / len(found), 4),
            "example": next(one.shown() for one in found if one.pair == pair),
        }
        for pair, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:PAIRS]
    ]
    return {"turns": len(found), "pairs": len(counts), "most_frequent": frequent}


def reading(found: Mapping[str, Sequence[Apart]]) -> Mapping[str, object]:
    """Kind -> how many of the disagreements that were read are of it, as far as they still are."""
    still = {name: {one.example.key for one in part} for name, part in found.items()}
    kinds = Counter(
        kind for name, read in READ.items() for turn, kind in read.items() if turn in still[name]
    )
    return {
        "read": sum(map(len, READ.values())),
        "still apart": kinds.total(),
        "kinds": dict(kinds),
    }
