"""One phrase for each label, no phrase for two, at the least cost in all.

Labels come one by one; each is fitted in along the cheapest chain of labels that give up their
phrase for another (successive shortest paths). Labels that nobody competes with cost nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

Costs = Sequence[Mapping[str, float]]  # for each label: phrase -> cost


def assign(costs: Costs) -> list[str]:
    """For each label its phrase, all different, so that the sum of costs is the least.

    Args:
        costs: one phrase at least that no other label has, for each label.
    """
    owner: dict[str, int] = {}
    given: dict[int, str] = {}
    for label in range(len(costs)):
        _fit_in(label, costs, owner, given)
    return [given[label] for label in range(len(costs))]


def _fit_in(label: int, costs: Costs, owner: dict[str, int], given: dict[int, str]) -> None:
    reached = {label: 0.0}  # label -> what it costs that it has to choose anew
    through: dict[int, str] = {}  # label -> the phrase that it has to give up
    by: dict[str, int] = {}  # phrase -> who takes it
    best, free = float("inf"), ""
    waiting = deque([label])
    while waiting:
        taker = waiting.popleft()
        for phrase, cost in costs[taker].items():
            total = reached[taker] + cost
            holder = owner.get(phrase)
            if holder is None:
                if total < best:
                    best, free = total, phrase
                    by[phrase] = taker
                continue
            total -= costs[holder][phrase]
            # What a label has is its best: a chain through it can't come out under its total.
            if holder != taker and total < min(best, reached.get(holder, float("inf"))) - 1e-12:
                reached[holder], through[holder], by[phrase] = total, phrase, taker
                waiting.append(holder)
    while True:
        taker = by[free]
        owner[free], given[taker] = taker, free
        if taker == label:
            return
        free = through[taker]
