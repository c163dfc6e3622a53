"""Annotations of every source, turn by turn -> the figures of a label report.

Only counts are held: memory grows with strategies, dimensions and labels, not with turns.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby

from turnwise.annotations import PERSON, Annotation, Source
from turnwise.evaluation.labelling.agreement import Pair
from turnwise.evaluation.labelling.curve import Curve
from turnwise.evaluation.labelling.figures import (
    OUTCOMES,
    DimensionFigures,
    GoldFigures,
    LabelReport,
    Outcome,
    PerCorrect,
    Reading,
    Spent,
    StageFigures,
    StrategyFigures,
)
from turnwise.evaluation.labelling.notes import notes
from turnwise.taxonomy import Taxonomy

Gold = Mapping[str, frozenset[str]]  # dimension -> labels that count as right
Said = Mapping[Source, Annotation]  # what each source said of a turn along one dimension


def count_labels(
    annotations: Iterable[Annotation], taxonomy: Taxonomy, reading: Reading
) -> LabelReport:
    """Count how labelling came out.

    Args:
        annotations: of every source, people's as gold among them; those of a turn follow each
            other, as do the turns of a conversation. Read once.
        taxonomy: annotations of other dimensions are passed over.
        reading: how to understand sources and annotations.

    Returns:
        The report; without strategies where nobody but people labelled.
    """
    counts = _Counts(taxonomy.dimension_names, reading)
    for _, conversation in groupby(annotations, lambda one: one.conversation_id):
        turns = [counts.add(list(turn)) for _, turn in groupby(conversation, lambda one: one.turn)]
        counts.conversations += any(turns)
    return counts.report(taxonomy)


def gold_of(turn: Iterable[Annotation]) -> tuple[Gold, bool]:
    """The labels of people on a turn, and whether a review alone gave them.

    What was imported counts before what a review said.
    """
    found: dict[tuple[bool, str], dict[str, set[str]]] = {}
    for one in turn:
        if one.source.kind == "person" and one.label is not None:
            person = (one.source != PERSON, one.source.name)
            found.setdefault(person, {}).setdefault(one.dimension, set()).add(one.label)
    gold: dict[str, frozenset[str]] = {}
    for person in sorted(found):
        for dimension, labels in found[person].items():
            gold.setdefault(dimension, frozenset(labels))
    return gold, bool(found) and min(found)[0]


@dataclass
class _Told:
    """One source along one dimension."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    turns: int = 0  # with gold, as are those below
    labelled: int = 0
    right: int = 0
    curve: Curve = field(default_factory=Curve)

    def add(self, one: Annotation, outcome: Outcome, gold: frozenset[str] | None) -> None:
        self.outcomes[outcome] += 1
        if gold is None:
            return
        self.turns += 1
        if one.label is not None:
            self.labelled += 1
            self.right += one.label in gold
            self.curve.add(one.confidence, one.label in gold)

    def gold(self) -> GoldFigures | None:
        if not self.turns:
            return None
        return GoldFigures(
            turns=self.turns,
            labelled=self.labelled,
            right=self.right,
            accuracy=self.right / self.turns,
            precision=self.right / self.labelled if self.labelled else None,
            curve=self.curve.points(self.turns),
        )


