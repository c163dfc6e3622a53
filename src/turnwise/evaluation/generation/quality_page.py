"""How generated conversations compare with the logs, method by method: a section of a report."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from turnwise.evaluation.drawing import Figure, colour
from turnwise.evaluation.generation.shapes import SIZE, box, drawing, text
from turnwise.evaluation.markup import Section
from turnwise.evaluation.tables import Cell, Key, Share, Table, percent

MOST = 8  # pairs of bars in a chart
_COVERED = 0.97  # of the logs' lengths have bars; longer ones share the last pair
_WIDE, _HIGH = 40.0, 120.0  # of a pair of bars, and of the highest, in pixels
_LEFT, _TOP, _BELOW = 12.0, 14.0, 24.0
_LOGS, _MADE = "third", "model"  # roles of the colours

_TEXT = (
    "Each row is measured in the same way. The first is of conversations of the logs that were "
    "held apart: it shows what real ones look like, and how far chance alone moves a figure. No "
    "figure is good by itself: random chains have variety, and copies have the fluency of what "
    "they copy. Near to the logs in all of them is what to look for."
)
_TALK_NOTE = (
    "Perplexity: how unexpected a word of a customer is to an n-gram model of the logs, over turns "
    "that it did not learn word for word; the lower, the more usual. Transition: mean natural "
    "logarithm of the probability that the logs give the next labels; near 0 is probable. Topic "
    "flow: mean cosine of a customer's neighbouring turns. Distinct: share of different words and "
    "pairs of words. Self-BLEU: how alike the conversations are among each other, 1 for all the "
    "same. Rating: of whole conversations, from 1 to 10, where a judge gave one."
)
_LENGTH_NOTE = (
    "Turns are the customer's. More: less the logs' mean. Divergence: of the two distributions, in "
    "bits; 0 is the same, 1 has no length in common. Copied: customer turns that stand in the logs "
    "word for word, and runs of eight words that do; of the logs' own row, in their other "
    "conversations."
)
_READING = "Share of {what}, in percent. Grey: the logs; blue: {name}."


class QualityRow(Protocol):
    """The figures of one set of conversations, NaN where one can't be told: what
    `generation.quality.proxies.Quality` holds."""

    @property
    def name(self) -> str: ...
    @property
    def conversations(self) -> int: ...
    @property
    def turns(self) -> int: ...
    @property
    def perplexity(self) -> float: ...
    @property
    def transitions(self) -> float: ...
    @property
    def topic_flow(self) -> float: ...
    @property
    def distinct_1(self) -> float: ...
    @property
    def distinct_2(self) -> float: ...
    @property
    def self_bleu(self) -> float: ...
    @property
    def rating(self) -> float: ...
    @property
    def words_mean(self) -> float: ...
    @property
    def words_more(self) -> float: ...
    @property
    def words_divergence(self) -> float: ...
    @property
    def turns_mean(self) -> float: ...
    @property
    def turns_more(self) -> float: ...
    @property
    def turns_divergence(self) -> float: ...
    @property
    def copied_turns(self) -> float: ...
    @property
    def copied_ngrams(self) -> float: ...
    @property
    def words_per_turn(self) -> Mapping[int, int]: ...
    @property
    def turns_per_talk(self) -> Mapping[int, int]: ...


_MEASURED: tuple[tuple[str, str, Callable[[QualityRow], Mapping[int, int]]], ...] = (
    ("words a turn", "customer turns with so many words", lambda one: one.words_per_turn),
    (
        "turns a conversation",
        "conversations with so many customer turns",
        lambda one: one.turns_per_talk,
    ),
)


def quality_section(rows: Sequence[QualityRow]) -> Section:
    """Show rows of the quality table, with the lengths of each set beside those of the logs.

    Args:
        rows: the logs' own first.
    """
    logs, *others = rows
    figures = [
        Figure(f"{one.name}: {title}", svg, _READING.format(what=what, name=one.name))
        for title, what, lengths in _MEASURED
        for one in others
        if (svg := _chart(f"{one.name}: {title}", lengths(logs), lengths(one), one.name))
    ]
    return Section(
        "Beside the logs", _TEXT, (_talk_table(rows), _length_table(rows)), tuple(figures)
    )


def _talk_table(rows: Sequence[QualityRow]) -> Table:
    return Table(
        columns=(
            *("", "Conversations", "Customer turns", "Perplexity", "Transition", "Topic flow"),
            *("Distinct 1", "Distinct 2", "Self-BLEU", "Rating"),
        ),
        rows=tuple(
            (
                *(_name(at, row), row.conversations, row.turns, _shown(row.perplexity, 1)),
                *map(_shown, (row.transitions, row.topic_flow, row.distinct_1, row.distinct_2)),
                *(_shown(row.self_bleu), _shown(row.rating, 2)),
            )
            for at, row in enumerate(rows)
        ),
        title="Fluency, flow and variety",
        note=_TALK_NOTE,
        groups=frozenset((1,)),
    )


def _length_table(rows: Sequence[QualityRow]) -> Table:
    return Table(
        columns=(
            *("", "Words a turn", "More", "Divergence", "Turns a conversation", "More"),
            *("Divergence", "Copied turns", "Copied runs"),
        ),
        rows=tuple(
            (
                *(_name(at, row), _shown(row.words_mean, 2), _shown(row.words_more, 2)),
                *(_shown(row.words_divergence), _shown(row.turns_mean, 2)),
                *(_shown(row.turns_more, 2), _shown(row.turns_divergence)),
                *(_share(row.copied_turns), _share(row.copied_ngrams)),
            )
            for at, row in enumerate(rows)
        ),
        title="Lengths and copies",
        note=_LENGTH_NOTE,
        groups=frozenset((1,)),
    )


def _name(at: int, row: QualityRow) -> Key:
    return Key(row.name, _MADE if at else _LOGS)


def _shown(value: float, digits: int = 3) -> Cell:
    return None if math.isnan(value) else round(value, digits)


def _share(value: float) -> Cell:
    return None if math.isnan(value) else Share(value)


def _chart(title: str, logs: Mapping[int, int], made: Mapping[int, int], name: str) -> str:
    """Pairs of bars, binned alike, so that the charts of all methods can be compared; empty where
    there is nothing to show."""
    if not logs or not made:
        return ""
    last = _long(logs)
    starts = range(1, last + 1, math.ceil(last / MOST))
    names = [_name_of(start, starts) for start in starts]
    pairs = list(zip(names, _binned(logs, starts), _binned(made, starts), strict=True))
    width = 2 * _LEFT + _WIDE * max(len(pairs), MOST)
    return drawing(title, width, _TOP + _HIGH + _BELOW, _bars(pairs, name))


def _long(lengths: Mapping[int, int]) -> int:
    """The length that `_COVERED` of all do not pass."""
    left = _COVERED * sum(lengths.values())
    for length in sorted(lengths):
        left -= lengths[length]
        if left <= 0:
            break
    return max(1, length)


def _binned(lengths: Mapping[int, int], starts: range) -> list[float]:
    """The share of each bin; what is beyond the last one counts there."""
    counts = dict.fromkeys(starts, 0)
    for length, count in lengths.items():
        place = min(max(0, (length - starts[0]) // starts.step), len(starts) - 1)
        counts[starts[place]] += count
    return [count / sum(lengths.values()) for count in counts.values()]


def _name_of(start: int, starts: range) -> str:
    if start == starts[-1]:
        return f"{start}+"
    return f"{start}" if starts.step == 1 else f"{start}–{start + starts.step - 1}"


def _bars(pairs: Sequence[tuple[str, float, float]], name: str) -> Iterator[str]:
    ground = _TOP + _HIGH
    highest = max(max(share, other) for _, share, other in pairs)
    for at, (length, *shares) in enumerate(pairs):
        left = _LEFT + _WIDE * at
        for side, (share, role, whose) in enumerate(
            zip(shares, (_LOGS, _MADE), ("the logs", name), strict=True)
        ):
            tall = _HIGH * share / highest
            corner = (left + 3 + side * (_WIDE - 6) / 2, ground - tall)
            told = f"{length}: {percent(share)} of {whose}"
            yield box(corner, ((_WIDE - 8) / 2, tall), f'fill="{colour(role)}"', told)
        middle = left + _WIDE / 2
        yield text(middle, ground + SIZE + 4, length, 'text-anchor="middle"', "muted")
