"""What a reader of a label report should know before believing a figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from turnwise.evaluation.labelling.figures import LabelReport

FEW = 100  # turns with gold; 95% of samples of as many lie within ten points of the truth


def notes(report: LabelReport) -> LabelReport:
    """The report with its notes."""
    return replace(report, notes=(*_of_gold(report), *_of_spending(report)))


def _of_gold(report: LabelReport) -> Iterator[str]:
    if not report.gold_turns:
        yield (
            "No person labelled any of these turns, so nothing here says how right the labels are. "
            "Agreement is no accuracy: strategies can share a mistake."
        )
        return
    if report.gold_turns < FEW:
        yield f"Only {report.gold_turns:,} turns have gold: small differences mean nothing."
    if report.reviewed_turns:
        yield (
            f"Of the turns with gold, {report.reviewed_turns:,} have it from a review. Reviews are "
            "of turns that were doubtful, so accuracy over all turns is higher than on these."
        )
    if _scored_apart(report):
        yield (
            "The strategies labelled different turns with gold: figures of two strategies are "
            "comparable only as far as their numbers of turns are equal."
        )


def _scored_apart(report: LabelReport) -> bool:
    """Whether strategies have different numbers of turns with gold along a dimension."""
    found = ((one.find(name) for one in report.strategies) for name in report.dimensions)
    return any(
        len({figures.gold.turns if figures and figures.gold else 0 for figures in strategies}) > 1
        for strategies in found
    )


def _of_spending(report: LabelReport) -> Iterator[str]:
    paying = [one for one in report.strategies if one.source.kind == "llm"]
    if not paying:
        return
    yield (
        "Spending is all that the tasks of a strategy were ever asked in this workspace. What "
        "several strategies ask alike is paid once and counted for each: the first stage of "
        "two-stage for single, the prompts of lara for clara, those of its members for an ensemble."
    )
    if any(one.per_correct for one in paying):
        yield (
            "Right labels are estimated: all labels times the share of those with gold that is "
            "right. Dimensions without gold are left out."
        )
    if any(one.spent and one.spent.cost is None for one in paying):
        yield "Cost is not known where the endpoint has no prices in the settings."
    if any(one.spent is None for one in paying):
        yield "Of some strategies no answer is on record, so what they took is not known."
