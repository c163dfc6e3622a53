"""Queries that fit both of two labels, each with a clear version of either.

What is left of a clear query of one label, or its wording in general words, is taken where a clear
query of the other label holds all of its words that say something: that is what both share. The
embedded twin of the pair prompt of S3 (Classification with Clarification); it reads English.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from turnwise.generation.ambiguity.leaving_out import evenness, is_ambiguous
from turnwise.generation.ambiguity.phrases import Phrasing
from turnwise.generation.ambiguity.queries import Ambiguous, ClearQuery, alone
from turnwise.generation.ambiguity.sets import LabelSets, Meant
from turnwise.generation.ambiguity.shorter import Phrase, Whole
from turnwise.generation.ambiguity.words import is_english
from turnwise.taxonomy import Taxonomy

OF_A_LABEL = 30  # clear queries that are looked at
CANDIDATES = 60  # phrases of one pair that are read
NEAREST = 3  # labels that may be meant, of which every two make a pair

SHARED = "shared words"
NO_QUERY = "no query fits both labels of a pair"

Pair = tuple[str, str, str]  # dimension and two labels of it
ByLabel = Mapping[tuple[str, str], Sequence[Whole]]  # (dimension, label) -> its queries


@dataclass(frozen=True, slots=True)
class _Both:
    """A phrase of one query, and a query of the other label that holds its words."""

    phrase: Phrase
    own: ClearQuery
    other: ClearQuery


def pairs_of(taxonomy: Taxonomy, ambiguous: Iterable[Ambiguous] = ()) -> list[Pair]:
    """The pairs of labels that are worth a query: those which were found together, most often
    first, then those which the taxonomy calls easily confused."""
    found: Counter[Pair] = Counter()
    for one in ambiguous:
        for first, second in combinations(sorted(one.labels[:NEAREST]), 2):
            found[one.dimension, first, second] += 1
    for dimension in taxonomy.dimensions:
        for label in dimension.labels:
            for other in set(label.confused_with) & set(dimension.index):
                first, second = sorted((label.name, other))
                found.setdefault((dimension.name, first, second), 0)
    return sorted(found, key=lambda pair: (-found[pair], pair))


def fit_both(
    pairs: Sequence[Pair], queries: Iterable[ClearQuery], sets: LabelSets, phrasing: Phrasing
) -> list[Ambiguous | str]:
    """For each pair a query that fits both of its labels, or why there is none."""
    grouped = _by_label(queries)
    work = [_candidates(pair, grouped, phrasing) for pair in pairs]
    said = [alone(one.phrase.text, one.own.locale) for some in work for one in some]
    meant = sets.meant(said) if said else {}
    results: list[Ambiguous | str] = []
    start = 0
    for pair, some in zip(pairs, work, strict=True):
        rows = range(start, start + len(some))
        start = rows.stop
        results.append(_best(pair, some, meant, rows) or NO_QUERY)
    return results


def _best(
    pair: Pair, some: Sequence[_Both], meant: Mapping[str, Meant], rows: range
) -> Ambiguous | None:
    dimension, *labels = pair
    found = []
    for row, one in zip(rows, some, strict=True):
        read = meant[dimension]
        if is_ambiguous(read, row) and {*labels} <= {*read.labels(row)}:
            value = one.phrase.value * evenness(read, row, labels)
            clear = (one.own, one.other)
            found.append(
                (value, Ambiguous(one.phrase.text, dimension, read.labels(row), clear, SHARED))
            )
    best = max(found, key=lambda one: (one[0], one[1].text), default=None)
    return best[1] if best else None


def _by_label(queries: Iterable[ClearQuery]) -> ByLabel:
    found: dict[tuple[str, str], list[Whole]] = defaultdict(list)
    for query in queries:
        for place in query.labels.items():
            if len(found[place]) < OF_A_LABEL and is_english(query.locale):
                found[place].append(Whole.of(query))
    return found


def _candidates(pair: Pair, grouped: ByLabel, phrasing: Phrasing) -> list[_Both]:
    """Phrases of either label's queries with the shortest query of the other that holds them."""
    dimension, first, second = pair
    found: dict[str, _Both] = {}
    for label, rival in ((first, second), (second, first)):
        others = [(one.phrase.words, one) for one in grouped.get((dimension, rival), ())]
        for own in grouped.get((dimension, label), ()):
            for phrase in own.shorter(own.phrase, phrasing):
                holding = [
                    one
                    for words, one in others
                    if phrase.words <= words and _agree(own.query, one.query, dimension)
                ]
                if phrase.words and holding:
                    other = min(holding, key=lambda one: (len(one.said), one.query.text))
                    found.setdefault(phrase.text, _Both(phrase, own.query, other.query))
    best = sorted(found.values(), key=lambda one: (-one.phrase.value, one.phrase.text))
    return best[:CANDIDATES]


def _agree(one: ClearQuery, other: ClearQuery, dimension: str) -> bool:
    """Whether two queries have the same labels in all other dimensions."""
    names = (one.labels.keys() | other.labels.keys()) - {dimension}
    return all(one.labels.get(name) == other.labels.get(name) for name in names)
