"""The plots of a label report: precision against share kept, and agreement."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from turnwise.evaluation.drawing import Figure, Rows, altair, colour, data, draw, share_axis
from turnwise.evaluation.labelling.figures import Agreement, LabelReport, StrategyFigures

SURE_TURNS = 20  # fewer are noise, and are not drawn
CURVE_READING = (
    "Keep only the surest labels and drop the rest: how right are those that are kept? A line "
    "should fall to the right; a flat one means that the strategy's confidence tells nothing. It "
    f"ends where the labels do. Points on fewer than {SURE_TURNS} turns are not drawn."
)
AGREEMENT_READING = (
    "Share of equal labels, on turns to which both strategies gave one; below it Cohen's kappa, "
    "which takes off what the frequencies of the labels alone would give: 1 is full agreement, 0 "
    "is chance."
)
_ROLES = ("model", "first", "second", "ink", "third")
_DASHES = ([1, 0], [6, 3], [2, 3])  # once the colours are used up
_CELL = 64
_NAME = 26  # characters in a line of a name
_EVEN = 0.5  # agreement from which a cell gets deeper


def kinds_with_curves(report: LabelReport, dimension: str) -> tuple[str, ...]:
    """The kinds of annotators that there is a curve of."""
    found = (one.source.kind for one in report.strategies if _curve_rows([one], dimension))
    return tuple(dict.fromkeys(found))


def precision_chart(report: LabelReport, dimension: str, kind: str, width: int) -> Figure:
    """Precision of the surest labels of every strategy of a kind, along one dimension."""
    alt = altair()
    strategies = [one for one in report.strategies if one.source.kind == kind]
    rows = _curve_rows(strategies, dimension)
    names = [_short(one) for one in strategies]
    colours = [colour(_ROLES[place % len(_ROLES)]) for place in range(len(names))]
    dashes = [_DASHES[place // len(_ROLES) % len(_DASHES)] for place in range(len(names))]
    legend = alt.Legend(
        title=None,
        orient="bottom",
        columns=2,
        columnPadding=34,
        labelLimit=max(200, width // 2),
        labelColor=colour("ink"),
        symbolType="stroke",
        symbolSize=300,
        symbolStrokeWidth=2.5,
    )
    lowest = min((float(str(row["precision"])) for row in rows), default=0.0)
    precision = share_axis("precision of the labels kept")
    precision["scale"] = alt.Scale(domain=[max(0, int(lowest * 10) - 1) / 10, 1])
    chart = (
        alt.Chart(data(rows))
        .mark_line(strokeWidth=2, strokeJoin="round")
        .encode(
            x=alt.X("share:Q", **share_axis("share kept, of the turns with gold")),
            y=alt.Y("precision:Q", **precision),
            color=alt.Color(
                "strategy:N", scale=alt.Scale(domain=names, range=colours), legend=legend
            ),
            strokeDash=alt.StrokeDash(
                "strategy:N", scale=alt.Scale(domain=names, range=dashes), legend=legend
            ),
        )
        .properties(width=width, height=220)
    )
    title = f"{dimension}, {kind}"
    return Figure(title, draw(chart, f"Precision against share kept, {title}"))


def _short(one: StrategyFigures) -> str:
    """The name without its kind."""
    return one.name.removeprefix(one.source.kind).strip() or one.name


def _curve_rows(strategies: Sequence[StrategyFigures], dimension: str) -> Rows:
    return [
        {"strategy": _short(one), "share": point.share, "precision": point.precision}
        for one in strategies
        if (figures := one.find(dimension)) and figures.gold
        for point in figures.gold.curve
        if point.turns >= SURE_TURNS
    ]


def agreement_chart(report: LabelReport, dimension: str) -> Figure:
    """Share of equal labels of every two strategies, with Cohen's kappa, along one dimension."""
    alt = altair()
    # Columns are told by number: names would have to be slanted.
    number = {one.name: str(at) for at, one in enumerate(report.strategies, start=1)}
    named = {
        name: "\n".join(wrap(f"{at}  {name}", _NAME, break_on_hyphens=False))
        for name, at in number.items()
    }
    rows: Rows = [
        {
            "first": number[one.first],
            "second": named[one.second],
            "equal": f"{one.equal:.0%}",
            "kappa": _kappa(one),
            "depth": one.equal,
        }
        for one in report.agreement
        if one.dimension == dimension and one.equal is not None
    ]
    bare = {"domain": False, "ticks": False}
    lines = alt.Axis(
        labelExpr="split(datum.label, '\\n')", labelLineHeight=12, minExtent=165, **bare
    )
    base = alt.Chart(data(rows)).encode(
        x=alt.X(
            "first:N",
            title=None,
            scale=alt.Scale(domain=[*number.values()][:-1]),
            axis=alt.Axis(orient="bottom", labelAngle=0, **bare),
        ),
        y=alt.Y("second:N", title=None, scale=alt.Scale(domain=[*named.values()]), axis=lines),
    )
    scale = alt.Scale(domain=[_EVEN, 1], range=[0.08, 0.6], clamp=True)
    cells = base.mark_rect(cornerRadius=4, color=colour("model")).encode(
        opacity=alt.Opacity("depth:Q", legend=None, scale=scale)
    )
    share = base.mark_text(fontSize=13, dy=-6, color=colour("ink")).encode(text="equal:N")
    kappa = base.mark_text(fontSize=10.5, dy=9, color=colour("ink")).encode(text="kappa:N")
    chart = alt.layer(cells, share, kappa).properties(width=alt.Step(_CELL), height=alt.Step(42))
    return Figure(dimension, draw(chart, f"Agreement of strategies, {dimension}"))


def _kappa(one: Agreement) -> str:
    return "" if one.kappa is None else f"κ {one.kappa:.2f}".replace("-", "−")
