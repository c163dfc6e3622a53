"""How large a corpus is, and how long its conversations and questions are: per market, too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from turnwise.generated import GeneratedConversation, Labels
from turnwise.generation.quality.talks import Measured
from turnwise.generation.quality.wording import words


@dataclass(frozen=True, slots=True)
class CorpusFigures:
    """Counts over a set of conversations.

    Attributes:
        sessions: conversations; questions: customer turns of theirs; words: of these.
        labels: dimension -> different labels among the questions.
    """

    sessions: int
    questions: int
    words: int
    labels: Mapping[str, int]

    @property
    def questions_per_session(self) -> float:
        return self.questions / self.sessions if self.sessions else 0.0

    @property
    def words_per_question(self) -> float:
        return self.words / self.questions if self.questions else 0.0


def describe_corpus(conversations: Iterable[Measured]) -> dict[str, CorpusFigures]:
    """Market -> figures; first those of all, under an empty name, then by name where any is."""
    counts: dict[str, _Counts] = defaultdict(_Counts)
    counts[""]
    for one in conversations:
        questions = list(_questions(one))
        market = one.market if isinstance(one, GeneratedConversation) else one.conversation.market
        for name in {"", market}:
            counts[name].see(questions)
    return {name: counts[name].figures() for name in sorted(counts)}


class _Counts:
    def __init__(self) -> None:
        self.sessions = self.questions = self.words = 0
        self.labels: dict[str, set[str]] = defaultdict(set)

    def see(self, questions: list[tuple[str, Labels]]) -> None:
        self.sessions += 1
        self.questions += len(questions)
        for text, labels in questions:
            self.words += len(words(text))
            for dimension, label in labels.items():
                self.labels[dimension].add(label)

    def figures(self) -> CorpusFigures:
        labels = {name: len(found) for name, found in sorted(self.labels.items())}
        return CorpusFigures(self.sessions, self.questions, self.words, labels)


def _questions(one: Measured) -> Iterable[tuple[str, Labels]]:
    if isinstance(one, GeneratedConversation):
        return ((turn.text, turn.labels) for turn in one.customer)
    turns = enumerate(one.conversation.turns)
    return (
        (turn.text, one.labels.get(place, {})) for place, turn in turns if turn.role == "customer"
    )
