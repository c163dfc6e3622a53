"""What hand-drawn charts are put together from: boxes, texts and the drawing around them.

Drawn by hand, a chart needs no plotting library, and has as much room as its labels ask.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from turnwise.evaluation.discovery.shown import columns, fitting
from turnwise.evaluation.drawing import colour

SIZE = 11.5  # of letters, in pixels
# Of their size: how wide a narrow one is, and by how much a capital is wider, in a wide font.
COLUMN, CAPITAL = 0.6, 0.13
LONGEST = 28  # columns of a name
OTHERS = ""  # stands for all labels that are not drawn one by one


def named(label: str) -> str:
    """A label as a chart writes it: on one line, cut where it is too long."""
    return fitting(label, LONGEST) if label != OTHERS else "(all others)"


def width_of(said: str) -> float:
    """How many pixels a text takes."""
    return (columns(said) * COLUMN + sum(map(str.isupper, said)) * CAPITAL) * SIZE


def box(corner: tuple[float, float], size: tuple[float, float], look: str, told: str) -> str:
    """A rectangle that tells something to a pointer that rests on it.

    Args:
        look: attributes, as markup.
    """
    return (
        f'<rect x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{size[0]:.1f}" '
        f'height="{size[1]:.1f}" {look}><title>{escape(told)}</title></rect>'
    )


def text(x: float, y: float, said: str, look: str = "", role: str = "ink") -> str:
    """A text on its base line; `look` is more attributes, as markup."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{SIZE}" fill="{colour(role)}" {look}>'
        f"{escape(said)}</text>"
    )


def drawing(name: str, width: float, height: float, parts: Iterable[str]) -> str:
    """The whole as `<svg>` markup; `name` is what a screen reader says."""
    return (
        f'<svg role="img" aria-label="{escape(name)}" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}">{"".join(parts)}</svg>'
    )
