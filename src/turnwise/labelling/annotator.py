"""What labels a conversation, and the stage that has it label many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation
from turnwise.errors import ConfigError
from turnwise.progress import Progress, silent

AHEAD, TURNS_AHEAD = 64, 1000  # conversations, and turns, that are read ahead at most


@dataclass(frozen=True, slots=True)
class LabellingConfig:
    """Settings of the embedded annotator.

    Attributes:
        abstain_below: confidence in [0, 1] under which no label is given; 0 never abstains.
    """

    abstain_below: float = 0.25

    def __post_init__(self) -> None:
        if not 0.0 <= self.abstain_below <= 1.0:
            raise ConfigError(
                f"{self.abstain_below} is no confidence",
                field="labelling.abstain_below",
                hint="Give a number from 0 (never abstain) to 1",
            )


class Annotator(Protocol):
    """Whoever labels: the embedded annotator, a language model, a bundle."""

    @property
    def source(self) -> Source: ...

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        """Be told what is asked for next, to share work between conversations; may do nothing."""
        ...

    def annotate(self, conversation: Conversation) -> tuple[Annotation, ...]:
        """Label every customer turn along every dimension, looking at no later turn."""
        ...


def label(
    conversations: Iterable[Conversation], annotator: Annotator, progress: Progress = silent
) -> Iterator[tuple[Conversation, tuple[Annotation, ...]]]:
    """Label conversations one by one, each given back as soon as it is labelled.

    Conversations are read a few ahead. How many there are is not known beforehand: progress
    says 0 in all.
    """
    done = 0
    for together in _ahead(conversations):
        annotator.prepare(together)
        for conversation in together:
            done += 1
            yield conversation, annotator.annotate(conversation)
            progress("label", done, 0)


def _ahead(conversations: Iterable[Conversation]) -> Iterator[tuple[Conversation, ...]]:
    """Yield conversations some together, so that few long or many short ones make a batch."""
    together: list[Conversation] = []
    turns = 0
    for conversation in conversations:
        together.append(conversation)
        turns += len(conversation.turns)
        if turns >= TURNS_AHEAD or len(together) == AHEAD:
            yield tuple(together)
            together, turns = [], 0
    if together:
        yield tuple(together)