class _Counts:
    """Everything that is counted, while annotations come by."""

    def __init__(self, dimensions: Sequence[str], reading: Reading) -> None:
        self.dimensions, self.reading = dimensions, reading
        self.conversations = self.turns = self.gold_turns = self.reviewed_turns = 0
        self.told: defaultdict[tuple[Source, str], _Told] = defaultdict(_Told)
        self.pairs: defaultdict[tuple[str, Source, Source], Pair] = defaultdict(Pair)
        # (source, dimension) -> (first stage, whether stage 1 is right, whether stage 2) -> turns
        self.stages: defaultdict[tuple[Source, str], Counter[tuple[Source, bool, bool]]]
        self.stages = defaultdict(Counter)
        self._first_stages: dict[Source, tuple[Source, ...]] = {}

    def add(self, turn: Sequence[Annotation]) -> bool:
        """Count a turn; whether any strategy labelled it."""
        said: defaultdict[str, dict[Source, Annotation]] = defaultdict(dict)
        for one in turn:
            if one.source.kind != "person" and one.dimension in self.dimensions:
                said[one.dimension][one.source] = one
        if not said:
            return False
        gold, reviewed = gold_of(turn)
        self.turns += 1
        if any(dimension in gold for dimension in said):
            self.gold_turns += 1
            self.reviewed_turns += reviewed
        for dimension, by_source in said.items():
            self._add(dimension, by_source, gold.get(dimension))
        return True

    def _add(self, dimension: str, said: Said, gold: frozenset[str] | None) -> None:
        for source, one in said.items():
            self.told[source, dimension].add(one, self.reading.outcome(one), gold)
            first = self._first_of(source, said)
            if first is not None and gold is not None:
                right = first.label in gold, one.label in gold
                self.stages[source, dimension][first.source, *right] += 1
        for first_source, second_source in combinations(sorted(said, key=_order), 2):
            pair = self.pairs[dimension, first_source, second_source]
            pair.add(said[first_source].label, said[second_source].label)

    def _first_of(self, source: Source, said: Said) -> Annotation | None:
        """What the first stage of a source said of the turn, where there is one."""
        if source not in self._first_stages:
            self._first_stages[source] = self.reading.first_stages(source)
        return next((said[one] for one in self._first_stages[source] if one in said), None)

    def report(self, taxonomy: Taxonomy) -> LabelReport:
        sources = sorted({source for source, _ in self.told}, key=_order)
        names = _names(sources)
        strategies = tuple(self._strategy(source, names[source]) for source in sources)
        agreement = tuple(
            self.pairs[dimension, first, second].figures(dimension, names[first], names[second])
            for dimension in self.dimensions
            for first, second in combinations(sources, 2)
            if (dimension, first, second) in self.pairs
        )
        found = LabelReport(
            taxonomy=taxonomy.name,
            taxonomy_version=taxonomy.version,
            dimensions=taxonomy.dimension_names,
            conversations=self.conversations,
            turns=self.turns,
            gold_turns=self.gold_turns,
            reviewed_turns=self.reviewed_turns,
            strategies=strategies,
            agreement=agreement,
        )
        return notes(found)

    def _strategy(self, source: Source, name: str) -> StrategyFigures:
        figures = tuple(
            self._dimension(source, dimension)
            for dimension in self.dimensions
            if (source, dimension) in self.told
        )
        spent = self.reading.spent(source)
        return StrategyFigures(source, name, figures, spent, per_correct(figures, spent))

    def _dimension(self, source: Source, dimension: str) -> DimensionFigures:
        told = self.told[source, dimension]
        return DimensionFigures(
            dimension=dimension,
            turns=told.outcomes.total(),
            outcomes={one: told.outcomes[one] for one in OUTCOMES},
            reviewed=bool(self._first_stages.get(source)),
            gold=told.gold(),
            stages=_stages(self.stages[source, dimension]),
        )


def per_correct(figures: Sequence[DimensionFigures], spent: Spent | None) -> PerCorrect | None:
    """What a right label took; None where no gold tells of any, or none is right."""
    known = [(one.labels, one.gold) for one in figures if one.gold]
    correct = sum(labels * (gold.precision or 0.0) for labels, gold in known)
    if not correct:
        return None
    tokens = None if spent is None else (spent.tokens_in + spent.tokens_out) / correct
    return PerCorrect(
        correct=correct,
        scored=sum(gold.labelled for _, gold in known),
        calls=None if spent is None else spent.calls / correct,
        tokens=tokens,
        cost=None if spent is None or spent.cost is None else spent.cost / correct,
    )


def _stages(counts: Counter[tuple[Source, bool, bool]]) -> StageFigures | None:
    """The table of which stage is right; where several names held the first one, the usual's."""
    if not counts:
        return None
    (first, *_), _ = counts.most_common(1)[0]

    def turns(stage1: bool, stage2: bool) -> int:
        return sum(n for (_, *right), n in counts.items() if right == [stage1, stage2])

    both, only_first, only_second = turns(True, True), turns(True, False), turns(False, True)
    return StageFigures(
        first=first,
        turns=counts.total(),
        both=both,
        only_first=only_first,
        only_second=only_second,
        neither=turns(False, False),
        first_accuracy=(both + only_first) / counts.total(),
        second_accuracy=(both + only_second) / counts.total(),
    )


def _order(source: Source) -> tuple[str, str, str]:
    return source.kind, source.name, source.version


def _names(sources: Sequence[Source]) -> dict[Source, str]:
    """How people read sources: with the version where two differ in nothing else."""
    short = {one: f"{one.kind} {one.name}".strip() for one in sources}
    shared = Counter(short.values())
    return {
        one: name if shared[name] == 1 else f"{name} {one.version}" for one, name in short.items()
    }
