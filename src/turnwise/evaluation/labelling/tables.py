"""The tables of a label report."""

from __future__ import annotations

from collections.abc import Iterator

from turnwise.evaluation.labelling.figures import (
    DimensionFigures,
    LabelReport,
    PerCorrect,
    Spent,
    StrategyFigures,
)
from turnwise.evaluation.tables import Cell, Share, Table

PRICE = "Cost of 1,000"  # one costs too little to read


def strategy_tables(report: LabelReport) -> tuple[Table, ...]:
    """What became of the turns, and where there is gold how right the labels are."""
    tables = [outcome_table(report)]
    if report.gold_turns:
        tables.append(gold_table(report))
    if has_stages(report):
        tables.append(stage_table(report))
    return tuple(tables)


def has_stages(report: LabelReport) -> bool:
    return any(figures.stages for _, figures in _figures(report))


def outcome_table(report: LabelReport) -> Table:
    """Per strategy and dimension: labels kept, revised, abstained, unusable, missing."""
    rows: list[tuple[Cell, ...]] = []
    for one, figures in _figures(report):
        count = figures.outcomes
        asks = one.source.kind == "llm"
        rows.append(
            (
                _first(one, figures),
                figures.dimension,
                figures.turns,
                Share(figures.labels / figures.turns),
                count["kept"],
                count["revised"] if figures.reviewed else None,
                count["abstained"],
                count["unusable"] if asks else None,
                count["missing"] if asks else None,
            )
        )
    columns = ("Strategy", "Dimension", "Turns", "With a label", "Kept", "Revised")
    return Table(
        (*columns, "Abstained", "Unusable", "No answer"),
        tuple(rows),
        title="What became of the turns",
        note="Kept: a label as it was first given; revised: one that the reviewer put in its "
        "place. Abstained: the annotator chose to give none. Unusable: the model's answer broke "
        "the rules, twice. No answer: none came; the next run asks again.",
        groups=_groups(report),
    )


def gold_table(report: LabelReport) -> Table:
    """Per strategy and dimension: how often it agrees with people."""
    rows: list[tuple[Cell, ...]] = []
    for one, figures in _figures(report):
        gold = figures.gold
        known: tuple[Cell, ...] = (None,) * 4
        if gold:
            precision = None if gold.precision is None else Share(gold.precision)
            known = (gold.turns, Share(gold.accuracy, bar=True), precision)
            known = (*known, Share(gold.labelled / gold.turns))
        rows.append((_first(one, figures), figures.dimension, *known))
    columns = ("Strategy", "Dimension", "Turns with gold", "Accuracy", "Precision", "Share kept")
    return Table(
        columns,
        tuple(rows),
        title="Beside the labels of people",
        note="Accuracy: right of all turns with gold, no label being wrong. Precision: right of "
        "those that got a label, the share kept. Where people gave several labels any is right.",
        groups=_groups(report),
    )


def stage_table(report: LabelReport) -> Table:
    """Both stages of reviewed strategies: which of them is right how often."""
    rows: list[tuple[Cell, ...]] = []
    groups: set[int] = set()
    for one in report.strategies:
        staged = [figures for figures in one.dimensions if figures.stages]
        if staged:
            groups.add(len(rows))
        for place, figures in enumerate(staged):
            rows.append((one.name if place == 0 else "", *_stage_cells(figures)))
    columns = ("Strategy", "Dimension", "Turns", "Both right", "Only stage 1", "Only stage 2")
    return Table(
        (*columns, "Neither", "Stage 1", "Stage 2"),
        tuple(rows),
        title="The two stages beside the labels of people",
        note="Turns by which stage is right, then the accuracy of each. Only stage 2: the "
        "reviewer mended a mistake. Only stage 1: it made one. A stage that gave no label is not "
        "right.",
        groups=frozenset(groups),
    )


def _stage_cells(figures: DimensionFigures) -> tuple[Cell, ...]:
    stages = figures.stages
    assert stages is not None
    return (
        figures.dimension,
        stages.turns,
        stages.both,
        stages.only_first,
        stages.only_second,
        stages.neither,
        Share(stages.first_accuracy),
        Share(stages.second_accuracy),
    )


def spending_table(report: LabelReport) -> Table:
    """Per strategy that asks models: answers, calls, tokens and cost."""
    return Table(
        ("Strategy", "Answers", "Unusable", "Calls", "Tokens in", "Tokens out", "Cost"),
        tuple((one.name, *_spent_cells(one.spent)) for one in paying(report)),
        title="In all",
        note="Calls: requests to the endpoint, repetitions and repairs counted. Cost: in the money "
        "of the prices that the settings give.",
    )


def per_correct_table(report: LabelReport) -> Table:
    """Per strategy that asks models: what one right label took."""
    return Table(
        ("Strategy", "Right labels, estimated", "From labels with gold", "Calls", "Tokens", PRICE),
        tuple((one.name, *_correct_cells(one.per_correct)) for one in paying(report)),
        title="For one right label",
        note="A label is of one dimension of one turn. Right labels are all labels times the share "
        "of those with gold that is right; calls and tokens are for one of them.",
    )


def paying(report: LabelReport) -> tuple[StrategyFigures, ...]:
    """The strategies that ask models; the others take computing time alone."""
    return tuple(one for one in report.strategies if one.source.kind == "llm")


def _spent_cells(spent: Spent | None) -> tuple[Cell, ...]:
    if spent is None:
        return (None,) * 6
    counts = (spent.answers, spent.unusable, spent.calls, spent.tokens_in, spent.tokens_out)
    return (*counts, spent.cost)


def _correct_cells(one: PerCorrect | None) -> tuple[Cell, ...]:
    if one is None:
        return (None,) * 5
    tokens = None if one.tokens is None else round(one.tokens)
    calls = None if one.calls is None else round(one.calls, 2)
    cost = None if one.cost is None else 1_000 * one.cost
    return (round(one.correct), one.scored, calls, tokens, cost)


def _figures(report: LabelReport) -> Iterator[tuple[StrategyFigures, DimensionFigures]]:
    for one in report.strategies:
        for figures in one.dimensions:
            yield one, figures


def _first(one: StrategyFigures, figures: DimensionFigures) -> str:
    """The strategy's name, on its first row alone."""
    return one.name if figures is one.dimensions[0] else ""


def _groups(report: LabelReport) -> frozenset[int]:
    return frozenset(
        place
        for place, (one, figures) in enumerate(_figures(report))
        if figures is one.dimensions[0]
    )
