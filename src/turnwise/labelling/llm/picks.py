"""From what a model chose to annotations.

A confidence here is what a strategy shows of its own certainty, as a number. It is not
calibrated: measure it against gold before a threshold is set by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from turnwise.annotations import Annotation, Evidence, Source
from turnwise.conversations import Example
from turnwise.labelling.llm.answers import Certainty
from turnwise.llm import KeptAnswer

# Round figures for the three words that a model may choose from; an order more than a scale.
CERTAINTY: Mapping[Certainty, float] = {"certain": 0.9, "likely": 0.7, "unsure": 0.4}
UNUSABLE = "Unusable answer"  # one came, and is kept: asking again would bring the same
MISSING = "No answer came"  # nothing is kept: the next run asks again


@dataclass(frozen=True, slots=True)
class Pick:
    """What was chosen along one dimension; fields as of `Annotation`."""

    label: str | None
    confidence: float
    rationale: str = ""
    evidence: tuple[Evidence, ...] = ()
    runners_up: tuple[tuple[str, float], ...] = ()


def annotate(example: Example, source: Source, picks: Mapping[str, Pick]) -> tuple[Annotation, ...]:
    """Write picks down, an annotation per dimension."""
    return tuple(
        Annotation(
            *example.key,
            dimension=dimension,
            label=pick.label,
            source=source,
            confidence=pick.confidence,
            runners_up=pick.runners_up,
            rationale=pick.rationale,
            evidence=pick.evidence,
        )
        for dimension, pick in picks.items()
    )


def unusable(
    dimensions: Sequence[str], kept: KeptAnswer, guesses: Mapping[str, Pick] | None = None
) -> dict[str, Pick]:
    """Abstain along every dimension, for lack of a usable answer; guesses are runners-up."""
    # An answer took some time to come, even one without a word in it.
    what = UNUSABLE if kept.latency else MISSING
    why = f"{what} to {kept.task}: {kept.problem}."
    return {
        dimension: Pick(None, 0.0, why, runners_up=_guess(guesses, dimension))
        for dimension in dimensions
    }


def _guess(guesses: Mapping[str, Pick] | None, dimension: str) -> tuple[tuple[str, float], ...]:
    guess = guesses[dimension] if guesses else None
    return ((guess.label, guess.confidence),) if guess and guess.label else ()


def is_unusable(annotation: Annotation) -> bool:
    """Whether a label is missing because the model's answer could not be used."""
    return annotation.label is None and annotation.rationale.startswith(UNUSABLE)


def is_missing(annotation: Annotation) -> bool:
    """Whether a label is missing because no answer came, as when a server kept failing.

    What was labelled with it is not done: asked again later, it may well get its label.
    """
    return annotation.label is None and annotation.rationale.startswith(MISSING)


def abstain_under(annotation: Annotation, threshold: float) -> Annotation:
    """Take a label back whose confidence is under a threshold: it becomes a runner-up."""
    if annotation.label is None or annotation.confidence >= threshold:
        return annotation
    guess = (annotation.label, annotation.confidence)
    why = f"Abstained: confidence under {threshold:.2f}. {annotation.rationale}"
    return replace(
        annotation,
        label=None,
        runners_up=(guess, *annotation.runners_up),
        rationale=why.rstrip(),
    )
