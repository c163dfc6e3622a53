"""Where names stand on the map: as near to their clusters as they can without overlapping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from turnwise.evaluation.discovery.map import Points
from turnwise.evaluation.discovery.shown import columns, fitting

SIZE = 12.0  # of a name's letters, in pixels
SMALL = 10.0  # of a number's
_MOST_NAMES = 40  # the others go by number: more names would hide the dots
_MOST_LABELS = 300
_NAME = 30  # columns of a name
_COLUMN = 0.56  # of the letters' size; a generous mean over fonts
_LINE = 1.3
_CELL = 8.0  # pixels
_HIDING = 100.0  # what covering a name's whole place with dots weighs, in places further away
# Where a name is tried, nearest first: lines below its cluster's centre, and its widths aside.
_TRIED = sorted(
    ((aside, down) for aside in (0, -0.55, 0.55, -1.1, 1.1) for down in (0, -1, 1, -2, 2, -3, 3)),
    key=lambda place: (abs(place[0]) * 3 + abs(place[1]), place),
)


@dataclass(frozen=True, slots=True)
class Label:
    """A name or a number, around its place on the drawing.

    Attributes:
        text: that is written; size: of its letters. x, y: its middle.
        centre: of its cluster. width, height: of the text.
    """

    text: str
    size: float
    x: float
    y: float
    centre: tuple[float, float]
    width: float
    height: float

    @property
    def is_away(self) -> bool:
        """Whether a line must lead from the cluster's centre to it."""
        x, y = self.centre
        return abs(x - self.x) > self.width / 2 or abs(y - self.y) > 1.2 * self.height

    def overlaps(self, other: Label) -> bool:
        aside = 2 * abs(self.x - other.x) < self.width + other.width
        return aside and 2 * abs(self.y - other.y) < self.height + other.height

    def is_inside(self, extent: tuple[float, float]) -> bool:
        across = self.width / 2 <= self.x <= extent[0] - self.width / 2
        return across and self.height / 2 <= self.y <= extent[1] - self.height / 2


def place_labels(
    names: Sequence[str],
    centres: Sequence[tuple[float, float]],
    dots: Points,
    extent: tuple[float, float],
) -> list[Label]:
    """Place as many labels as there is room for.

    Args:
        names: of clusters, the most important first; a name that finds no place becomes a number,
            its place from 1, and a number without one is left out.
        centres: of the clusters on the drawing.
        dots: all that are drawn, Float32[n, 2], in pixels; labels avoid hiding them.
        extent: width and height of the drawing.
    """
    ground = _Ground(dots, extent)
    placed: list[Label] = []
    unnamed: list[int] = []
    for at, name in enumerate(names[:_MOST_LABELS]):
        text = fitting(name, _NAME)
        if at >= _MOST_NAMES or not _put(_choices(text, SIZE, centres[at]), placed, ground):
            unnamed.append(at)
    for at in unnamed:
        _put(islice(_choices(str(at + 1), SMALL, centres[at]), 3), placed, ground)
    return placed


class _Ground:
    """Which parts of the drawing are covered with dots, in cells of some pixels."""

    def __init__(self, dots: Points, extent: tuple[float, float]) -> None:
        self.extent = extent
        shape = (int(extent[1] // _CELL) + 2, int(extent[0] // _CELL) + 2)
        covered = np.zeros(shape, dtype=np.int64)
        cells = (dots // _CELL).astype(np.intp) + 1
        covered[cells[:, 1], cells[:, 0]] = 1
        self._sums = covered.cumsum(axis=0).cumsum(axis=1)  # of all cells above and to the left

    def hidden(self, label: Label) -> float:
        """Share of the cells under a label that hold a dot."""
        left, right = (int((label.x + half * label.width) // _CELL) for half in (-0.5, 0.5))
        top, bottom = (int((label.y + half * label.height) // _CELL) for half in (-0.5, 0.5))
        sums = self._sums
        inside = sums[bottom + 1, right + 1] - sums[top, right + 1]
        inside -= sums[bottom + 1, left] - sums[top, left]
        return float(inside) / ((bottom - top + 1) * (right - left + 1))


def _put(choices: Iterable[Label], placed: list[Label], ground: _Ground) -> bool:
    """Place a label where it hides little and is near; `choices` come the nearest first."""
    free = [
        (rank + _HIDING * ground.hidden(label), rank, label)
        for rank, label in enumerate(choices)
        if label.is_inside(ground.extent) and not any(map(label.overlaps, placed))
    ]
    if free:
        placed.append(min(free, key=lambda one: one[:2])[2])
    return bool(free)


def _choices(text: str, size: float, centre: tuple[float, float]) -> Iterator[Label]:
    width, height = (columns(text) + 1) * size * _COLUMN, size * _LINE
    for aside, down in _TRIED:
        x, y = centre[0] + aside * width, centre[1] + down * height
        yield Label(text, size, x, y, centre, width, height)
