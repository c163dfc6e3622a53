"""`ensemble`: several annotators, whose labels are put to a vote.

Without measured reliabilities the majority decides and a tie abstains; with them each vote
weighs by how often that annotator was right on gold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation
from turnwise.labelling.annotator import Annotator
from turnwise.labelling.voting import MAJORITY, Reliability, Tally, agree, spelt_out, weigh
from turnwise.taxonomy import Taxonomy

VERSION = "1"
UNKNOWN = 0.5  # how often an annotator is taken to be right that gold says nothing of


@dataclass
class EnsembleAnnotator:
    """Several annotators as one.

    Its annotations come after those of its members, which are handed on under their own
    sources. Its confidence is the share of the votes, or with reliabilities the chance that the
    label is right were the members' errors independent; they are not, so it is too high.

    Attributes:
        members: two or more, each of another source.
        reliability: (source's name, dimension) -> share right, as `measured_reliability` gives
            it; empty: the majority decides.
    """

    members: Sequence[Annotator]
    taxonomy: Taxonomy
    reliability: Reliability = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len({one.source for one in self.members}) < max(len(self.members), 2):
            raise ValueError("an ensemble is of two annotators or more, each of another source")

    @property
    def source(self) -> Source:
        asks = any(one.source.kind == "llm" for one in self.members)
        kind: Literal["llm", "embedded"] = "llm" if asks else "embedded"
        rule = "weighted" if self.reliability else "majority"
        names = " + ".join(one.source.name for one in self.members)
        versions = "+".join(one.source.version for one in self.members)
        return Source(kind, f"ensemble {names}", f"{VERSION} {rule} {versions}")

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        """Let every member begin."""
        for one in self.members:
            one.prepare(conversations)

    def annotate(self, conversation: Conversation) -> tuple[Annotation, ...]:
        """What each member says, and then what they come to where all of them said something."""
        # By source: two-stage hands on single's annotations, which may be a member too.
        said = {
            (one.source, one.turn, one.dimension): one
            for member in self.members
            for one in member.annotate(conversation)
        }
        sources = {member.source for member in self.members}
        heard = Counter((turn, name) for of, turn, name in said if of in sources)
        places = [place for place, count in heard.items() if count == len(sources)]
        together = (
            self._annotation(
                conversation,
                place,
                [(one.source.name, said.get((one.source, *place))) for one in self.members],
            )
            for place in places
        )
        return (*said.values(), *together)

    def _annotation(
        self,
        conversation: Conversation,
        place: tuple[int, str],
        votes: Sequence[tuple[str, Annotation | None]],
    ) -> Annotation:
        turn, dimension = place
        named = [(name, one.label if one else None) for name, one in votes]
        tally = self._tally(named, dimension)
        agreeing = [one for _, one in votes if one and one.label == tally.label and tally.label]
        best = max(agreeing, key=lambda one: one.confidence, default=None)
        why = f" {best.rationale}" if best and best.rationale else ""
        return Annotation(
            conversation_id=conversation.id,
            turn=turn,
            dimension=dimension,
            label=tally.label,
            source=self.source,
            confidence=tally.share,
            runners_up=tuple(pair for pair in tally.ranked if pair[0] != tally.label),
            rationale=f"{'Agreed' if tally.label else 'Abstained'}: {spelt_out(named)}.{why}",
            evidence=best.evidence if best else (),
        )

    def _tally(self, votes: Sequence[tuple[str, str | None]], dimension: str) -> Tally:
        if not self.reliability:
            return agree([label for _, label in votes], MAJORITY)
        labels = len(self.taxonomy[dimension].labels)
        weighted = [
            (label, self.reliability.get((name, dimension), UNKNOWN)) for name, label in votes
        ]
        return weigh(weighted, labels)
