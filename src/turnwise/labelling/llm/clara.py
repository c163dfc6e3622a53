"""`clara`: `lara` with its demonstrations in several orders; only what they agree on is kept.

A model that is not sure lets the order of its examples decide, so answers that change with it
are dropped (CLARA, in S1: Balancing Accuracy and Efficiency in Multi-Turn Intent Classification
for LLM-Powered Dialog Systems in Production). S1 asks three times, with demonstrations in
ascending, descending and random order of similarity, and keeps what is unanimous. Here each
dimension of a turn is kept or dropped by itself, since each is learnt by itself.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Example
from turnwise.labelling.llm.lara import Lara, Order, ascending
from turnwise.labelling.llm.picks import MISSING, Pick, annotate
from turnwise.labelling.llm.retrieval import Offers
from turnwise.labelling.llm.tasks import Planned
from turnwise.labelling.voting import UNANIMOUS, agree, spelt_out

VERSION = "1"
_DRAWS = 20  # random orders tried, per order wanted, before there are taken to be no more


@dataclass(frozen=True)
class Clara:
    """Labels a turn by asking a model once per order of the demonstrations.

    Attributes:
        orders: how many, 2 or more: ascending, descending, then random ones.
        agreement: share of the orders that must agree, 0.5 to 1.
    """

    lara: Lara
    orders: int = 3
    agreement: float = UNANIMOUS

    @property
    def source(self) -> Source:
        rule = f"{self.orders} orders {self.agreement:g}"
        model = self.lara.asker.source_name
        return Source("llm", f"clara {model}", f"{VERSION} {rule} {self.lara.source.version}")

    def prepare(self, examples: Sequence[Example]) -> None:
        """Retrieve for all turns together."""
        self.lara.prepare(examples)

    def questions(self, example: Example) -> tuple[Planned, ...]:
        (offers,) = self.lara.retriever.retrieve([example])
        return tuple(
            (self.lara.asker, self.lara.question(example, offers, order))
            for order in self._tried(example, offers).values()
        )

    async def turn(self, example: Example) -> tuple[Annotation, ...]:
        offers = await self.lara.retriever.offers(example)
        tried = self._tried(example, offers)
        answers = await asyncio.gather(
            *(self.lara.ask(example, offers, order) for order in tried.values())
        )
        votes = {name: picks for name, (picks, _) in zip(tried, answers, strict=True)}
        return annotate(example, self.source, self._agreed(offers, votes))

    def _tried(self, example: Example, offers: Offers) -> dict[str, Order]:
        return dict(islice(orders(offers, repr(example.key)), self.orders))

    def _agreed(self, offers: Offers, votes: Mapping[str, Mapping[str, Pick]]) -> dict[str, Pick]:
        """Put the picks of each order, by its name, to the vote."""
        found = {}
        for dimension in offers:
            picks = {order: chosen[dimension] for order, chosen in votes.items()}
            tally = agree([pick.label for pick in picks.values()], self.agreement)
            said = spelt_out([(order, pick.label) for order, pick in picks.items()])
            if not tally.ranked:  # not one answer could be used; one that may yet come goes first
                found[dimension] = max(picks.values(), key=_is_missing)
                continue
            best = tally.ranked[0][0]
            agreeing = [pick for pick in picks.values() if pick.label == best]
            sure = sum(pick.confidence for pick in agreeing) / len(picks)
            others = tuple(pair for pair in tally.ranked if pair[0] != tally.label)
            why = f"{_outcome(tally.label, picks)}: {said}. {agreeing[0].rationale}"
            found[dimension] = Pick(tally.label, sure, why, agreeing[0].evidence, others)
        return found


def _outcome(label: str | None, picks: Mapping[str, Pick]) -> str:
    """What the votes of the orders came to, in words."""
    if label is not None:
        return "Agreed"
    if missing := sum(map(_is_missing, picks.values())):
        return f"{MISSING} to {missing} of {len(picks)} orders"
    if unused := sum(pick.label is None for pick in picks.values()):
        return f"Abstained, {unused} of {len(picks)} answers unusable"
    return "Abstained, the orders differ"


def _is_missing(pick: Pick) -> bool:
    return pick.label is None and pick.rationale.startswith(MISSING)


def orders(offers: Offers, seed: str) -> Iterator[tuple[str, Order]]:
    """Different orders of the demonstrations, by name: ascending, descending, random 1, ...

    There may be few: one demonstration per dimension has one order. The same seed gives the
    same ones, so that a question asked again is the same question.
    """
    up = ascending(offers)
    seen: list[Order] = [up]
    yield "ascending", up
    down = {name: shots[::-1] for name, shots in up.items()}
    if down not in seen:
        seen.append(down)
        yield "descending", down
    drawn = random.Random(seed)
    for number in count(1):
        for _ in range(_DRAWS):
            mixed = {name: tuple(drawn.sample(shots, len(shots))) for name, shots in up.items()}
            if mixed not in seen:
                break
        else:
            return
        seen.append(mixed)
        yield f"random {number}", mixed
