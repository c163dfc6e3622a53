"""Several judges, whose majority holds (the LLM crowd of S4, section 6.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from turnwise.clusters import Rows, Space, Verdict
from turnwise.discovery.judging.llm import Beginner
from turnwise.errors import ConfigError

MOST = 9  # judges in a crowd: each is asked about every cluster


@dataclass(frozen=True)
class CrowdJudge:
    """Judges clusters by a vote; implements `Judge`.

    One voice each, of those who gave a usable answer; a tie is bad. The score is the share of
    voices that say good.

    Raises:
        ConfigError: nobody is in the crowd, too many, or one of them twice.
    """

    members: tuple[Beginner, ...]

    def __post_init__(self) -> None:
        names = [one.source_name for one in self.members]
        if not 1 <= len(names) <= MOST or len(set(names)) < len(names):
            raise ConfigError(
                f"a crowd of {len(names)} judges, {len(set(names))} different ones, can't vote",
                field="discovery.crowd",
                hint=f"Name 1 to {MOST} endpoints, each of another model or place",
            )

    @property
    def source_name(self) -> str:
        return f"crowd of {', '.join(one.source_name for one in self.members)}"

    def judge(self, space: Space, clusters: Sequence[Rows]) -> list[Verdict]:
        """Ask all at the same time, then count.

        Raises:
            EndpointError: one of them can't be asked. BudgetReached: not all fits into the budget.
        """
        begun = [one.begin(space, clusters) for one in self.members]
        try:
            found = [one.result() for one in begun]
        except BaseException:
            for one in begun:
                one.cancel()
            raise
        return [self._count(voices) for voices in zip(*found, strict=True)]

    def _count(self, voices: Sequence[Verdict]) -> Verdict:
        heard = [(one.source_name, said) for one, said in zip(self.members, voices, strict=True)]
        heard = [(name, said) for name, said in heard if said.heard]
        if not heard:
            return Verdict(False, 0.0, "none of the crowd gave a usable answer", heard=False)
        good = sum(said.good for _, said in heard)
        words = ", ".join(f"{name}: {'good' if said.good else 'bad'}" for name, said in heard)
        silent = len(voices) - len(heard)
        reason = words + (f"; {silent} without a usable answer" if silent else "")
        return Verdict(2 * good > len(heard), good / len(heard), reason)
