"""How the report on an experiment looks on a terminal; with --json, the report itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING

from turnwise.cli.console import percent, print_json, print_table
from turnwise.cli.experiment_cells import difference_cell, doubtful, measure_cell
from turnwise.evaluation.experiment.warnings import p_text

if TYPE_CHECKING:
    from turnwise.evaluation.experiment.figures import Comparison, ExperimentReport
    from turnwise.evaluation.experiment.metrics import Unit
    from turnwise.evaluation.experiment.testing import Tested

LEVEL = 0.05  # below which a p of the main metric is told as a difference


def report(made: ExperimentReport, json: bool) -> None:
    if json:
        print_json(made)
        return
    for one in made.warnings:
        _say(f"{'ALARM' if one.kind == 'sample_ratio' else 'Warning'}: {one.text}")
        print()
    ended = "still runs" if made.ended is None else f"ended {_time(made.ended)}"
    print(f"Experiment {made.name}: began {_time(made.started)}, {ended}")
    _sessions(made)
    if not any(one.sessions for one in made.arms):
        return
    for compared in made.comparisons:
        _compared(made, compared)
    _tests(made.comparisons[0])
    print("\nWhat is counted, a session being a conversation that was exposed to an arm:")
    for name, definition in made.definitions.items():
        _say(f"- {name}: {definition}")


def _sessions(made: ExperimentReport) -> None:
    rows = [
        (
            one.bundle + (" (champion)" if one.bundle == made.champion else ""),
            percent(one.share),
            f"{one.exposed:,}",
            f"{one.expected:,.0f}",
            f"{one.sessions:,}",
            f"{made.planned:,}",
        )
        for one in made.arms
    ]
    print_table("Sessions", ("", "share", "exposed", "expected", "counted", "planned"), rows)
    checked = "too few to check" if made.ratio_p is None else f"p {p_text(made.ratio_p)}"
    print(f"Exposed against expected (sample ratio, chi-square test): {checked}")
    if made.other_feedback:
        print(f"Left out: feedback of {made.other_feedback:,} conversations that are none of these")


def _compared(made: ExperimentReport, compared: Comparison) -> None:
    from rich.markup import escape

    champion = made.arms[0].metrics
    challenger = next(one for one in made.arms if one.bundle == compared.challenger).metrics
    rows = [
        (
            name,
            measure_cell(champion[name], unit),
            measure_cell(challenger[name], unit),
            difference_cell(compared.metrics[name], unit),
            p_text(compared.metrics[name].p) + ("*" if doubtful(compared.metrics[name]) else ""),
        )
        for name, unit in _units(compared.metrics).items()
    ]
    doubt = ". Not to be read: see the alarm" if made.mismatch else ""
    title = f"{compared.challenger} against the champion, 95% intervals{doubt}"
    print_table(escape(title), ("", "champion", "challenger", "difference", "p"), rows)
    for note in dict.fromkeys(one.note for one in compared.metrics.values() if one.note):
        names = [name for name, one in compared.metrics.items() if one.note == note]
        star = "* " if doubtful(compared.metrics[names[0]]) else ""
        _say(f"{star}{note}: {', '.join(names)}")
    for name, one in compared.days.items():
        spread = f"{difference_cell(one, 'share', ' ')}, p {p_text(one.p)}"
        _say(f"By day, {name}: {one.note or spread} ({one.test})")
    if not made.mismatch:
        _say(_verdict(made, compared))


def _verdict(made: ExperimentReport, compared: Comparison) -> str:
    """What the main metric says, in a sentence."""
    found, p, name = compared.metrics[made.main], compared.corrected, compared.challenger
    if found.difference is None or p is None:
        return f"Main metric, {made.main}: nothing can be said of {name}"
    challengers = len(made.comparisons)
    why = f"p {p_text(p)}" + (f" by Holm for {challengers} challengers" if challengers > 1 else "")
    spread = difference_cell(found, "share", " ")
    if p >= LEVEL:
        return f"Main metric, {made.main}: no difference of {name} is shown, {spread}, {why}"
    higher = "higher" if found.difference.value > 0 else "lower"
    return f"Main metric, {made.main}: {name} is {higher}, {spread}, {why}"


def _tests(compared: Comparison) -> None:
    print()
    tests: dict[str, list[str]] = {}
    for name, one in compared.metrics.items():
        tests.setdefault(one.test, []).append(name)
    most = max(tests, key=lambda test: len(tests[test]))
    others = "; ".join(f"{', '.join(of)}: {test}" for test, of in tests.items() if test != most)
    _say(
        f"Tests are by session: {most}, each share's own interval by Wilson; {others}. "
        "Holm's correction is for the main metric over the challengers; other p values are not "
        "corrected, and are hints."
    )


def _units(metrics: Mapping[str, Tested]) -> dict[str, Unit]:
    from turnwise.evaluation.experiment.metrics import METRICS

    return {one.name: one.unit for one in METRICS if one.name in metrics}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _say(text: str) -> None:
    print(fill(text, get_terminal_size((100, 24)).columns, subsequent_indent="  "))
