"""How drift looks on a terminal; with --json, the report itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from turnwise.cli.console import percent, print_json, print_table

if TYPE_CHECKING:
    from turnwise.serving.drift import Change, Drift, Measure
    from turnwise.steps.drifting import DriftReport
    from turnwise.steps.moved_turns import MovedTurn

LABELS = 10  # that moved most
WIDTH = 96  # characters of a turn
SHOWN = ("trained", "now", "points, 95%")
SAID = {
    "labels": "labels",
    "confidence": "confidence",
    "out_of_domain": "out of domain",
    "score": "out-of-domain score",
}


def report(made: DriftReport, json: bool) -> None:
    if json:
        print_json(made)
        return
    print(_head(made))
    if made.drift is None:
        print(f"Nothing to compare: {made.note}")
    else:
        print(
            f"Beside {made.drift.reference:,} turns held apart at its training: "
            f"{made.drift.verdict}"
        )
        _measures(made.drift)
        _labels(made.drift)
    _trend(made)
    if made.turns:
        told = any(one.text for one in made.turns)
        hint = "" if told else " (no text: 'serving.log_text: true' in turnwise.yaml logs it)"
        print(f"Turns to look at first{hint}")
    for one in made.turns:
        _turn(one)


def _head(made: DriftReport) -> str:
    said = f"{made.bundle}: {made.decisions:,} decisions"
    if made.drift is not None:
        said += f" in {made.drift.conversations:,} conversations"
    if made.first is None or made.last is None:
        return said
    return f"{said}, {_time(made.first)} to {_time(made.last)} UTC"


def _measures(found: Drift) -> None:
    rows = [
        (_name(one), str(one.verdict), f"{one.psi:.2f}", f"{one.distance:.2f}", _p(one))
        for one in found.measures
    ]
    print_table("Distributions", ("", "", "PSI", "JS", "p"), rows)
    figures = [
        (
            f"{one.dimension} mean confidence" if one.dimension else SAID[one.kind],
            *_shown(one.change),
        )
        for one in found.measures
        if one.change is not None
    ]
    print_table("Figures", ("", *SHOWN), figures)


def _labels(found: Drift) -> None:
    rows = [
        (
            f"{one.dimension}: {one.label}",
            *_shown(one.share),
            "" if _beyond(one.share) else "chance",
        )
        for one in found.labels[:LABELS]
    ]
    print_table("Labels that moved most", ("", *SHOWN, "may be"), rows)


def _trend(made: DriftReport) -> None:
    """Dimensions share a column each of their index and confidence: rows must fit a terminal."""
    if not made.trend:
        return
    names = list(dict.fromkeys(name for one in made.trend for name in one.confidence))
    rows = [
        (
            one.start,
            f"{one.decisions:,}",
            " / ".join(f"{one.psi[name]:.2f}" if name in one.psi else "-" for name in names),
            " / ".join(_share(one.confidence.get(name)) for name in names),
            _share(one.out_of_domain),
        )
        for one in made.trend
    ]
    head = (made.every, "turns", "PSI of labels", "mean confidence", "out of domain")
    print_table(f"By {made.every}: {' / '.join(names)}", head, rows)


def _turn(one: MovedTurn) -> None:
    labels = ", ".join(
        f"{name} {given.label} {percent(given.confidence)}" for name, given in one.model.items()
    )
    score = "" if one.out_of_domain is None else f", score {one.out_of_domain:.2f}"
    print(f"  {_line(one.conversation) or '(no id)'}, turn {one.turn} ({one.why}{score}): {labels}")
    if one.text is not None:
        print(f"    {_line(one.text)}")


def _shown(change: Change | None) -> tuple[str, str, str]:
    if change is None:
        return "", "", ""
    interval = f"{100 * change.low:+.1f} to {100 * change.high:+.1f}"
    return percent(change.before), percent(change.now), interval


def _name(one: Measure) -> str:
    return f"{one.dimension} {SAID[one.kind]}".strip()


def _beyond(change: Change) -> bool:
    return change.low > 0 or change.high < 0


def _p(one: Measure) -> str:
    return "<.001" if one.p < 0.001 else f"{one.p:.3f}"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


def _line(text: str) -> str:
    """One line of what a customer sent, without what would move the cursor."""
    shown = "".join(one if one.isprintable() else " " for one in " ".join(text.split()))
    return shown if len(shown) <= WIDTH else f"{shown[: WIDTH - 3]}..."
