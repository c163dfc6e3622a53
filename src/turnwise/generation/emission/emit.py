"""Labelled turns out of chains of states.

    chains + Pools --emit--> GeneratedConversation, one after the other

`random` and `hmm` take examples as they are: the two differ in their chains alone. `embedded`
chooses examples that stood where they are to stand, adapts them to what was said before, and keeps
an adapted one only if its label is still read from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from random import Random
from typing import Literal, get_args

from turnwise.errors import GenerationError
from turnwise.generated import Dropped, GeneratedConversation, Reader
from turnwise.generation.emission.choosing import ChoosingWriter, PlainWriter
from turnwise.generation.emission.drafts import Chain, Draft, Writer
from turnwise.generation.emission.pools import Pools
from turnwise.generation.emission.reader import WordReader
from turnwise.generation.emission.verification import ANOTHER_LABEL, undo_misread

Emitted = Literal["random", "hmm", "embedded"]

ATTEMPTS = 5  # draws of a conversation until it is no copy of one of the logs
AT_ONCE = 256  # conversations that are made between two readings
COPY = "every draw was a copy of a conversation of the logs"
AVOIDED = "an adapted turn became a text to avoid; the example stands as it was"
EMPTY = "a chain of no state"
OF_TURNS = frozenset((AVOIDED, ANOTHER_LABEL))  # reasons for which a turn loses its new wording


class Emission:
    """The conversations of some chains; iterating makes them, once.

    A conversation depends on the seed, its chain and its number alone, and on the pools. What was
    dropped is complete when the iteration is.

    Attributes:
        rewritten: turns whose text was changed and read again; misread: those of them that another
            label was read from, so that the example stands as it was.
        shortened: conversations that end before their chain does: nothing was left to say that
            had not been said.
    """

    def __init__(
        self,
        chains: Iterable[Chain],
        pools: Pools,
        method: Emitted,
        seed: int,
        *,
        reader: Reader | None,
        market: str,
        locale: str,
        first: int,
    ) -> None:
        self._chains, self._pools, self._method, self._seed = chains, pools, method, seed
        self._market, self._locale, self._first = market, locale, first
        self._reader = reader or WordReader(pools) if method == "embedded" else None
        self._writer: Writer = ChoosingWriter(pools) if method == "embedded" else PlainWriter(pools)
        self._dropped: Counter[str] = Counter()
        self.rewritten = self.misread = self.shortened = 0

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """What was not kept and why, the most frequent first."""
        return tuple(
            Dropped(reason, count, "turns" if reason in OF_TURNS else "conversations")
            for reason, count in self._dropped.most_common()
        )

    def __iter__(self) -> Iterator[GeneratedConversation]:
        numbered = enumerate(self._chains, self._first)
        while some := list(islice(numbered, AT_ONCE)):
            begun = [(number, chain, self._drafted(number, chain)) for number, chain in some]
            self._verify([drafts for *_, drafts in begun])
            for number, chain, drafts in begun:
                if self._pools.copied([one.text for one in drafts]):
                    self._dropped[COPY] += 1
                elif drafts:
                    self.shortened += len(drafts) < len(chain)
                    yield self._finished(number, drafts)

    def _drafted(self, number: int, chain: Chain) -> list[Draft]:
        """Drafts of a chain; none where it is dropped."""
        if reason := self._fault(chain):
            self._dropped[reason] += 1
            return []
        random = Random(f"{self._method} {self._seed} {number}")
        for _ in range(ATTEMPTS):
            drafts = self._writer.write(chain, random)
            if not self._pools.copied([one.text for one in drafts]):
                return drafts
        self._dropped[COPY] += 1
        return []

    def _verify(self, conversations: Sequence[Sequence[Draft]]) -> None:
        """Undo what was adapted where it must not stand, or means something else now."""
        if self._reader is None:
            return
        for one in (one for drafts in conversations for one in drafts):
            if one.rules and self._pools.avoided(one.text):
                one.undo()
                self._dropped[AVOIDED] += 1
        self.rewritten += sum(bool(one.rules) for drafts in conversations for one in drafts)
        if wrong := undo_misread(conversations, self._reader, self._pools.taxonomy):
            self._dropped[ANOTHER_LABEL] += wrong
            self.misread += wrong

    def _fault(self, chain: Chain) -> str:
        """Why no conversation can be made of a chain; empty where one can."""
        size = len(self._pools.taxonomy.dimensions)
        for state in chain:
            if len(state) != size:
                raise GenerationError(
                    f"a chain has states of {len(state)} labels, and the taxonomy has {size} "
                    "dimensions: the chains are of another taxonomy"
                )
            if not self._pools.pool(state):
                return f"no example of {' · '.join(filter(None, state)) or 'a turn without labels'}"
        return "" if chain else EMPTY

    def _finished(self, number: int, drafts: Sequence[Draft]) -> GeneratedConversation:
        names = self._pools.taxonomy.dimension_names
        place = (self._method, self._market, str(self._seed), str(number))
        return GeneratedConversation(
            id="-".join(filter(None, place)),
            method=self._method,
            turns=tuple(turn for one in drafts for turn in one.turns(names)),
            market=self._market,
            locale=self._locale,
        )


def emit(
    chains: Iterable[Chain],
    pools: Pools,
    method: Emitted = "embedded",
    seed: int = 0,
    *,
    reader: Reader | None = None,
    market: str = "",
    locale: str = "",
    first: int = 0,
) -> Emission:
    """Make a conversation of each chain; iterate over what is returned.

    Args:
        chains: states of the customer's turns; for `random` they are drawn uniformly.
        pools: the examples that turns are made of.
        seed: of whatever is drawn.
        reader: reads the label of adapted turns; None: one on words that is learnt from the pools.
        market, locale: of the logs that are followed.
        first: the number of the first chain.

    Raises:
        GenerationError: the method is unknown; while iterating, chains of another taxonomy. A
            state without an example is no error: its chain is dropped and counted.
    """
    if method not in get_args(Emitted):
        known = ", ".join(get_args(Emitted))
        raise GenerationError(f"chains are not emitted by {method!r}. Known: {known}")
    return Emission(
        chains,
        pools,
        method,
        seed,
        reader=reader,
        market=market,
        locale=locale,
        first=first,
    )
