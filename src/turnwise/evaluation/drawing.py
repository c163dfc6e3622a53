"""What every plot of a report shares: colours, axes, and the way from Altair to inline SVG.

Altair describes a plot and vl-convert draws it, offline. Colours are roles, drawn in their light
form and mapped by the page's style to their dark one (`PALETTE`), so that one drawing serves
both. A drawing holds text and shapes alone: no script, no address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from turnwise.errors import EvaluationError

# Role -> its colour on light and on dark ground; every text colour has a contrast over 4.5.
PALETTE: Mapping[str, tuple[str, str]] = {
    "ink": ("#1d2733", "#e6eaf0"),
    "muted": ("#5b6675", "#a3adba"),
    "line": ("#d8dee6", "#38424f"),
    "model": ("#21618f", "#74b3e2"),
    "first": ("#b36d14", "#e2a452"),
    "second": ("#5f7f3c", "#a3c47c"),
    "third": ("#858e9a", "#8b95a3"),
    "wrong": ("#c2571a", "#ee8e54"),
}
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_LABEL_PIXELS = 190

Rows = Sequence[Mapping[str, str | float | None]]  # what Vega-Lite reads: one mapping a mark
Chart = Any  # an Altair chart; altair is imported where it is used


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot with what a reader needs beside it.

    Attributes:
        title: what it shows.
        svg: the drawing, as `<svg>` markup that `draw` made.
        reading: a sentence or two on how to read it.
    """

    title: str
    svg: str
    reading: str = ""


def colour(role: str) -> str:
    """The light form of a role's colour: what the style replaces on dark ground."""
    return PALETTE[role][0]


def bar_chart(title: str, values: Sequence[tuple[str, float]], reading: str = "") -> Figure:
    """Draw named numbers as horizontal bars, in the order given.

    Args:
        title: what is counted.
        values: name and number; names must differ.
        reading: what a reader should know.
    """
    alt = altair()
    rows: Rows = [{"name": name, "value": float(value)} for name, value in values]
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("name:N", sort=[name for name, _ in values], title=None),
        x=alt.X("value:Q", axis=None),  # each bar has its number beside it
    )
    chart = alt.layer(
        base.mark_bar(color=colour("model"), height=13),
        base.mark_text(align="left", dx=5, color=colour("ink"), fontSize=11).encode(
            text=alt.Text("value:Q", format=",~f")
        ),
    ).properties(width=420, height=alt.Step(22))
    return Figure(title, draw(chart, title), reading)


def altair() -> Any:
    """The plotting library, imported on use.

    Raises:
        EvaluationError: it is not installed; says how to.
    """
    try:
        import altair
    except ImportError as error:
        raise _missing("altair") from error
    return altair


def _missing(package: str) -> EvaluationError:
    return EvaluationError(
        f"the report's plots need {package}; install it with: pip install 'turnwise[report]'"
    )


def data(rows: Rows) -> Any:
    """Rows as Altair takes them, without a data frame."""
    return altair().Data(values=list(rows))


def share_axis(title: str) -> dict[str, Any]:
    """Settings of a position channel for a share in [0, 1], as percentages."""
    alt = altair()
    return {
        "title": title,
        "scale": alt.Scale(domain=[0, 1]),
        "axis": alt.Axis(format=".0%", tickCount=5),
    }


def number_axis() -> Any:
    return altair().Axis(format="~s", tickCount=5, tickMinStep=1, domain=False)


def colour_by(field: str, colours: Mapping[str, str]) -> Any:
    """A colour channel that gives each value of a field its colour; the page holds the legend."""
    alt = altair()
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    return alt.Color(f"{field}:N", scale=scale, legend=None)


def draw(chart: Chart, name: str) -> str:
    """Draw a chart as markup for a page, where it scales with its place.

    Args:
        name: what a screen reader says.

    Raises:
        EvaluationError: vl-convert is not installed; says how to.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise _missing("vl-convert-python") from error
    svg: str = vl_convert.vegalite_to_svg(_styled(chart).to_dict())
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(name)}" ', 1)


def _styled(chart: Chart) -> Chart:
    # A reader's font may be wider than the one that labels are measured with here.
    padding = {"left": 14, "top": 6, "right": 10, "bottom": 4}
    configured = chart.configure(font=_FONT, background="transparent", aria=False, padding=padding)
    return configured.configure_view(stroke=None).configure_axis(
        labelColor=colour("muted"),
        titleColor=colour("muted"),
        labelLimit=_LABEL_PIXELS,
        gridColor=colour("line"),
        domainColor=colour("line"),
        tickColor=colour("line"),
        labelFontSize=11,
        titleFontSize=11,
        titleFontWeight="normal",
        titlePadding=8,
    )
