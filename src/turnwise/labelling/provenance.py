"""How a label came about, read back from its annotation and its source.

What stages and strategies write when they label (rationales, names of sources, versions) is read
here, in one place, so that nobody else has to know the forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from turnwise.annotations import Annotation, Source
from turnwise.labelling.annotator import STRATEGIES, StrategyName
from turnwise.labelling.embedded import EMBEDDED
from turnwise.labelling.llm.picks import is_missing, is_unusable

Verdict = Literal["kept", "revised"]
Outcome = Literal[Verdict, "abstained", "unusable", "missing"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

# A language model's label that fell under the threshold has this in front; the embedded reviewer
# says the same at the end.
_ABSTAINED = re.compile(r"Abstained: confidence under [\d.]+\. ")
# The embedded reviewer names the label that it kept, and for what it revised one; a language
# model's verdict ends in a colon.
_VERDICT = re.compile(r"(Kept|Revised from) ?")
_JOINT = " + "  # between the models of one strategy, and between the members of an ensemble


def verdict(annotation: Annotation) -> Verdict | None:
    """What the reviewer of `two-stage` did to the label of the first stage, in either form.

    None for other strategies, and where no review could be used.
    """
    if strategy_of(annotation.source) != "two-stage":
        return None
    said = _VERDICT.match(_ABSTAINED.sub("", annotation.rationale, count=1))
    if said is None:
        return None
    return "kept" if said[1] == "Kept" else "revised"


def outcome(annotation: Annotation) -> Outcome:
    """What came of asking for a label.

    `kept` and `revised` have one; without a reviewer every label is kept. `unusable`: an answer
    came and could not be used; `missing`: none came; `abstained`: the annotator chose to give none.
    """
    if annotation.label is not None:
        return verdict(annotation) or "kept"
    if is_unusable(annotation):
        return "unusable"
    return "missing" if is_missing(annotation) else "abstained"


def strategy_of(source: Source) -> StrategyName | None:
    """The strategy that labelled; None where a person did, or a bundle."""
    if source.kind not in ("embedded", "llm"):
        return None
    if source.kind == "embedded" and source.name == EMBEDDED.name:
        return "single"
    first = source.name.partition(" ")[0]
    return next((name for name in STRATEGIES if name == first), None)


def first_stages(source: Source) -> tuple[Source, ...]:
    """Under which sources the first stage of a `two-stage` source may stand, the likeliest first.

    Empty for other strategies.
    """
    if strategy_of(source) != "two-stage":
        return ()
    if source.kind == "embedded":
        return replace(source, name="single"), EMBEDDED
    teacher = source.name.partition(" ")[2].partition(_JOINT)[0]
    return (Source("llm", f"single {teacher}", source.version.partition("+")[0]),)


@dataclass(frozen=True, slots=True)
class Asked:
    """A task that a strategy puts to a model; as kept answers are filed."""

    task: str
    version: str
    model: str


def asked(source: Source) -> tuple[Asked, ...]:
    """What a source asks of language models; empty where it asks nobody.

    Strategies may share a task: what one of them asked is kept, and the other does not pay again.

    Raises:
        ValueError: the source is none that a strategy of this program names itself by.
    """
    if source.kind != "llm":
        return ()
    strategy = strategy_of(source)
    models = source.name.partition(" ")[2]
    if strategy == "ensemble":
        found = (one for member in _members(models, source.version) for one in asked(member))
        return tuple(dict.fromkeys(found))
    if strategy == "two-stage":
        teacher, _, critic = models.partition(_JOINT)
        first, _, review = source.version.partition("+")
        reviewer = Asked("label-review", review, critic or teacher)
        return Asked("label-single", first, teacher), reviewer
    if strategy in ("lara", "clara"):
        number, variant = source.version.split(" ")[-2:]
        return (Asked(f"label-lara-{variant}", number, models),)
    if strategy is None:
        raise ValueError(f"{source.name!r} names no strategy")
    return (Asked(f"label-{strategy}", source.version, models),)


def _members(names: str, version: str) -> Iterator[Source]:
    """The sources whose names and versions an ensemble's are put together from."""
    versions = version.split(" ", 2)[2].split("+")
    for name in _split_names(names.split(_JOINT)):
        parts = 2 if name.startswith("two-stage ") else 1
        yield Source("llm", name, "+".join(versions[:parts]))
        versions = versions[parts:]


def _split_names(parts: Sequence[str]) -> list[str]:
    """Join the names of a strategy's models to it again: [two-stage a, b, lara a] -> two."""
    names: list[str] = []
    for part in parts:
        if not names or part.partition(" ")[0] in STRATEGIES:
            names.append(part)
        else:
            names[-1] += _JOINT + part
    return names
