"""How a label report looks on a terminal; with --json, its figures and where they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from turnwise.cli.console import percent, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from turnwise.evaluation.labelling import LabelReport
    from turnwise.evaluation.labelling.figures import (
        DimensionFigures,
        Outcome,
        StrategyFigures,
    )
    from turnwise.steps.label_report import LabelReportResult

    Cells = tuple[str, ...] | None


PAIRS = 15  # of strategies; more do not fit a screen


def label_report(result: LabelReportResult, json: bool) -> None:
    """Print a label report."""
    figures = result.figures
    if json:
        paths = {"report": str(result.report), "file": str(result.file)}
        print_json({**figures.to_json(), **paths})
        return
    gold = f"{figures.gold_turns:,} of them with gold" if figures.gold_turns else "none with gold"
    print(f"{figures.conversations:,} conversations, {figures.turns:,} customer turns, {gold}")
    _outcomes(figures)
    _gold(figures)
    _stages(figures)
    _agreement(figures)
    _spending(figures)
    for note in figures.notes:
        print(f"Note: {note}")
    print(f"Report: {result.report} (figures: {result.file})")


def _outcomes(figures: LabelReport) -> None:
    asks = any(one.source.kind == "llm" for one in figures.strategies)
    left_out: tuple[Outcome, ...] = ("abstained", "unusable", "missing")
    left_out = left_out if asks else left_out[:1]

    def cells(one: DimensionFigures) -> Cells:
        revised = f"{one.outcomes['revised']:,}" if one.reviewed else ""
        counts = (f"{one.outcomes[name]:,}" for name in left_out)
        return f"{one.turns:,}", f"{one.outcomes['kept']:,}", revised, *counts

    heads = ("turns", "kept", "revised", "abstained", "unusable", "no answer")
    _table("What became of the turns", heads[: 3 + len(left_out)], figures, cells)


def _gold(figures: LabelReport) -> None:
    def cells(one: DimensionFigures) -> Cells:
        if one.gold is None:
            return None
        kept = percent(one.gold.labelled / one.gold.turns)
        accuracy, precision = percent(one.gold.accuracy), _share(one.gold.precision)
        return f"{one.gold.turns:,}", accuracy, precision, kept

    heads = ("with gold", "accuracy", "precision", "share kept")
    _table("Beside the labels of people", heads, figures, cells)


def _stages(figures: LabelReport) -> None:
    def cells(one: DimensionFigures) -> Cells:
        two = one.stages
        if two is None:
            return None
        counts = (f"{n:,}" for n in (two.both, two.only_first, two.only_second, two.neither))
        return *counts, percent(two.first_accuracy), percent(two.second_accuracy)

    heads = ("both", "only 1", "only 2", "neither", "stage 1", "stage 2")
    _table("Which stage is right, and how often each is", heads, figures, cells)


def _table(
    title: str,
    heads: Sequence[str],
    figures: LabelReport,
    cells: Callable[[DimensionFigures], Cells],
) -> None:
    """Print a line per strategy and dimension, under a line with the strategy's name.

    Args:
        cells: of one line; None leaves it out.
    """
    rows: list[Sequence[str]] = []
    for strategy in figures.strategies:
        found = [(one.dimension, cells(one)) for one in strategy.dimensions]
        told = [(f"  {name}", *line) for name, line in found if line is not None]
        if told:
            rows += [(strategy.name, *[""] * len(heads)), *told]
    if rows:
        print_table(title, ("strategy", *heads), rows)


def _agreement(figures: LabelReport) -> None:
    pairs: dict[tuple[str, str], dict[str, str]] = {}
    for one in figures.agreement:
        if one.equal is not None:
            kappa = "" if one.kappa is None else f" ({one.kappa:.2f})"
            cells = pairs.setdefault((one.first, one.second), {})
            cells[one.dimension] = percent(one.equal) + kappa
    rows = [
        (f"{first} / {second}", *(cells.get(name, "") for name in figures.dimensions))
        for (first, second), cells in pairs.items()
    ]
    if rows:
        head = ("strategies", *figures.dimensions)
        print_table("Agreement: equal labels (kappa)", head, rows[:PAIRS])
    if len(rows) > PAIRS:
        print(f"  {len(rows) - PAIRS:,} more pairs stand in the report")


def _spending(figures: LabelReport) -> None:
    rows: list[Sequence[str]] = []
    for strategy in figures.strategies:
        if strategy.source.kind == "llm":
            rows += _spent(strategy)
    if not rows:
        print("Embedded strategies ask no model: no calls, tokens or costs")
        return
    print_table("What it took", ("strategy", "calls", "tokens", "cost"), rows)


def _spent(strategy: StrategyFigures) -> list[Sequence[str]]:
    spent, each = strategy.spent, strategy.per_correct
    if spent is None:
        return [(strategy.name, "", "", ""), ("  not on record", "", "", "")]
    tokens = spent.tokens_in + spent.tokens_out
    rows: list[Sequence[str]] = [
        (strategy.name, "", "", ""),
        ("  in all", _number(spent.calls), _number(tokens), _number(spent.cost)),
    ]
    if each is not None:
        name = f"  for one right label, of about {each.correct:,.0f}"
        rows.append((name, _number(each.calls), _number(each.tokens), _number(each.cost)))
    return rows


def _share(value: float | None) -> str:
    return "" if value is None else percent(value)


def _number(value: float | None) -> str:
    """A number short enough for a table; nothing where it is not known."""
    if value is None:
        return ""
    return f"{value:,.0f}" if isinstance(value, int) or value >= 100 else f"{value:.3g}"
