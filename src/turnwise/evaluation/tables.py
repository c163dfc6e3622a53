"""Tables for people: cells that know how they are written, as HTML with every text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

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


@dataclass(frozen=True, slots=True)
class Explained:
    """A table cell with a name, and what it means in small letters below."""

    text: str
    meaning: str


Cell = str | int | float | None | Share | Estimate | Key | Quotes | Explained


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


def percent(value: float) -> str:
    """A share as people read it: one decimal, and a true minus."""
    return f"{round(100 * value, 1) + 0.0:.1f}%".replace("-", "−")


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
        _row(row, classes, place in content.groups) for place, row in enumerate(content.rows)
    )
    note = f'<p class="note">{escape(content.note)}</p>' if content.note else ""
    size = "narrow" if len(content.columns) <= 3 else "full"
    return (
        f'<div class="scroll"><table class="{size}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{note}"
    )


def _row(row: Sequence[Cell], classes: Sequence[str], starts_group: bool) -> str:
    cells = "".join(_cell(cell, kind) for cell, kind in zip(row, classes, strict=True))
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
        case Explained(text, meaning):
            return (
                f'<td class="{kind} explained">{escape(text)}<small>{escape(meaning)}</small></td>'
            )
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
