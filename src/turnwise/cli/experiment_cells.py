"""How figures of an experiment are written in a cell of a table."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING

from turnwise.cli.console import percent

if TYPE_CHECKING:
    from turnwise.evaluation.experiment.figures import Measure
    from turnwise.evaluation.experiment.metrics import Unit
    from turnwise.evaluation.experiment.testing import Tested
    from turnwise.evaluation.figures import Estimate

DASH = "–"


def measure_cell(one: Measure, unit: Unit) -> str:
    """Value and sessions; interval; median where there is one: a line each."""
    if one.estimate is None:
        return DASH
    of, median = f" of {one.sessions:,}", ""
    if one.median is not None:
        median = f"\nmedian {_number(one.median, unit)}"
    return f"{_number(one.estimate.value, unit)}{of}\n{_interval(one.estimate, unit)}{median}"


def _interval(one: Estimate, unit: Unit) -> str:
    if one.low is None or one.high is None:
        return DASH
    return f"{_number(one.low, unit)} to {_number(one.high, unit)}"


def difference_cell(tested: Tested, unit: Unit, between: str = "\n") -> str:
    """In points of percent; a ratio for seconds."""
    one = tested.difference
    if one is None:
        return DASH
    interval = ""
    if one.low is not None and one.high is not None:
        interval = f"{between}({_change(one.low, unit)} to {_change(one.high, unit)})"
    points = " points" if unit == "share" else ""
    return f"{_change(one.value, unit)}{points}{interval}"


def _change(value: float, unit: Unit) -> str:
    if unit == "share":
        return f"{100 * value:+.1f}"
    return f"×{value:.2f}" if unit == "seconds" else _cost(value, "+")


def _number(value: float, unit: Unit) -> str:
    if unit == "share":
        return percent(value)
    return f"{value:,.0f} s" if unit == "seconds" else _cost(value)


def _cost(value: float, sign: str = "") -> str:
    """With two significant digits: amounts may be tiny."""
    digits = max(2, 1 - floor(log10(abs(value)))) if value else 2
    return f"{value:{sign},.{digits}f}"


def doubtful(tested: Tested) -> bool:
    """Whether there is a p, and something to say against it."""
    return tested.p is not None and bool(tested.note)
