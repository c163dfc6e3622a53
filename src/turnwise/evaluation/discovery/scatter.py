"""The map as a drawing: a dot per utterance, coloured by cluster, with names.

It is written as SVG by hand: a plotting library makes an element of every dot, and places labels
without a look at each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from turnwise.clusters import Discovery, Rows
from turnwise.evaluation.discovery.labels import Label, place_labels
from turnwise.evaluation.discovery.map import Layout, Points
from turnwise.evaluation.discovery.shown import clipped
from turnwise.evaluation.drawing import Figure, colour

_EXTENT = (1040.0, 700.0)
_MARGIN = 14.0
# Of middling lightness, so that each is seen on light and on dark ground.
COLOURS = (
    "#2f7fb8",
    "#d9822b",
    "#4f9a4a",
    "#c9525c",
    "#8a6cc0",
    "#a07250",
    "#cf6fae",
    "#229a93",
    "#a39628",
    "#5f7bdc",
    "#e0785a",
    "#4ba3c3",
)
HALO = "paint-order:stroke;stroke:var(--surface);stroke-width:3.5px;stroke-linejoin:round"
_HOW_DRAWN = {
    "UMAP": "Laid out by UMAP, which keeps neighbours together, and stretched where it is crowded; "
    "distances, sizes and directions mean nothing, and another machine draws another picture.",
    "PCA": "Laid out along the two principal components of the vectors, which shows but a part of "
    "what sets utterances apart: clusters that overlap here may lie well apart.",
}


def draw_map(discovery: Discovery, layout: Layout) -> Figure:
    """Draw the map; the largest clusters are named, others numbered as far as there is room.

    A number is a cluster's place by turns, from 1, as in the table of intents. A pointer that
    rests on a dot is told its cluster, by the browser itself.
    """
    upright = np.stack([layout.points[:, 0], 1 - layout.points[:, 1]], axis=1)
    places = (_MARGIN + upright * (np.array(_EXTENT) - 2 * _MARGIN)).astype(np.float32)
    groups = [_drawn(one.members, layout.rows) for one in discovery.clusters]
    centres = [_centre(places[group]) for group in groups]
    size = _dot_size(len(places))
    none = np.setdiff1d(np.arange(len(places)), np.concatenate([np.zeros(0, np.intp), *groups]))
    parts = [_dots(places[none], colour("third"), 0.8 * size, "unclustered")]
    colours = _colours(centres)
    for place, one in enumerate(discovery.clusters):
        told = f"{place + 1}. {clipped(one.name.name)}, {one.turns:,} turns"
        parts.append(_dots(places[groups[place]], colours[place], size, told))
    names = [one.name.name for one in discovery.clusters]
    parts += map(_text, place_labels(names, centres, places, _EXTENT))
    width, height = _EXTENT
    svg = (
        f'<svg role="img" aria-label="Map of the utterances" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">{"".join(parts)}</svg>'
    )
    return Figure("Utterances of like meaning lie together", svg, _reading(discovery, layout))


def _reading(discovery: Discovery, layout: Layout) -> str:
    left_out = len(discovery.utterances) - len(layout.rows)
    sample = (
        f" Of {len(discovery.utterances):,} a sample of {len(layout.rows):,} is drawn, the same "
        "share of each cluster."
        if left_out
        else ""
    )
    coloured = (
        ", a colour a cluster; colours recur, but not side by side where that can be helped. Grey "
        "belongs to none. The largest clusters are named; a number is a cluster's place in the "
        "table of intents"
    )
    meaning = f"A dot is an utterance{coloured if discovery.clusters else ''}."
    return f"{meaning} {_HOW_DRAWN[layout.method]}{sample}"


def _drawn(members: Sequence[int], rows: Rows) -> Rows:
    """Positions on the map of those members that are drawn."""
    wanted = np.asarray(members, dtype=np.intp)
    return np.flatnonzero(np.isin(rows, wanted))


def _centre(places: Points) -> tuple[float, float]:
    """The dot nearest to the middle one: a cluster in two parts has its name on one of them."""
    if not len(places):
        return (_EXTENT[0] / 2, _EXTENT[1] / 2)
    middle = np.median(places, axis=0)
    x, y = places[np.square(places - middle).sum(axis=1).argmin()]
    return float(x), float(y)


def _colours(centres: Sequence[tuple[float, float]]) -> list[str]:
    """For each cluster the colour whose nearest bearer so far is farthest away."""
    where: NDArray[np.float64] = np.array(centres, dtype=np.float64).reshape(-1, 2)
    chosen = np.zeros(len(where), dtype=np.intp)
    for place in range(len(where)):
        nearest = np.full(len(COLOURS), np.inf)
        away = np.square(where[:place] - where[place]).sum(axis=1)
        np.minimum.at(nearest, chosen[:place], away)
        chosen[place] = nearest.argmax()
    return [COLOURS[one] for one in chosen]


def _dot_size(count: int) -> float:
    """In pixels: what lets some of the ground be seen between so many."""
    return float(np.clip(110 / max(count, 1) ** 0.4, 2.2, 9.0))


def _dots(places: Points, drawn_in: str, size: float, told: str) -> str:
    """Dots of one colour as one line of no length, round at both ends, for each."""
    if not len(places):
        return ""
    moves = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)
    return (
        f'<path d="{moves}" fill="none" stroke="{drawn_in}" stroke-width="{size:.1f}" '
        f'stroke-linecap="round" stroke-opacity="0.7"><title>{escape(told)}</title></path>'
    )


def _text(label: Label) -> str:
    return "".join(_text_parts(label))


def _text_parts(label: Label) -> Iterator[str]:
    ink = colour("ink")
    if label.is_away:
        x, y = label.centre
        yield (
            f'<path d="M{x:.1f} {y:.1f}L{label.x:.1f} {label.y:.1f}" stroke="{ink}" '
            'stroke-opacity="0.5" stroke-width="0.8"/>'
        )
    yield (
        f'<text x="{label.x:.1f}" y="{label.y + 0.35 * label.size:.1f}" fill="{ink}" '
        f'font-size="{label.size:g}" font-weight="600" text-anchor="middle" '
        f'pointer-events="none" style="{HALO}">{escape(label.text)}</text>'
    )
