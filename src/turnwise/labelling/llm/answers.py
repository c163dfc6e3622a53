"""What a model may answer, as types made for a taxonomy: only its labels can be named.

The field for a dimension is a `Literal` of what is offered, so that the schema that a server is
given enumerates it, and whatever comes back is held against it again. Nothing else is
constrained by the schema: servers differ in what they support, so checks on receipt do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from turnwise.taxonomy import Taxonomy

Options = tuple[tuple[str, tuple[str, ...]], ...]  # (dimension, what may be named), in order

Certainty = Literal["certain", "likely", "unsure"]
Verdict = Literal["kept", "revised"]

_MODELS_KEPT = 512  # of sets of candidates; each takes about a millisecond to make


class Strict(BaseModel):
    """A field that was not asked for is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)


class PerDimension(Strict):
    """One value for each dimension; subclasses are made with a field for each."""

    def by_dimension(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True)


class Chosen(Strict):
    """Labels without reasons: `zero-shot`, `lara`."""

    labels: PerDimension
    certainty: PerDimension


class Reasoned(Strict):
    """Labels after a reason with its evidence: `single`. The reason comes first, so that what
    is generated after it can follow from it."""

    turn_evidence: list[str]
    history_evidence: list[str]
    reason: str
    labels: PerDimension
    certainty: PerDimension


class Reviewed(Strict):
    """What the reviewer of `two-stage` answers. No field is named as one of the first stage, so
    its answer repeated is refused."""

    objections: str
    verdicts: PerDimension
    final_labels: PerDimension
    quotes: PerDimension
    verdict_reason: str
    final_certainty: PerDimension


M = TypeVar("M", bound=Strict)


def offered(taxonomy: Taxonomy) -> Options:
    """Every label of every dimension."""
    return tuple((dimension.name, dimension.names) for dimension in taxonomy.dimensions)


@lru_cache(_MODELS_KEPT)
def chosen_model(options: Options) -> type[Chosen]:
    return _made(
        Chosen, labels=_literals(options), certainty=_each("Certainty", options, Certainty)
    )


@lru_cache(_MODELS_KEPT)
def reasoned_model(options: Options) -> type[Reasoned]:
    return _made(
        Reasoned, labels=_literals(options), certainty=_each("Certainty", options, Certainty)
    )


@lru_cache(_MODELS_KEPT)
def reviewed_model(options: Options) -> type[Reviewed]:
    return _made(
        Reviewed,
        verdicts=_each("Verdicts", options, Verdict),
        final_labels=_literals(options),
        quotes=_each("Quotes", options, list[str]),
        final_certainty=_each("Certainty", options, Certainty),
    )


def _made(base: type[M], **parts: type[PerDimension]) -> type[M]:
    """A model with some of its fields narrowed to a taxonomy."""
    fields: dict[str, Any] = {name: (part, ...) for name, part in parts.items()}
    return create_model(base.__name__, __base__=base, **fields)


def _literals(options: Options) -> type[PerDimension]:
    return _part("Labels", {name: Literal[labels] for name, labels in options})


def _each(part: str, options: Options, kind: Any) -> type[PerDimension]:
    return _part(part, {name: kind for name, _ in options})


def _part(name: str, kinds: Mapping[str, Any]) -> type[PerDimension]:
    # Any text may name a dimension, but not a field: it becomes the field's alias.
    fields: dict[str, Any] = {
        f"dimension_{place}": (kind, Field(alias=dimension))
        for place, (dimension, kind) in enumerate(kinds.items())
    }
    return create_model(name, __base__=PerDimension, **fields)
