"""The figures that an evaluation holds, as a tree of plain values.

    Evaluation -> PredictorScores (the model first, then baselines) -> DimensionScores -> ...

`Evaluation.to_json` is the same tree as JSON values and `Evaluation.from_json` its inverse, so
that a report can be made again from what was kept. Every share is in [0, 1]; what cannot be said
is None, never NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

JSON_VERSION = 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95% interval by conversation.

    Attributes:
        value: the figure on all turns.
        low, high: the interval, which holds `value`; None where fewer than two conversations
            carry the figure, for one says nothing of how much conversations differ.
    """

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class LabelScores:
    """One label: the turns that carry it, the turns predicted as it, and how well they agree.

    A label that nothing was predicted as has precision 0, one without gold has recall 0.
    """

    label: str
    support: int
    predicted: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Averages:
    """Precision, recall and F1, averaged over labels."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """Accuracy on the surest part of the turns.

    Attributes:
        coverage: the share of turns that is answered, in (0, 1].
        accuracy: on those turns; turns that tie at the threshold count in proportion.
        confidence: of the least sure of them.
    """

    coverage: float
    accuracy: float
    confidence: float


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Turns of like confidence: what the model expected of them, and what it got.

    Attributes:
        turns: how many are in the bin.
        confidence, accuracy: their mean confidence, and the share that is right.
        low, high: where 95% of perfectly calibrated models would show their accuracy; None
            where that was not simulated.
    """

    turns: int
    confidence: float
    accuracy: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far confidence is from accuracy.

    Attributes:
        error: expected calibration error over bins of equal mass.
        perfect: the error that a perfectly calibrated model with the same confidences shows on
            average on so few turns; None where there are turns enough to read `error` alone.
        perfect_high: 95% of such models show less than this; None likewise.
        bins: from the least to the most confident.
    """

    error: float
    perfect: float | None
    perfect_high: float | None
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A customer turn that was taken for something else; `text` may be cut."""

    conversation_id: str
    turn: int
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """Turns of one label that were predicted as another; `share` is of all turns of `gold`."""

    gold: str
    predicted: str
    turns: int
    share: float
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """Turns by gold label (rows) and predicted label (columns), for some labels alone."""

    labels: tuple[str, ...]
    turns: tuple[tuple[int, ...], ...]


Position = Literal["first", "later"]


@dataclass(frozen=True, slots=True)
class PositionScores:
    """Accuracy on the first customer turn of each conversation, or on the later ones."""

    position: Position
    turns: int
    accuracy: Estimate


@dataclass(frozen=True, slots=True)
class DimensionScores:
    """What one predictor achieves on one dimension, over the turns with gold for it.

    Attributes:
        turns, conversations: how many carry gold for the dimension.
        accuracy, macro_f1, weighted_f1: the headline, with intervals.
        lead: accuracy of the model minus that of this baseline, on the same resamples; None for
            the model itself.
        macro: averages over the labels that occur in gold or in the predictions.
        macro_gold: averages over the labels that occur in gold, the same for every predictor.
        weighted: averages over labels, weighted by their turns.
        top: `top[k - 1]` is the share of turns whose gold is among the k surest labels.
        positions: the first customer turn and the later ones, where there are any.
        coverage: from the surest turns to all turns; the last point's accuracy is `accuracy`.
        labels: every label of the taxonomy, in its order.
        confusions: the most frequent ones, most frequent first.
        matrix: the labels that take part in most of the confusions.
    """

    dimension: str
    turns: int
    conversations: int
    accuracy: Estimate
    macro_f1: Estimate
    weighted_f1: Estimate
    lead: Estimate | None
    macro: Averages
    macro_gold: Averages
    weighted: Averages
    top: tuple[float, ...]
    positions: tuple[PositionScores, ...]
    coverage: tuple[CoveragePoint, ...]
    calibration: Calibration
    labels: tuple[LabelScores, ...]
    confusions: tuple[Confusion, ...]
    matrix: ConfusionMatrix

    def accuracy_at(self, coverage: float) -> float:
        """Accuracy on the surest share of the turns, `coverage` in (0, 1]."""
        return next(p.accuracy for p in self.coverage if p.coverage >= coverage - 1e-9)

    def coverage_at(self, accuracy: float) -> float:
        """The largest share of turns that can be answered this accurately; 0 where none can."""
        reached = [point.coverage for point in self.coverage if point.accuracy >= accuracy]
        return reached[-1] if reached else 0.0


@dataclass(frozen=True, slots=True)
class PredictorScores:
    """What the model, or a baseline, achieves.

    Attributes:
        dimensions: in the taxonomy's order.
        joint: share of turns with every dimension right, over the `joint_turns` turns that
            carry gold for every dimension scored; None where there is none.
    """

    name: str
    dimensions: tuple[DimensionScores, ...]
    joint: Estimate | None
    joint_turns: int

    def __getitem__(self, dimension: str) -> DimensionScores:
        for scores in self.dimensions:
            if scores.dimension == dimension:
                return scores
        raise KeyError(dimension)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Predictions scored against gold.

    Attributes:
        taxonomy, taxonomy_version: what the labels come from.
        turns, conversations: how many carry any gold.
        predictors: the model first, then the baselines.
        unscored: dimensions of the taxonomy that no turn carries gold for.
    """

    taxonomy: str
    taxonomy_version: int
    turns: int
    conversations: int
    predictors: tuple[PredictorScores, ...]
    unscored: tuple[str, ...] = ()

    @property
    def model(self) -> PredictorScores:
        return self.predictors[0]

    @property
    def baselines(self) -> tuple[PredictorScores, ...]:
        return self.predictors[1:]

    @property
    def dimension_names(self) -> tuple[str, ...]:
        return tuple(scores.dimension for scores in self.model.dimensions)

    def to_json(self) -> dict[str, Json]:
        """The whole tree as JSON values, with the version of their form."""
        from pydantic import TypeAdapter

        tree: dict[str, Json] = TypeAdapter(Evaluation).dump_python(self, mode="json")
        return {"version": JSON_VERSION} | tree

    @staticmethod
    def from_json(values: Mapping[str, Json]) -> Evaluation:
        """The inverse of `to_json`.

        Raises:
            EvaluationError: the values are no evaluation, or one of another version.
        """
        from pydantic import TypeAdapter, ValidationError

        from turnwise.errors import EvaluationError

        if values.get("version") != JSON_VERSION:
            raise EvaluationError(
                f"these figures are of version {values.get('version')}, this program reads "
                f"version {JSON_VERSION}; evaluate again"
            )
        tree = {name: value for name, value in values.items() if name != "version"}
        try:
            return TypeAdapter(Evaluation).validate_python(tree)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise EvaluationError(
                f"these figures can't be read: {where}: {error.errors()[0]['msg']}; evaluate again"
            ) from error
