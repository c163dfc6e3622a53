"""Conversations that nobody held, and what they are made of.

labelled turns -> statistics -> a chain of states -> GeneratedConversation, turn by turn, rated
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import Conversation, Example, Role, Turn

Method = Literal["random", "hmm", "embedded", "llm", "simulate", "ambiguous", "clarify"]
METHODS: tuple[Method, ...] = get_args(Method)
GENERATED = "generated"  # the meta field of a conversation that no customer held: its method

Labels = Mapping[str, str]  # dimension -> label
# A label for each dimension, in the taxonomy's order of them; empty where a turn has none.
State = tuple[str, ...]
Probabilities = NDArray[np.float32]  # Float32[n_examples, n_labels], rows sum to 1


@dataclass(frozen=True, slots=True)
class LabelledConversation:
    """A conversation of the logs whose customer turns were labelled one by one.

    Attributes:
        labels: position of a customer turn -> its labels; turns without any are left out.
    """

    conversation: Conversation
    labels: Mapping[int, Labels]


@dataclass(frozen=True, slots=True)
class GeneratedTurn:
    """A turn that nobody said, and how it came about.

    Attributes:
        labels: what a customer turn is to mean; empty for an agent's.
        made: how, in a word or two: `example`, `adapted`, `model`, `answer from the logs`,
            `frustration`, ...
        sources: what it was made from: `conversation id#turn` of the logs, or
            `taxonomy:dimension/label` where an example of the taxonomy was taken.
        rules: names of the rules that changed the text.
    """

    role: Role
    text: str
    labels: Labels = field(default_factory=dict)
    made: str = ""
    sources: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GeneratedConversation:
    """A conversation that nobody held.

    Attributes:
        id: unique within a workspace; tells method, seed and number.
        turns: in their order; the first is the customer's.
        maker: who wrote it: the embedded rules, or a model.
        market, locale: of the logs that it follows; empty where these tell none.
        offered: dimension -> the labels that could be chosen from, where not all could.
        outcome: how a clarification ended: `label`, `out_of_domain`, `turn_limit`; `resolved`,
            `turn_limit` or `handed_over` of a simulation; else empty.
        scores: name -> what judges and proxies found, 1-10 or as the name's description says.
    """

    id: str
    method: Method
    turns: tuple[GeneratedTurn, ...]
    maker: str = "embedded"
    market: str = ""
    locale: str = ""
    offered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outcome: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def customer(self) -> tuple[GeneratedTurn, ...]:
        """The customer's turns."""
        return tuple(turn for turn in self.turns if turn.role == "customer")

    def conversation(self) -> Conversation:
        """As stages take it: intended labels stand as gold, and the meta say that it is made."""
        turns = tuple(
            Turn(one.role, one.text, {name: (label,) for name, label in one.labels.items()})
            for one in self.turns
        )
        meta = {GENERATED: self.method}
        return Conversation(self.id, turns, locale=self.locale, market=self.market, meta=meta)


def is_generated(conversation: Conversation) -> bool:
    """Whether nobody held it."""
    return GENERATED in conversation.meta


class Reader(Protocol):
    """Reads the labels of customer turns: a bundle, or anything that gives probabilities."""

    def probabilities(self, examples: Sequence[Example]) -> Mapping[str, Probabilities]:
        """Return, for each dimension, Float32[n_examples, n_labels], labels as the taxonomy has
        them."""
        ...


Unit = Literal["conversations", "queries", "turns", "answer pairs"]


@dataclass(frozen=True, slots=True)
class Dropped:
    """Why something that was made is not kept.

    Attributes:
        reason: in words, such as `another label is read from it` or `empty`.
        count: how often.
        what: was dropped. Of `turns` the new wording alone was: the example stands in its place.
    """

    reason: str
    count: int
    what: Unit = "conversations"
