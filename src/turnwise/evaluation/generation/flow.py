"""How conversations go on from their first customer turn, as a flow from one to the next.

A Sankey diagram: a column a turn, a bar a label as high as its conversations are many, and bands
between them for those that go from one to the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from turnwise.evaluation.discovery.scatter import COLOURS, HALO
from turnwise.evaluation.drawing import Figure, colour
from turnwise.evaluation.generation.shapes import SIZE, box, drawing, named, text, width_of
from turnwise.evaluation.tables import percent

MOST = 12  # labels that have a bar of their own: there are no more colours
_TURNS = ("First customer turn", "Second", "Third")
_HEIGHT = 440.0  # pixels for all conversations
_BAR = 16.0
_LEAST, _GAP = 15.0, 6.0  # the room that a bar's name needs, and what is between two
_TOP, _AIR = 36.0, 12.0
_BETWEEN = 300.0  # from bar to bar across
_LABEL, _OTHERS, _UNLABELLED, _ENDED = range(4)
_NAMES = {_OTHERS: "(all others)", _UNLABELLED: "(no label)", _ENDED: "(ended)"}

Openings = Mapping[tuple[str | None, ...], int]
Node = tuple[int, str]  # what it is, and a label's name


def opening_flow(openings: Openings, most: int = MOST) -> Figure:
    """Draw how conversations begin and go on.

    Args:
        openings: labels of the first one to three customer turns, None for a turn without one ->
            conversations; at least one.
        most: labels with a bar of their own, the most frequent ones; the others are added up.
    """
    labels = Counter[str]()
    for opening, count in openings.items():
        labels.update({label: count for label in opening if label is not None})
    ranked = sorted(labels, key=lambda one: (-labels[one], one))
    kept = ranked if len(ranked) <= most + 1 else ranked[:most]
    layout = _Layout(_paths(openings, frozenset(kept)), kept)
    parts = [*layout.bands(), *layout.bars()]
    svg = drawing("How conversations begin", layout.width, layout.height, parts)
    return Figure("How conversations begin", svg, _READING)


_READING = (
    "A bar is the label of a customer turn, as high as the conversations are many that carry it "
    "there; a band leads to the label of the next turn. Percentages are of all conversations. A "
    "pointer that rests on a band is told how many it stands for."
)


def _paths(openings: Openings, kept: frozenset[str]) -> Counter[tuple[Node, ...]]:
    """Openings with the rare labels as one, and an end where they end."""
    found: Counter[tuple[Node, ...]] = Counter()
    for opening, count in openings.items():
        nodes = [_node(label, kept) for label in opening[: len(_TURNS)]]
        if len(nodes) < len(_TURNS):
            nodes.append((_ENDED, ""))
        found[tuple(nodes)] += count
    return found


def _node(label: str | None, kept: frozenset[str]) -> Node:
    if label is None:
        return (_UNLABELLED, "")
    return (_LABEL, label) if label in kept else (_OTHERS, "")


@dataclass(slots=True)
class _Bar:
    """A bar, and how far down its sides bands are attached already."""

    x: float
    y: float
    height: float
    count: int
    came: float = field(init=False)
    left: float = field(init=False)

    def __post_init__(self) -> None:
        self.came = self.left = self.y


class _Layout:
    """Where everything stands."""

    def __init__(self, paths: Counter[tuple[Node, ...]], kept: Sequence[str]) -> None:
        self._rank = {(_LABEL, label): place for place, label in enumerate(kept)}
        self._total = paths.total()
        deepest = max(map(len, paths))
        columns = [Counter[Node]() for _ in range(deepest)]
        self._flows = [Counter[tuple[Node, Node]]() for _ in range(deepest - 1)]
        for path, count in paths.items():
            for column, node in zip(columns, path, strict=False):
                column[node] += count
            for flow, pair in zip(self._flows, pairwise(path), strict=False):
                flow[pair] += count
        widest = [
            max(width_of(self._said(node, count)) for node, count in column.items())
            for column in columns
        ]
        left = max(widest[0], width_of(_TURNS[0])) + 2 * _AIR
        self._columns = [
            self._stacked(column, left + at * _BETWEEN) for at, column in enumerate(columns)
        ]
        self.width = left + (deepest - 1) * _BETWEEN + _BAR + widest[-1] + 2 * _AIR
        lowest = (bar.y + bar.height for column in self._columns for bar in column.values())
        self.height = max(lowest) + _LEAST + _AIR

    def _order(self, node: Node) -> tuple[int, int]:
        return node[0], self._rank.get(node, 0)

    def _stacked(self, column: Counter[Node], x: float) -> dict[Node, _Bar]:
        """The bars of a column from top to bottom, each with room for its name."""
        bars, y = {}, _TOP
        for node in sorted(column, key=self._order):
            height = _HEIGHT * column[node] / self._total
            room = max(height, _LEAST)
            bars[node] = _Bar(x, y + (room - height) / 2, height, column[node])
            y += room + _GAP
        return bars

    def bands(self) -> Iterator[str]:
        for flow, sources, targets in zip(
            self._flows, self._columns, self._columns[1:], strict=False
        ):
            pairs = sorted(flow, key=lambda pair: (self._order(pair[0]), self._order(pair[1])))
            for pair in pairs:
                source, target = sources[pair[0]], targets[pair[1]]
                height = _HEIGHT * flow[pair] / self._total
                said = f"{_name(pair[0])} → {_name(pair[1])}: {self._of_all(flow[pair])}"
                look = f'fill="{self._colour(pair[0])}" fill-opacity="0.3"'
                start, end = (source.x + _BAR, source.left), (target.x, target.came)
                yield _band(start, end, height, look, said)
                source.left += height
                target.came += height

    def bars(self) -> Iterator[str]:
        last = len(self._columns) - 1
        for at, column in enumerate(self._columns):
            for node, bar in column.items():
                said = self._said(node, bar.count)
                look = f'fill="{self._colour(node)}"'
                told = f"{_name(node)}: {self._of_all(bar.count)}"
                yield box((bar.x, bar.y), (_BAR, max(bar.height, 1)), look, told)
                base = bar.y + bar.height / 2 + 0.36 * SIZE
                if at == 0:
                    yield text(bar.x - 6, base, said, 'text-anchor="end"')
                else:
                    halo = "" if at == last else f'style="{HALO}" pointer-events="none"'
                    yield text(bar.x + _BAR + 6, base, said, halo)
            x = next(iter(column.values())).x
            where = (x + _BAR, 'text-anchor="end"') if at == 0 else (x, "")
            yield text(where[0], _TOP - 16, _TURNS[at], f'font-weight="600" {where[1]}', "muted")

    def _said(self, node: Node, count: int) -> str:
        return f"{_name(node)}  {percent(count / self._total)}"

    def _of_all(self, count: int) -> str:
        return f"{count:,} of {self._total:,} conversations"

    def _colour(self, node: Node) -> str:
        place = self._rank.get(node)
        return colour("third") if place is None else COLOURS[place % len(COLOURS)]


def _name(node: Node) -> str:
    return named(node[1]) if node[0] == _LABEL else _NAMES[node[0]]


def _band(
    start: tuple[float, float], end: tuple[float, float], height: float, look: str, told: str
) -> str:
    """A band of one height from the right of one bar to the left of another."""
    (x, y), (to_x, to_y) = start, end
    middle = (x + to_x) / 2
    path = (
        f"M{x:.1f} {y:.2f}C{middle:.1f} {y:.2f} {middle:.1f} {to_y:.2f} {to_x:.1f} {to_y:.2f}"
        f"v{height:.2f}C{middle:.1f} {to_y + height:.2f} {middle:.1f} {y + height:.2f} "
        f"{x:.1f} {y + height:.2f}Z"
    )
    return f'<path d="{path}" {look}><title>{escape(told)}</title></path>'
