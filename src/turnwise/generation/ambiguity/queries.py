"""Clear queries, and queries that several labels fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from turnwise.conversations import Conversation, Example, Turn
from turnwise.generated import GeneratedConversation, GeneratedTurn, Labels


@dataclass(frozen=True, slots=True)
class ClearQuery:
    """What a customer wrote without any history, and what is meant by it.

    Attributes:
        source: where it stands: `conversation id#turn`, or `taxonomy:dimension/label`.
        locale, market: of the logs; empty where these tell none.
    """

    text: str
    labels: Labels
    source: str = ""
    locale: str = ""
    market: str = ""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A query that several labels of one dimension fit.

    Attributes:
        labels: of the dimension, that may be meant: two or more, the likeliest first where a
            reader ranked them.
        clear: what a customer who begins with it may have in mind: one query if it was made by
            editing that, two of different labels if it was made for a pair of them.
        made: how: `words left out`, `shared words`, `general words`, `edited`, `pair`.
        maker: who: the embedded rules, or a model.
        reasons: label -> why it may be meant, where a model said so.
    """

    text: str
    dimension: str
    labels: tuple[str, ...]
    clear: tuple[ClearQuery, ...]
    made: str
    maker: str = "embedded"
    reasons: Mapping[str, str] = field(default_factory=dict)

    def conversation(self, id: str) -> GeneratedConversation:
        """The query alone. Its turn carries no label in the dimension in which it is ambiguous:
        the labels that may be meant are what is offered."""
        first = self.clear[0]
        labels = {name: label for name, label in first.labels.items() if name != self.dimension}
        sources = tuple(one.source for one in self.clear if one.source)
        turn = GeneratedTurn("customer", self.text, labels, self.made, sources)
        return GeneratedConversation(
            id,
            "ambiguous",
            (turn,),
            self.maker,
            first.market,
            first.locale,
            offered={self.dimension: self.labels},
        )


def alone(text: str, locale: str = "") -> Example:
    """A text as a conversation of one customer turn."""
    return Example(Conversation("", (Turn("customer", text),), locale=locale), 0)
