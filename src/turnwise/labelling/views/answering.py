"""From chances of labels to annotations, and the annotator that all strategies share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from turnwise.annotations import Annotation, Evidence, Source
from turnwise.conversations import Conversation, Example, examples

RUNNERS_UP = 3
VERSION = "1"

Labelled = tuple[Annotation, ...]  # of one turn, or of one conversation
Order = tuple[tuple[str, float], ...]  # labels with their confidence, the chosen one first
Work = Callable[[Sequence[Conversation]], list[Labelled]]  # conversations -> each one's labels


def source_of(strategy: str) -> Source:
    """Who labelled: a strategy in its embedded form, views of the data in place of prompts."""
    return Source("embedded", strategy, VERSION)


Ready = dict[int, tuple[Conversation, Labelled]]  # by the conversation's identity


@dataclass
class ViewAnnotator:
    """A strategy as the labelling stage takes it; conversations are worked on together."""

    source: Source
    work: Work
    _ready: tuple[Ready, ...] = field(default=(), init=False, repr=False)

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        """Label conversations together: far faster than one by one. Two batches are kept."""
        labelled = zip(conversations, self.work(conversations), strict=True)
        # By identity: the same id may come with another history. The conversation is held, so
        # that no other can take its place in memory.
        self._ready = (*self._ready[-1:], {id(one): (one, found) for one, found in labelled})

    def annotate(self, conversation: Conversation) -> Labelled:
        """Label every customer turn along every dimension, looking at no later turn."""
        for batch in self._ready:
            if id(conversation) in batch:
                return batch[id(conversation)][1]
        return self.work([conversation])[0]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a strategy says of one turn along one dimension.

    Attributes:
        ranked: the labels.
        abstains: whether no label is given; then the chosen one is the first runner-up.
        rationale, evidence: why.
    """

    ranked: Order
    abstains: bool
    rationale: str = ""
    evidence: tuple[Evidence, ...] = ()


def annotation(example: Example, dimension: str, choice: Choice, source: Source) -> Annotation:
    """Write a choice down."""
    (label, confidence), *others = choice.ranked
    return Annotation(
        *example.key,
        dimension=dimension,
        label=None if choice.abstains else label,
        source=source,
        confidence=min(max(confidence, 0.0), 1.0),
        runners_up=choice.ranked[:RUNNERS_UP] if choice.abstains else tuple(others[:RUNNERS_UP]),
        rationale=choice.rationale,
        evidence=choice.evidence,
    )


def ranked(names: Sequence[str], chances: NDArray[np.float64], first: int | None = None) -> Order:
    """The best labels with their chances, Float64[n_labels], `first` in front where it is given."""
    order = [int(at) for at in np.argsort(-chances, kind="stable")]
    if first is not None:
        order.remove(first)
        order.insert(0, first)
    return tuple((names[at], min(float(chances[at]), 1.0)) for at in order[: RUNNERS_UP + 1])


def by_conversation(
    conversations: Sequence[Conversation], by_turn: Sequence[Labelled]
) -> list[Labelled]:
    """Join what was said of each customer turn, in order, to one tuple per conversation."""
    turns = iter(by_turn)
    return [
        tuple(one for _ in examples(conversation) for one in next(turns))
        for conversation in conversations
    ]
