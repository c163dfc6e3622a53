"""Annotations: a label given to a turn by someone or something, with its rationale.

Gold is an annotation by a person; a pseudo-label is one by a model. Every annotation says
which annotator made it, so that claims of quality can name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from turnwise.conversations import Example

AnnotatorKind = Literal["person", "embedded", "llm", "bundle"]


@dataclass(frozen=True, slots=True)
class Source:
    """Who or what made an annotation.

    Attributes:
        kind: a person, the embedded annotator, a language model, or a trained bundle.
        name: which one of its kind (an import, a strategy, a bundle's id).
        version: of prompt, strategy or bundle; a change makes a new source.
    """

    kind: AnnotatorKind
    name: str = ""
    version: str = ""


PERSON = Source("person")  # gold that came with its conversation
REVIEW = Source("person", "review")  # gold that a person gave to single turns later


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for a label.

    Attributes:
        text: the example, the description or the words that are cited.
        words: the words of the turn (or of its history) that it shares with or resembles.
        score: how near it is; a cosine in [-1, 1].
        conversation_id, turn: where `text` was said; empty and -1 when the taxonomy says it.
    """

    text: str
    words: tuple[str, ...] = ()
    score: float = 0.0
    conversation_id: str = ""
    turn: int = -1


@dataclass(frozen=True, slots=True)
class Annotation:
    """One label of one dimension on one customer turn.

    Attributes:
        conversation_id, turn: which turn; `turn` is its index in the merged conversation.
        dimension: of the taxonomy.
        label: the label's name, or None where the annotator abstained.
        source: who gave it.
        confidence: in [0, 1]; 1 for a person.
        runners_up: other labels with their confidence, best first.
        rationale: why, in a sentence; evidence: what it cites.
    """

    conversation_id: str
    turn: int
    dimension: str
    label: str | None
    source: Source = PERSON
    confidence: float = 1.0
    runners_up: tuple[tuple[str, float], ...] = ()
    rationale: str = ""
    evidence: tuple[Evidence, ...] = ()

    @property
    def key(self) -> tuple[str, int]:
        return self.conversation_id, self.turn


def gold_annotations(example: Example) -> Iterator[Annotation]:
    """Yield the labels that a person gave an example, one annotation per label."""
    for dimension, labels in example.gold.items():
        for label in labels:
            yield Annotation(*example.key, dimension=dimension, label=label)
