"""A clarification conversation as it is played, and who plays it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from turnwise.conversations import Turn
from turnwise.generation.ambiguity import ClearQuery
from turnwise.generation.clarification.sdrs import Judged

TURN_LIMIT = 5  # turns of the assistant; S3

Kind = Literal["question", "label", "out_of_domain"]


@dataclass(frozen=True, slots=True)
class Start:
    """A conversation that is to be played.

    Attributes:
        number: of the conversation in its run; drawn: for whatever is left to chance.
        opening: the customer's first words.
        clear: what the customer has in mind.
        dimension: that is to be clarified; offered: its labels that can be chosen from.
        made: how the opening was made; sources: from what.
    """

    number: int
    drawn: int
    opening: str
    clear: ClearQuery
    dimension: str
    offered: tuple[str, ...]
    made: str
    sources: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The label that is meant, offered or not."""
        return self.clear.labels[self.dimension]

    @property
    def target(self) -> str | None:
        """The label to find; None where it is not offered, so that out of domain is right."""
        return self.label if self.label in self.offered else None


@dataclass(frozen=True, slots=True)
class Move:
    """What the assistant does in its turn.

    Attributes:
        label: that it decides on; text: what it asks; between: the labels that a question is to
            tell apart, empty where the assistant does not say.
    """

    kind: Kind
    label: str = ""
    text: str = ""
    between: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """Nobody could go on: why, in words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said so far: opening, question, answer, question, answer, ..."""

    start: Start
    questions: tuple[Move, ...] = ()
    answers: tuple[str, ...] = ()

    @property
    def customer(self) -> tuple[str, ...]:
        """The customer's turns."""
        return (self.start.opening, *self.answers)

    @property
    def turns(self) -> tuple[Turn, ...]:
        said = [Turn("customer", self.start.opening)]
        for at, question in enumerate(self.questions):
            said.append(Turn("agent", question.text))
            said += [Turn("customer", one) for one in self.answers[at : at + 1]]
        return tuple(said)

    def asked(self, question: Move) -> Talk:
        return replace(self, questions=(*self.questions, question))

    def answered(self, text: str) -> Talk:
        return replace(self, answers=(*self.answers, text))


@dataclass(frozen=True, slots=True)
class Played:
    """A conversation that came to its end.

    Attributes:
        last: the assistant's decision; None where the turn limit was reached.
    """

    talk: Talk
    last: Move | None

    @property
    def right(self) -> bool:
        """Whether it ended in the label that is meant, or rightly out of domain."""
        if self.last is None:
            return False
        target = self.talk.start.target
        if target is None:
            return self.last.kind == "out_of_domain"
        return self.last.kind == "label" and self.last.label == target


class Assistant(Protocol):
    """Finds out which label is meant: `EmbeddedAssistant`, `LlmAssistant`."""

    @property
    def source_name(self) -> str: ...

    def moves(self, talks: Sequence[Talk]) -> list[Move | Failed]:
        """Take a turn in each of some conversations, the customer having spoken last."""
        ...


class Customer(Protocol):
    """Knows what is meant and reveals only what is asked: `EmbeddedCustomer`, `LlmCustomer`."""

    @property
    def source_name(self) -> str: ...

    def answers(self, talks: Sequence[Talk]) -> list[str | Failed]:
        """Answer the last question of each of some conversations."""
        ...


class Judge(Protocol):
    """Judges conversations turn by turn: `EmbeddedJudge`, `LlmJudge`."""

    @property
    def source_name(self) -> str: ...

    def judge(self, played: Sequence[Played]) -> list[Judged | Failed]: ...
