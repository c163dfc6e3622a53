"""Which label follows which, as a heat map."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from turnwise.evaluation.drawing import Figure, colour
from turnwise.evaluation.generation.shapes import OTHERS, SIZE, box, drawing, named, text, width_of
from turnwise.evaluation.tables import percent

MOST = 20  # labels that have a row; more can't be read
_WIDE, _HIGH = 38.0, 25.0  # of a cell, in pixels
_ANGLE = 40.0  # of the columns' names, in degrees
_GAP = 10.0
_LEGEND = 52.0  # pixels below the cells
_TOTAL = 56.0  # pixels right of them
_STEPS = (0.01, 0.1, 0.25, 0.5, 1.0)  # shares that the legend shows
_WRITTEN = 0.005  # smallest share with a number

Transitions = Mapping[str, Mapping[str, int]]  # a label -> what came right after it -> how often


def transition_map(transitions: Transitions, most: int = MOST) -> Figure:
    """Draw how often one label came right after another.

    Args:
        transitions: by label; at least one.
        most: labels with a row and a column of their own, those that occur in most transitions;
            the others are added up as one.
    """
    names, rows = _folded(transitions, most)
    longest = max(width_of(named(name)) for name in names)
    left = longest + 2 * _GAP
    turned = math.radians(_ANGLE)
    top = longest * math.sin(turned) + 2 * SIZE
    # The last column's name reaches beyond the cells; so do the totals.
    beyond = [
        width_of(named(name)) * math.cos(turned) - _WIDE * (len(names) - at - 0.5)
        for at, name in enumerate(names)
    ]
    width = left + _WIDE * len(names) + max(_TOTAL, *beyond) + _GAP
    height = top + _HIGH * len(names) + _LEGEND
    parts = [*_columns(names, left, top), *_rows(names, rows, left, top)]
    parts += _legend(left, height - _LEGEND + 18)
    svg = drawing(f"What follows what, {len(names)} labels", max(width, 480), height, parts)
    return Figure("What follows what", svg, _reading(names))


def _reading(names: Sequence[str]) -> str:
    rare = f" {named(OTHERS)}: the rarer labels together." if OTHERS in names else ""
    return (
        "A row is the label of a customer turn, a column that of the customer turn right after it. "
        "A number is a share of its row in percent; the larger, the deeper the cell. Framed cells "
        "are turns that keep the label. At the end of a row is the number of transitions that it "
        f"rests on: shares of a few say little.{rare}"
    )


def _folded(transitions: Transitions, most: int) -> tuple[list[str], dict[str, Counter[str]]]:
    """The labels in most transitions, then the others as one, and the row of each."""
    weight: Counter[str] = Counter()
    for before, row in transitions.items():
        for after, count in row.items():
            weight[before] += count
            weight[after] += count
    ranked = sorted(weight, key=lambda one: (-weight[one], one))
    kept = ranked if len(ranked) <= most + 1 else ranked[:most]
    rows: dict[str, Counter[str]] = {}
    for before, row in transitions.items():
        into = rows.setdefault(before if before in kept else OTHERS, Counter())
        for after, count in row.items():
            into[after if after in kept else OTHERS] += count
    return ([*kept, OTHERS] if len(kept) < len(ranked) else kept), rows


def _columns(names: Sequence[str], left: float, top: float) -> Iterator[str]:
    for at, name in enumerate(names):
        x, y = left + _WIDE * (at + 0.5), top - 7
        yield text(x, y, named(name), f'transform="rotate(-{_ANGLE:g} {x:.1f} {y:.1f})"', "muted")


def _rows(
    names: Sequence[str], rows: Mapping[str, Counter[str]], left: float, top: float
) -> Iterator[str]:
    for place, before in enumerate(names):
        y, row = top + _HIGH * place, rows.get(before, Counter[str]())
        base, total = y + _HIGH / 2 + 0.36 * SIZE, row.total()
        yield text(left - _GAP, base, named(before), 'text-anchor="end"', "muted")
        end = left + _WIDE * len(names)
        yield text(end + _TOTAL - _GAP, base, f"{total:,}", 'text-anchor="end"', "muted")
        for at, after in enumerate(names):
            x, share = left + _WIDE * at, row[after] / total if total else 0.0
            told = (
                f"{named(before)} → {named(after)}: {row[after]:,} of {total:,}, {percent(share)}"
            )
            yield _cell((x, y), share, told, before == after)
            if share >= _WRITTEN:
                yield text(x + _WIDE / 2, base, f"{100 * share:.0f}", _CENTRED)


_CENTRED = 'text-anchor="middle" pointer-events="none"'


def _cell(corner: tuple[float, float], share: float, told: str, keeps: bool) -> str:
    frame = f' stroke="{colour("muted")}" stroke-width="1"' if keeps else ""
    inner = (corner[0] + 1, corner[1] + 1)
    return box(inner, (_WIDE - 2, _HIGH - 2), f"{_look(share)}{frame}", told)


def _look(share: float) -> str:
    """Deeper for a larger share; its root, so that small ones are told from none."""
    filled, depth = ("model", 0.08 + 0.62 * math.sqrt(share)) if share else ("line", 0.35)
    return f'rx="3" fill="{colour(filled)}" fill-opacity="{depth:.3f}"'


def _legend(left: float, y: float) -> Iterator[str]:
    base = y + _HIGH / 2 + 0.36 * SIZE
    yield text(left, base, "Share of the row:", role="muted")
    x = left + width_of("Share of the row: ") + _GAP
    for share in _STEPS:
        said = f"{100 * share:.0f}%"
        yield box((x, y + 1), (_WIDE - 2, _HIGH - 2), _look(share), said)
        yield text(x + _WIDE / 2 - 1, base, said, _CENTRED)
        x += _WIDE
