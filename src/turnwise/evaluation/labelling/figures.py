"""The figures of a label report, as a tree of plain values.

    LabelReport -> StrategyFigures -> DimensionFigures -> GoldFigures, StageFigures
                -> Agreement

Shares are in [0, 1]. What was not measured, or can't be said, is None and never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from turnwise.annotations import Annotation, Source
from turnwise.evaluation.figures import Json

LABELS_VERSION = 1

Outcome = Literal["kept", "revised", "abstained", "unusable", "missing"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True, slots=True)
class Spent:
    """What asking models came to.

    Attributes:
        answers: that came; unusable: of them.
        calls: that servers were asked, repetitions counted. tokens_in, tokens_out: of all calls.
        cost: in the money of the settings' prices; None where the endpoint has no price.
    """

    answers: int = 0
    unusable: int = 0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = 0.0


@dataclass(frozen=True, slots=True)
class PerCorrect:
    """What one right label took.

    Attributes:
        correct: how many labels are right, estimated: of each dimension with gold, all labels
            times the share of those with gold that is right.
        scored: labels with gold that the estimate rests on.
        calls, tokens, cost: of all that was spent, per right label; None where it is not known.
    """

    correct: float
    scored: int
    calls: float | None
    tokens: float | None
    cost: float | None


@dataclass(frozen=True, slots=True)
class KeptPoint:
    """How right the surest labels are.

    Attributes:
        share: of the turns with gold that keep their label, the surest ones.
        turns: how many that is; precision: the share of them that is right.
        confidence: of the least sure of them.
    """

    share: float
    turns: int
    precision: float
    confidence: float


@dataclass(frozen=True, slots=True)
class GoldFigures:
    """Labels beside those of people, on the turns that have both.

    Attributes:
        turns: with gold; labelled: those of them that got a label; right: with a right one.
        accuracy: right of turns, an abstention being wrong; precision: right of labelled, None
            where none is.
        curve: from the surest tenth of the turns to all that were labelled.
    """

    turns: int
    labelled: int
    right: int
    accuracy: float
    precision: float | None
    curve: tuple[KeptPoint, ...]


@dataclass(frozen=True, slots=True)
class StageFigures:
    """Both stages of a reviewed strategy beside gold, on the same turns; no label is not right.

    Attributes:
        first: under whose name the first stage stands.
        both, only_first, only_second, neither: turns by which stage is right.
        first_accuracy, second_accuracy: share of the turns.
    """

    first: Source
    turns: int
    both: int
    only_first: int
    only_second: int
    neither: int
    first_accuracy: float
    second_accuracy: float


@dataclass(frozen=True, slots=True)
class DimensionFigures:
    """What one strategy made of the turns along one dimension.

    Attributes:
        turns: that it was to label; outcomes: how many of them ended how; they add up.
        reviewed: whether a reviewer kept or revised; else every label counts as kept.
        gold: None where no turn has gold. stages: None where there are not two, or no gold.
    """

    dimension: str
    turns: int
    outcomes: Mapping[Outcome, int]
    reviewed: bool
    gold: GoldFigures | None
    stages: StageFigures | None

    @property
    def labels(self) -> int:
        return self.outcomes["kept"] + self.outcomes["revised"]


@dataclass(frozen=True, slots=True)
class StrategyFigures:
    """One strategy: everything that was labelled under one source.

    Attributes:
        name: for people.
        spent: None where it is not known. per_correct: None where no gold tells.
    """

    source: Source
    name: str
    dimensions: tuple[DimensionFigures, ...]
    spent: Spent | None
    per_correct: PerCorrect | None

    def find(self, dimension: str) -> DimensionFigures | None:
        return next((one for one in self.dimensions if one.dimension == dimension), None)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two strategies along one dimension.

    Attributes:
        first, second: their names.
        turns: to which both gave a label; equal: the share of these with the same one.
        kappa: Cohen's, agreement beyond what the frequencies of the labels alone would give; None
            where they leave no room for disagreement.
        apart: turns where only one of the two gave a label.
    """

    dimension: str
    first: str
    second: str
    turns: int
    equal: float | None
    kappa: float | None
    apart: int


@dataclass(frozen=True, slots=True)
class LabelReport:
    """How labelling came out, strategy by strategy.

    Attributes:
        taxonomy, taxonomy_version, dimensions: what the labels are of.
        conversations, turns: that at least one strategy labelled.
        gold_turns: those of the turns with a label by a person; reviewed_turns: those of them
            where it was given in a review alone.
        notes: what a reader should know of these figures.
    """

    taxonomy: str
    taxonomy_version: int
    dimensions: tuple[str, ...]
    conversations: int
    turns: int
    gold_turns: int
    reviewed_turns: int
    strategies: tuple[StrategyFigures, ...]
    agreement: tuple[Agreement, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The whole tree as JSON values, with the version of their form."""
        from pydantic import TypeAdapter

        tree: dict[str, Json] = TypeAdapter(LabelReport).dump_python(self, mode="json")
        return {"version": LABELS_VERSION} | tree


@dataclass(frozen=True, slots=True)
class Reading:
    """What only those who label know of annotations and their sources.

    Attributes:
        outcome: what came of asking for a label.
        first_stages: the sources under which a reviewed strategy's first stage may stand, the
            likeliest first; empty for any other.
        spent: what a source spent; None where it is not known.
    """

    outcome: Callable[[Annotation], Outcome]
    first_stages: Callable[[Source], tuple[Source, ...]]
    spent: Callable[[Source], Spent | None]
