"""How many customer turns conversations have, as a histogram."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import accumulate

from turnwise.evaluation.drawing import Figure, colour
from turnwise.evaluation.generation.shapes import SIZE, box, drawing, text
from turnwise.evaluation.tables import percent

MOST = 30  # bars
_LONG = 0.99  # share of the conversations whose lengths have bars; longer ones share the last
_WIDE, _HIGH = 32.0, 150.0  # of a bar, and of the highest, in pixels
_LEFT, _TOP, _BELOW = 14.0, 24.0, 44.0


def length_chart(lengths: Mapping[int, int]) -> Figure:
    """Draw P(T).

    Args:
        lengths: customer turns -> conversations; at least one.
    """
    total, shares = sum(lengths.values()), dict[str, float]()
    counts, step = _binned(lengths, total)
    for first, count in counts.items():
        longer = first == max(counts) and max(lengths) >= first + step
        shares[f"{first}+" if longer else f"{first}"] = count / total
    width, height = 2 * _LEFT + _WIDE * max(len(shares), 6), _TOP + _HIGH + _BELOW
    svg = drawing("Customer turns a conversation", width, height, _bars(shares))
    many = f" A bar stands for {step} lengths, from the one below it." if step > 1 else ""
    reading = f"A bar is the share of conversations, in percent, with so many customer turns.{many}"
    return Figure("Customer turns a conversation", svg, reading)


def _binned(lengths: Mapping[int, int], total: int) -> tuple[dict[int, int], int]:
    """First length of a bar -> conversations, and how many lengths a bar stands for."""
    ordered = sorted(lengths)
    reached = accumulate(lengths[one] for one in ordered)
    long = next(one for one, sum_ in zip(ordered, reached, strict=True) if sum_ >= _LONG * total)
    step = math.ceil(long / MOST)
    counts = dict.fromkeys(range(1, long + 1, step), 0)
    for length, count in lengths.items():
        counts[min((length - 1) // step * step + 1, max(counts))] += count
    return counts, step


def _bars(shares: Mapping[str, float]) -> Iterator[str]:
    ground, highest = _TOP + _HIGH, max(shares.values())
    for at, (name, share) in enumerate(shares.items()):
        x, tall = _LEFT + _WIDE * at, _HIGH * share / highest
        middle = x + _WIDE / 2
        if share:
            look = f'rx="2" fill="{colour("model")}"'
            told = f"{name} customer turns: {percent(share)}"
            yield box((x + 3, ground - tall), (_WIDE - 6, tall), look, told)
        if share >= 0.0005:
            said = f"{100 * share:.0f}" if share >= 0.0995 else f"{100 * share:.1f}"
            yield text(middle, ground - tall - 5, said, 'text-anchor="middle"', "muted")
        yield text(middle, ground + SIZE + 6, name, 'text-anchor="middle"')
    yield (
        f'<path d="M{_LEFT:.0f} {ground:.1f}H{_LEFT + _WIDE * len(shares):.0f}" '
        f'stroke="{colour("line")}" fill="none"/>'
    )
    yield text(_LEFT + 3, ground + 2 * SIZE + 14, "customer turns", role="muted")
