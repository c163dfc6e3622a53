"""Sections, figures and the page as HTML: every text that comes from data is escaped here.

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
from turnwise.evaluation.tables import Key, Table, percent, swatch, table


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
