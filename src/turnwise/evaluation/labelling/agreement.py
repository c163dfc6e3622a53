"""How far two annotators agree, counted as their labels come by.

Cohen, A Coefficient of Agreement for Nominal Scales (1960): the share of equal labels says
little where one label is on most turns; kappa takes off what the frequencies alone would give.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from turnwise.evaluation.labelling.figures import Agreement

_NO_ROOM = 1e-12  # chance agreement so near 1 that nothing can be said beyond it


@dataclass
class Pair:
    """Two annotators along one dimension.

    Attributes:
        turns: both gave a label to; equal: the same one; apart: only one of the two gave one.
        first, second: how often each gave which label, on the turns of both.
    """

    turns: int = 0
    equal: int = 0
    apart: int = 0
    first: Counter[str] = field(default_factory=Counter)
    second: Counter[str] = field(default_factory=Counter)

    def add(self, first: str | None, second: str | None) -> None:
        """Count a turn; None for no label."""
        if first is None or second is None:
            self.apart += first is not second
            return
        self.turns += 1
        self.equal += first == second
        self.first[first] += 1
        self.second[second] += 1

    def kappa(self) -> float | None:
        """Cohen's kappa, at most 1; 0 is chance. None where it is undefined."""
        if not self.turns:
            return None
        chance = sum(n * self.second[label] for label, n in self.first.items()) / self.turns**2
        if 1 - chance < _NO_ROOM:
            return None
        return (self.equal / self.turns - chance) / (1 - chance)

    def figures(self, dimension: str, first: str, second: str) -> Agreement:
        """What was counted, under the annotators' names."""
        return Agreement(
            dimension=dimension,
            first=first,
            second=second,
            turns=self.turns,
            equal=self.equal / self.turns if self.turns else None,
            kappa=self.kappa(),
            apart=self.apart,
        )
