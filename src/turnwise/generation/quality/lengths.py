"""Lengths of turns and of conversations, held against those of the logs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

Lengths = Mapping[int, int]  # length -> how often


def mean(lengths: Lengths) -> float:
    """The mean length; NaN where nothing was counted."""
    total = sum(lengths.values())
    return sum(one * count for one, count in lengths.items()) / total if total else math.nan


def divergence(lengths: Lengths, others: Lengths) -> float:
    """The Jensen-Shannon divergence of two distributions in bits: 0 the same, 1 nothing shared.

    NaN where either is empty.
    """
    ours, theirs = sum(lengths.values()), sum(others.values())
    if not ours or not theirs:
        return math.nan
    found = 0.0
    for one in sorted({*lengths, *others}):
        share, other = lengths.get(one, 0) / ours, others.get(one, 0) / theirs
        middle = (share + other) / 2
        found += sum(part * math.log2(part / middle) for part in (share, other) if part) / 2
    return min(1.0, max(0.0, found))


def counted(lengths: Counter[int]) -> dict[int, int]:
    """Counts by increasing length."""
    return dict(sorted(lengths.items()))
