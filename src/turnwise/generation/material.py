"""What conversations are generated from, who writes them, and who reads their labels."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from turnwise.conversations import examples
from turnwise.encoders import Encoder
from turnwise.errors import ConfigError, GenerationError
from turnwise.generated import LabelledConversation, Reader
from turnwise.generation.ambiguity import ClearQuery, LabelSets
from turnwise.generation.asking import AT_ONCE
from turnwise.generation.emission.pools import Pools
from turnwise.generation.emission.words import plain
from turnwise.generation.quality.checks import Checks
from turnwise.generation.turn_checks import turn_checks
from turnwise.llm import Asker, Background
from turnwise.sampling import stable_hash
from turnwise.taxonomy import Taxonomy


@dataclass(frozen=True)
class Material:
    """What conversations are made of.

    Attributes:
        taxonomy: of the labels. intent: the dimension whose examples and transitions rare states
            fall back on; None where there is but one.
        logs: labelled turn by turn; what is tested on is not among them.
        avoid: texts that must not be used, such as those of a test.
    """

    taxonomy: Taxonomy
    intent: str | None
    logs: Sequence[LabelledConversation]
    avoid: Collection[str] = ()

    def of_market(self, market: str) -> Material:
        """The logs of one market; all where it is empty.

        Raises:
            GenerationError: none is of that market.
        """
        if not market:
            return self
        some = [one for one in self.logs if one.conversation.market == market]
        if not some:
            known = sorted({one.conversation.market for one in self.logs} - {""})
            said = ", ".join(known) or "none: no conversation names its market"
            raise GenerationError(f"no labelled conversation is of market {market!r}. Of: {said}")
        return Material(self.taxonomy, self.intent, some, self.avoid)

    @property
    def locale(self) -> str:
        """The locale of the logs, where all have the same; else empty."""
        found = {one.conversation.locale for one in self.logs}
        return found.pop() if len(found) == 1 else ""

    @cached_property
    def pools(self) -> Pools:
        """What customers said, by label."""
        return Pools.gather(self.logs, self.taxonomy, intent=self.intent, avoid=self.avoid)

    @cached_property
    def _avoided(self) -> frozenset[str]:
        return frozenset(map(plain, self.avoid))

    def is_avoided(self, text: str) -> bool:
        """Whether a text must not be used; case and marks make no difference."""
        return plain(text) in self._avoided

    def clear_queries(self, count: int, seed: int) -> list[ClearQuery]:
        """So many turns that open a conversation, each text once, drawn by the seed."""
        found: dict[str, ClearQuery] = {}
        for logged in self.logs:
            talk = logged.conversation
            for one in examples(talk):
                if one.index in logged.labels and not self.is_avoided(one.text):
                    source = f"{talk.id}#{one.index}"
                    query = ClearQuery(
                        one.text, logged.labels[one.index], source, talk.locale, talk.market
                    )
                    found.setdefault(plain(one.text), query)
                break
        drawn = sorted(found.values(), key=lambda one: stable_hash(f"{seed} {one.source}"))
        return drawn[:count]

    @cached_property
    def customer_texts(self) -> list[str]:
        """What customers said."""
        return [one.text for logged in self.logs for one in examples(logged.conversation)]

    @cached_property
    def checks(self) -> tuple[Checks, Checks]:
        """Of what a customer says, and of what an agent says."""
        return turn_checks(self.logs, self.taxonomy)


@dataclass(frozen=True)
class Helpers:
    """Who reads, and who writes.

    Attributes:
        encoder: of texts that are compared by what they mean.
        reader: reads the labels of what was written; None: one on words that is learnt from the
            examples, or nobody.
        sets: tell which labels a query may mean; `ambiguous` and `clarify` need them.
        asker, background: a language model, and where its calls run; None: none is asked.
        judge: a model that wrote nothing of what it judges; None: rules judge.
        at_once: conversations that a model writes together.
    """

    encoder: Encoder
    reader: Reader | None = None
    sets: LabelSets | None = None
    asker: Asker | None = None
    background: Background | None = None
    judge: Asker | None = None
    at_once: int = AT_ONCE

    def writer(self) -> tuple[Asker, Background]:
        """The language model.

        Raises:
            ConfigError: there is none.
        """
        if self.asker is None or self.background is None:
            raise ConfigError(
                "no language model is there to write", field="generation.by", hint="Name one"
            )
        return self.asker, self.background

    def readings(self) -> LabelSets:
        """What tells which labels a query may mean.

        Raises:
            ConfigError: there is nothing.
        """
        if self.sets is None:
            raise ConfigError(
                "nothing is there to tell which labels a query may mean",
                field="generation.method",
                hint="Train a bundle first",
            )
        return self.sets
