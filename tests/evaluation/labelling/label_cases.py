"""Hand-made annotations for the tests of the label report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from turnwise.annotations import PERSON, Annotation, Source
from turnwise.evaluation.labelling import Reading, Spent
from turnwise.taxonomy import Dimension, Label, Taxonomy

ONE, TWO = Source("embedded", "single", "1"), Source("embedded", "two-stage", "1")
MODEL = Source("llm", "single m", "1")
TAXONOMY = Taxonomy(
    "shop",
    tuple(
        Dimension(name, tuple(Label(one, (one,)) for one in labels))
        for name, labels in (("product", ("Bike", "Boat")), ("wish", ("REPAIR", "PRICE")))
    ),
)


def outcome(one: Annotation) -> str:
    """The rationale says it, else the label does."""
    return one.rationale or ("abstained" if one.label is None else "kept")


def reading(spent: Mapping[Source, Spent | None] | None = None) -> Reading:
    return Reading(
        outcome=outcome,
        first_stages=lambda source: (ONE,) if source == TWO else (),
        spent=lambda source: (spent or {}).get(source, Spent()),
    )


def said(
    source: Source,
    label: str | None,
    turn: int = 0,
    confidence: float = 0.5,
    rationale: str = "",
    dimension: str = "product",
) -> Annotation:
    return Annotation(f"c{turn:04d}", 0, dimension, label, source, confidence, rationale=rationale)


def gold(label: str, turn: int = 0, source: Source = PERSON) -> Annotation:
    return said(source, label, turn, 1.0)


def in_order(annotations: Iterable[Annotation]) -> list[Annotation]:
    """As a workspace gives them: by conversation and turn."""
    return sorted(annotations, key=lambda one: one.key)
