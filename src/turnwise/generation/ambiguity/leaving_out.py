"""Clear queries made ambiguous by leaving out the words that tell two labels apart.

    query --spans of words that may be left out--> shorter phrases --read again--> ambiguous or not

Spans are left out, what is left is read again, and a phrase is taken whose set of labels holds the
right one and another. Where one span is not enough, a second one is left out of the phrases that
came nearest. This is the embedded twin of the prompt of S3 (Classification with Clarification);
it reads English, and leaves only whole clauses out of queries in other languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from turnwise.generation.ambiguity.phrases import Phrasing
from turnwise.generation.ambiguity.queries import Ambiguous, ClearQuery, alone
from turnwise.generation.ambiguity.sets import LabelSets, Meant
from turnwise.generation.ambiguity.shorter import LEFT_OUT, Phrase, Whole

ROUNDS = 2  # spans that are left out at most
MOST_WORDS = 40  # of a query
CANDIDATES = 40  # phrases of one query that are read in a round
FOLLOWED = 4  # of them, that a second span is left out of
MOST_LABELS = 5  # that a query may mean; with more it is vague rather than ambiguous
RIVAL = 0.25  # of the likeliest label's probability, that a second must have

LONG = f"more than {MOST_WORDS} words"
UNCLEAR = "ambiguous or misread to begin with"
STAYS_CLEAR = "no words could be left out that tell labels apart"


@dataclass(frozen=True, slots=True)
class _Work:
    """A query on its way, with the phrases that were made of it so far."""

    whole: Whole
    phrases: tuple[Phrase, ...]

    @property
    def query(self) -> ClearQuery:
        return self.whole.query


def leave_out(
    queries: Sequence[ClearQuery], sets: LabelSets, phrasing: Phrasing
) -> list[Ambiguous | str]:
    """Make queries ambiguous.

    Args:
        phrasing: of the logs.

    Returns:
        For each query an ambiguous one, or why there is none.
    """
    results: dict[int, Ambiguous | str] = {}
    working: dict[int, _Work] = {}
    clear = are_clear(queries, sets)
    for at, query in enumerate(queries):
        whole = Whole.of(query)
        fault = LONG if len(whole.said) > MOST_WORDS else "" if clear[at] else UNCLEAR
        results[at] = fault or STAYS_CLEAR
        if not fault:
            working[at] = _Work(whole, (whole.phrase,))
    for _ in range(ROUNDS):
        shorter = [_shorter(work, phrasing) for work in working.values()]
        read = dict(zip(working, _read(shorter, sets), strict=True))
        results |= {at: found for at, found in read.items() if isinstance(found, Ambiguous)}
        working = {at: found for at, found in read.items() if isinstance(found, _Work)}
    return [results[at] for at in range(len(queries))]


def are_clear(queries: Sequence[ClearQuery], sets: LabelSets) -> list[bool]:
    """Whether each is read as it is labelled, and as nothing else in some dimension."""
    if not queries:
        return []
    meant = sets.meant([alone(one.text, one.locale) for one in queries])

    def is_clear(row: int, query: ClearQuery) -> bool:
        right = all(meant[name].likeliest(row) == label for name, label in query.labels.items())
        return right and any(len(meant[name].labels(row)) == 1 for name in query.labels)

    return [is_clear(row, query) for row, query in enumerate(queries)]


def is_ambiguous(meant: Meant, row: int) -> bool:
    """Whether a few labels may be meant, and one of them beside the likeliest is not far behind."""
    labels = meant.labels(row)
    if not 2 <= len(labels) <= MOST_LABELS:
        return False
    return meant.probability(row, labels[1]) >= RIVAL * meant.probability(row, labels[0])


def evenness(meant: Meant, row: int, labels: Sequence[str]) -> float:
    """How near to each other two labels are, in [0, 1]: a share of probabilities, damped."""
    first, second = (meant.probability(row, one) for one in labels[:2])
    return float((min(first, second) / max(first, second)) ** 0.5)


def _shorter(work: _Work, phrasing: Phrasing) -> _Work:
    """The phrases that leaving out one span more can give, the best first."""
    found: dict[str, Phrase] = {}
    for before in work.phrases:
        for one in work.whole.shorter(before, phrasing):
            found.setdefault(one.text, one)
    best = sorted(found.values(), key=lambda one: (-one.value, one.text))[:CANDIDATES]
    return replace(work, phrases=tuple(best))


def _read(works: Sequence[_Work], sets: LabelSets) -> Iterator[Ambiguous | _Work]:
    """Read the phrases of all; of each query the best that is ambiguous, or those to follow."""
    said = [alone(one.text, work.query.locale) for work in works for one in work.phrases]
    meant = sets.meant(said) if said else {}
    start = 0
    for work in works:
        rows = range(start, start + len(work.phrases))
        start = rows.stop
        found = [
            (one.value * evenness(meant[ambiguous.dimension], row, ambiguous.labels), ambiguous)
            for row, one in zip(rows, work.phrases, strict=True)
            if (ambiguous := _ambiguous(work.query, one, meant, row))
        ]
        best = max(found, key=lambda one: (one[0], one[1].text), default=None)
        yield best[1] if best else _followed(work, meant, rows)


def _followed(work: _Work, meant: Mapping[str, Meant], rows: range) -> _Work:
    """The phrases in which a right label has become least likely."""

    def likely(row: int) -> float:
        return min(meant[name].probability(row, label) for name, label in work.query.labels.items())

    own = [
        (likely(row), one.text, one)
        for row, one in zip(rows, work.phrases, strict=True)
        if one.made == LEFT_OUT
    ]
    nearest = sorted(own, key=lambda one: one[:2])[:FOLLOWED]
    return replace(work, phrases=tuple(one for _, _, one in nearest))


def _ambiguous(
    query: ClearQuery, phrase: Phrase, meant: Mapping[str, Meant], row: int
) -> Ambiguous | None:
    """The phrase, if exactly one dimension has become ambiguous and no label was lost."""
    unsure = [name for name in query.labels if is_ambiguous(meant[name], row)]
    if len(unsure) != 1:
        return None
    (dimension,) = unsure
    labels = meant[dimension].labels(row)
    others = all(
        meant[name].likeliest(row) == label
        for name, label in query.labels.items()
        if name != dimension
    )
    if query.labels[dimension] not in labels or not others:
        return None
    return Ambiguous(phrase.text, dimension, labels, (query,), phrase.made)
