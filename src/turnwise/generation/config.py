"""What generation can be told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from turnwise.errors import ConfigError
from turnwise.generated import Method

By = Literal["embedded", "llm"]
MOST_CONVERSATIONS = 1_000_000
MOST_TURNS = 50


@dataclass(frozen=True, slots=True)
class GenerationConfig:
    """Settings of generation.

    Attributes:
        method: how conversations are made. From a chain of intents: `random` (no chain, to compare
            with), `hmm` (examples as they are), `embedded` (examples adapted to what was said
            before), `llm` (written by a language model). `simulate`: a customer and an agent under
            a controller. `ambiguous`: queries that several labels fit. `clarify`: conversations
            that begin with such a query.
        by: who plays and writes in `simulate`, `ambiguous` and `clarify`: rules and statistics of
            this machine, or language models.
        conversations: how many are begun; of those that were made, some are dropped.
        seed: of whatever is drawn.
        market: whose chains are followed; empty: those of all.
        switching: share of turns after which the label changes, in [0, 1]; None: as in the logs.
        turns: of the customer in a simulation at most.
        moves: of a simulated customer, name -> weight; those left out keep their default.
        dropout: share of the clear queries of `clarify` whose label is not offered, so that the
            right answer is out of domain, in [0, 1].
        keep: share of the conversations that is kept, the best rated ones, in (0, 1].
        learn: names of generated sets that 'turnwise train' learns from, too.
        weight: of their turns beside those with gold, in (0, 1].
    """

    method: Method = "embedded"
    by: By = "embedded"
    conversations: int = 1000
    seed: int = 0
    market: str = ""
    switching: float | None = None
    turns: int = 12
    moves: Mapping[str, float] = field(default_factory=dict)
    dropout: float = 0.1
    keep: float = 0.85
    learn: tuple[str, ...] = ()
    weight: float = 0.5

    def __post_init__(self) -> None:
        for field_, value, known in (
            ("method", self.method, get_args(Method)),
            ("by", self.by, get_args(By)),
        ):
            if value not in known:
                hint = f"Known: {', '.join(known)}"
                raise _fault(field_, f"there is no {field_} {value!r}", hint)
        for field_, number, most in (
            ("conversations", self.conversations, MOST_CONVERSATIONS),
            ("turns", self.turns, MOST_TURNS),
        ):
            if not 1 <= number <= most:
                raise _fault(field_, f"{number} is not between 1 and {most:,}")
        for field_, share in (("switching", self.switching), ("dropout", self.dropout)):
            if share is not None and not 0 <= share <= 1:
                raise _fault(field_, f"{share} is not between 0 and 1")
        for field_, share in (("keep", self.keep), ("weight", self.weight)):
            if not 0 < share <= 1:
                raise _fault(field_, f"{share} is not above 0 and at most 1")
        for name, weight in self.moves.items():
            if not (math.isfinite(weight) and weight >= 0):
                raise _fault("moves", f"the weight of {name} is {weight}: 0 or more is meant")

    @property
    def asks(self) -> bool:
        """Whether language models are asked."""
        chained = ("random", "hmm", "embedded")
        return self.method == "llm" or (self.by == "llm" and self.method not in chained)


def _fault(field_: str, reason: str, hint: str = "") -> ConfigError:
    return ConfigError(reason, field=f"generation.{field_}", hint=hint or "See docs/generation.md")
