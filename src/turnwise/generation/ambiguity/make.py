"""Ambiguous queries from clear ones, however they are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from turnwise.generation.ambiguity.leaving_out import leave_out
from turnwise.generation.ambiguity.pairing import Pair, fit_both, pairs_of
from turnwise.generation.ambiguity.phrases import Phrasing
from turnwise.generation.ambiguity.queries import Ambiguous, ClearQuery
from turnwise.generation.ambiguity.sets import LabelSets
from turnwise.progress import Progress, silent
from turnwise.sampling import stable_hash
from turnwise.taxonomy import Taxonomy

BLOCK = 128  # queries that are worked on together
PAIRS = 0.25  # of the queries: for so many pairs of labels a query is looked for
ALIKE = 3  # times that one text is kept

REPEATED = f"the same query was made {ALIKE} times before"


class AmbiguityMaker(Protocol):
    """Makes ambiguous queries: `EmbeddedAmbiguity`, `LlmAmbiguity`."""

    @property
    def taxonomy(self) -> Taxonomy: ...

    def edit(self, queries: Sequence[ClearQuery], drawn: Sequence[int]) -> list[Ambiguous | str]:
        """Make of each query an ambiguous one, or say why there is none.

        Args:
            drawn: a number for each, for whatever is left to chance.
        """
        ...

    def pairs(self, pairs: Sequence[Pair], queries: Sequence[ClearQuery]) -> list[Ambiguous | str]:
        """For each pair of labels, a query that fits both, or why there is none.

        Args:
            queries: clear ones, of which versions may be taken.
        """
        ...


@dataclass(frozen=True)
class EmbeddedAmbiguity:
    """Leaves words out and reads again; implements `AmbiguityMaker`. Reads English, and leaves
    only whole clauses out of queries in other languages.

    Attributes:
        sets: say what queries may mean.
        phrasing: of the logs: `Phrasing.of(texts)`.
    """

    sets: LabelSets
    phrasing: Phrasing

    @property
    def taxonomy(self) -> Taxonomy:
        return self.sets.taxonomy

    def edit(self, queries: Sequence[ClearQuery], drawn: Sequence[int]) -> list[Ambiguous | str]:
        return leave_out(queries, self.sets, self.phrasing)

    def pairs(self, pairs: Sequence[Pair], queries: Sequence[ClearQuery]) -> list[Ambiguous | str]:
        return fit_both(pairs, queries, self.sets, self.phrasing)


def make_ambiguous(
    queries: Sequence[ClearQuery],
    maker: AmbiguityMaker,
    *,
    dropped: Counter[str],
    seed: int = 0,
    progress: Progress = silent,
) -> Iterator[Ambiguous]:
    """Make ambiguous queries, by editing each and then for pairs of labels.

    Args:
        queries: with labels of the maker's taxonomy.
        dropped: is told why queries were not kept, and how often.

    Yields:
        What was made, in the order of the queries, then of the pairs.

    Raises:
        EndpointError: of a maker that asks a model; what it answered is kept, and the same call
            goes on from there.
    """
    seen: Counter[str] = Counter()
    made: list[Ambiguous] = []

    def kept(results: Sequence[Ambiguous | str]) -> Iterator[Ambiguous]:
        for one in results:
            if isinstance(one, Ambiguous) and seen[one.text] < ALIKE:
                seen[one.text] += 1
                made.append(one)
                yield one
            else:
                dropped[REPEATED if isinstance(one, Ambiguous) else one] += 1

    wanted = round(PAIRS * len(queries))
    total = len(queries) + wanted
    for start in range(0, len(queries), BLOCK):
        block = queries[start : start + BLOCK]
        drawn = [stable_hash(f"{seed} {start + at}") for at in range(len(block))]
        yield from kept(maker.edit(block, drawn))
        progress("make ambiguous queries", start + len(block), total)
    pairs = pairs_of(maker.taxonomy, made)[:wanted]
    for start in range(0, len(pairs), BLOCK):
        some = pairs[start : start + BLOCK]
        yield from kept(maker.pairs(some, queries))
        progress("make ambiguous queries", len(queries) + start + len(some), total)
