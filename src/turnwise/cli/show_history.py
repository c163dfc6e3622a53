"""How earlier labels fed back did, on a terminal and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from turnwise.cli.console import percent, print_json, print_table

if TYPE_CHECKING:
    from turnwise.evaluation.figures import Estimate
    from turnwise.steps.history_scores import DimensionHistory, FedBack, HistoryResult

FED_BACK = {
    "text": "nothing (text)",
    "beliefs": "beliefs (labels)",
    "labels": "own label, sure",
    "gold": "a person's label",
}


def history_scores(result: HistoryResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    print(f"Read {result.turns:,} turns of {result.conversations:,} held-back conversations")
    for name, one in result.dimensions.items():
        _dimension(name, one)
    times = result.milliseconds
    print(f"Reading a turn takes {times['text']:.1f} ms by text, {times['labels']:.1f} by labels")


def _dimension(name: str, found: DimensionHistory) -> None:
    if not found.weight:
        said = percent(found.ways["text"].every)
        print(f"{name}: labels of earlier turns did not help at training, none is fed back; {said}")
        return
    places = len(found.ways["text"].by_position)
    positions = [*(str(place) for place in range(1, places)), "later"]
    head = ("fed back", "all", "right", "wrong", *positions)
    rows = [(FED_BACK[way], *_cells(one)) for way, one in found.ways.items()]
    shown = "% right in all, after a turn read right or wrong, by place"
    print_table(f"{name}, weight {found.weight:g}; {shown}", head, rows, names=True)
    print(
        f"Beliefs set {percent(found.mended)} of the turns right and lead {percent(found.broken)} "
        f"astray: {_points(found.gain)}"
    )


def _points(gain: Estimate) -> str:
    """A gain, and its interval where there is one: one conversation alone has none."""
    said = f"{100 * gain.value:+.1f} points"
    if gain.low is None or gain.high is None:
        return said
    return f"{said} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"


def _cells(one: FedBack) -> list[str]:
    shares = (one.every, one.after_right, one.after_wrong, *one.by_position)
    return ["" if share is None else f"{100 * share:.1f}" for share in shares]
