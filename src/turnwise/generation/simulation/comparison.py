"""Labels that were intended beside labels that a labelling gave afterwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from turnwise.generated import GeneratedConversation, Labels


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often a label that was given is the intended one.

    Attributes:
        turns: with an intended label; given: those of them that were given one, whichever;
        agreed: those that were given the intended one.
    """

    turns: int
    given: int
    agreed: int

    @property
    def share(self) -> float:
        """Agreed of given, 0-1; 0 where none was given."""
        return self.agreed / self.given if self.given else 0.0


@dataclass(frozen=True, slots=True)
class LabelComparison:
    """Intended and given labels of customer turns, side by side.

    Attributes:
        dimensions: dimension -> its agreement over all turns.
        moves: how a turn was made -> dimension -> agreement; small talk keeps the labels of
            what was said before, so that it agrees less than a follow-up by its nature.
    """

    dimensions: Mapping[str, Agreement]
    moves: Mapping[str, Mapping[str, Agreement]]


def compare_labels(
    intended: Iterable[GeneratedConversation], given: Mapping[tuple[str, int], Labels]
) -> LabelComparison:
    """Count how often a labelling reads from a turn what it was to mean.

    Args:
        given: (conversation id, turn index) -> the labels given; a dimension in which the
            labelling abstained is left out, and so is a turn that was not labelled.
    """
    counts: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for conversation in intended:
        for place, turn in enumerate(conversation.turns):
            found = given.get((conversation.id, place), {})
            for dimension, label in turn.labels.items():
                count = counts[turn.made, dimension]
                count[0] += 1
                count[1] += dimension in found
                count[2] += found.get(dimension) == label
    whole: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    moves: defaultdict[str, dict[str, Agreement]] = defaultdict(dict)
    for (made, dimension), count in sorted(counts.items()):
        whole[dimension] = [a + b for a, b in zip(whole[dimension], count, strict=True)]
        moves[made][dimension] = Agreement(*count)
    return LabelComparison({name: Agreement(*whole[name]) for name in whole}, dict(moves))
