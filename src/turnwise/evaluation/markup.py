"""Tables, figures and the page as HTML: every text that comes from data is escaped here.

The page holds no script and refers to nothing outside itself; its own content policy forbids
both, so that not even a mistake here could load or run something.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from turnwise.evaluation.drawing import PALETTE, Figure
from turnwise.evaluation.figures import Estimate


@dataclass(frozen=True, slots=True)
class Share:
    """A table cell with a share in [0, 1], as a percentage, over a bar of its length if wanted."""

    value: float
    bar: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A table cell with a name behind the colour that stands for it in the plots."""

    text: str
    role: str


@dataclass(frozen=True, slots=True)
class Quotes:
    """A table cell with what customers wrote, each in quotation marks on its own line."""

    texts: tuple[str, ...]


Cell = str | int | float | None | Share | Estimate | Key | Quotes


@dataclass(frozen=True, slots=True)
class Table:
    """A table; columns of numbers are set right, a None is a dash.

    Attributes:
        columns: headings.
        rows: cells, as many as columns; a text is wrapped, a share is written as a percentage,
            an estimate as a percentage with its interval.
        title: above the table.
        note: what a reader should know, below it.
        groups: the first rows of groups, which get a line above.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    note: str = ""
    groups: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report.

    Attributes:
        title: its heading.
        text: an opening paragraph; blank lines part paragraphs.
        tables, figures: what follows, tables first.
    """

    title: str
    text: str = ""
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()


def percent(value: float) -> str:
    """A share as people read it: one decimal, and a true minus."""
    return f"{100 * value:.1f}%".replace("-", "−")


def number(value: float) -> str:
    """A number with thousands apart, and at most three digits after the point."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.3f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")


def table(content: Table) -> str:
    """A table as HTML; it scrolls within its place where that is narrow."""
    numeric = [
        all(isinstance(row[column], int | float | Share | Estimate | None) for row in content.rows)
        for column in range(len(content.columns))
    ]
    classes = ["number" if is_number else "text" for is_number in numeric]
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(column)}</th>'
        for kind, column in zip(classes, content.columns, strict=True)
    )
    body = "".join(
        _row("".join(map(_cell, row, classes)), place in content.groups)
        for place, row in enumerate(content.rows)
    )
    note = f'<p class="note">{escape(content.note)}</p>' if content.note else ""
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{note}"
    )


def _row(cells: str, starts_group: bool) -> str:
    return f'<tr class="group">{cells}</tr>' if starts_group else f"<tr>{cells}</tr>"


def _cell(cell: Cell, kind: str) -> str:
    def plain(text: str) -> str:
        return f'<td class="{kind}">{text}</td>'

    match cell:
        case None:
            return f'<td class="{kind} none">–</td>'
        case Share(value, bar):
            drawn = f'<span style="--part:{100 * value:.1f}%">{percent(value)}</span>'
            return f'<td class="{kind} bar">{drawn}</td>' if bar else plain(percent(value))
        case Estimate(value, low, high):
            return plain(percent(value) + _interval(low, high))
        case Key(text, role):
            return f'<td class="{kind} key">{swatch(role)}{escape(text)}</td>'
        case Quotes(texts):
            return plain("".join(f"<q>{escape(text)}</q>" for text in texts))
        case int() | float():
            return plain(number(cell))
        case _:
            return plain(escape(cell))


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f" <small>{percent(low)[:-1]} to {percent(high)[:-1]}</small>"


def swatch(role: str) -> str:
    return f'<span class="swatch" style="background:var(--{escape(role)})"></span>'


def figure(content: Figure, layout: str = "") -> str:
    """A figure as HTML, its title above and how to read it below, or `beside` it."""
    reading = f"<figcaption>{escape(content.reading)}</figcaption>" if content.reading else ""
    drawing = f'<h3>{escape(content.title)}</h3><div class="scroll">{content.svg}</div>'
    return f'<figure class="{layout}">{drawing}{reading}</figure>'


def section(content: Section, name: str) -> str:
    """A section as HTML; `name` is what links to it use."""
    parts = [paragraph(part) for part in content.text.split("\n\n") if part.strip()]
    parts += [card(table(one), one.title) for one in content.tables]
    parts.append(figures(content.figures))
    return named_section(content.title, name, "".join(parts))


def named_section(title: str, name: str, inner: str) -> str:
    return f'<section id="{escape(name)}"><h2>{escape(title)}</h2>{inner}</section>'


def score_card(title: str, score: Estimate, beside: str = "") -> str:
    """One score, large, with its interval and what it is to be seen beside."""
    between = ""
    if score.low is not None and score.high is not None:
        between = f"<small>95%: {percent(score.low)} to {percent(score.high)}</small>"
    large = f"<strong>{percent(score.value)}</strong>{between}"
    return card(f"{large}<small>{escape(beside)}</small>", title)


def card(inner: str, title: str = "") -> str:
    heading = f"<h3>{escape(title)}</h3>" if title else ""
    return f'<div class="card">{heading}{inner}</div>'


def links(targets: Sequence[tuple[str, str]]) -> str:
    """A line of links to sections, by their names and titles."""
    items = (f'<a href="#{escape(name)}">{escape(title)}</a>' for name, title in targets)
    return f"<nav>{''.join(items)}</nav>"


def heading(text: str) -> str:
    return f"<h1>{escape(text)}</h1>"


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def figures(contents: Sequence[Figure], layout: str = "") -> str:
    """Figures side by side, as many as fit; `uneven` gives the first of two more room."""
    if not contents:
        return ""
    return f'<div class="figures {layout}">{"".join(map(figure, contents))}</div>'


def legend(keys: Sequence[Key]) -> str:
    """What the colours of the plots stand for."""
    items = (f"<li>{swatch(key.role)}{escape(key.text)}</li>" for key in keys)
    return f'<ul class="legend">{"".join(items)}</ul>'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Named facts, in columns."""
    items = (f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in pairs)
    return f"<dl>{''.join(items)}</dl>"


def page(title: str, body: str) -> str:
    """The whole document around a body that is markup already."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_style()}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _style() -> str:
    """The page's style, with the palette's two forms of each colour."""
    light = "".join(f"--{role}:{pair[0]};" for role, pair in PALETTE.items())
    dark = "".join(f"--{role}:{pair[1]};" for role, pair in PALETTE.items())
    drawn = "".join(
        f'svg [fill="{pair[0]}"]{{fill:var(--{role})}}'
        f'svg [stroke="{pair[0]}"]{{stroke:var(--{role})}}'
        for role, pair in PALETTE.items()
    )
    sheet = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    # Paper is light, so the dark form is for screens alone.
    on_dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    return f":root{{{light}}}{on_dark}{drawn}\n{sheet}"
