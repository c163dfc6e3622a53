"""Logged traffic in memory, and experiments that are simulated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from turnwise.decision_log import Exposure, Feedback, GivenLabel, LoggedDecision
from turnwise.evaluation.experiment.figures import ExperimentPlan, ExperimentReport
from turnwise.evaluation.experiment.gathering import gather_sessions
from turnwise.evaluation.experiment.report import describe_experiment

DAY = 86_400.0
START = 20_000 * DAY
PLAN = ExperimentPlan("august", {"old": 0.5, "new": 0.5}, sessions=100, started=START)


@dataclass
class MemoryTraffic:
    """`LoggedTraffic` in lists."""

    made: list[LoggedDecision] = field(default_factory=list)
    shown: list[Exposure] = field(default_factory=list)
    said: list[Feedback] = field(default_factory=list)

    def decisions(self, since: float = 0.0, bundle: str | None = None) -> Iterator[LoggedDecision]:
        wanted = (one for one in self.made if one.at >= since and bundle in (None, one.bundle))
        return iter(sorted(wanted, key=lambda one: one.at))

    def exposures(self, experiment: str) -> Iterator[Exposure]:
        wanted = (one for one in self.shown if one.experiment == experiment)
        return iter(sorted(wanted, key=lambda one: one.at))

    def feedback(self) -> Iterator[Feedback]:
        return iter(sorted(self.said, key=lambda one: one.at))

    def expose(self, conversation: str, bundle: str, at: float = START, **more: object) -> None:
        told = {"experiment": "august", "conversation": conversation, "bundle": bundle}
        self.shown.append(Exposure(at, **told | {"arm": arm_of(bundle)} | more))

    def decide(
        self,
        conversation: str,
        bundle: str,
        *,
        at: float = START,
        turn: int = 0,
        label: str = "refund",
        **more: object,
    ) -> None:
        labels = {"intent": GivenLabel(label, 0.9)}
        told = {"at": at, "conversation": conversation, "owner": "web", "turn": turn}
        told |= {"experiment": "august", "arm": arm_of(bundle), "bundle": bundle}
        told |= {"taxonomy_version": 1, "kind": "accept", "sure": True}
        self.made.append(LoggedDecision(**told | {"labels": labels, "model": labels} | more))

    def tell(self, conversation: str, at: float = START + 60, **more: object) -> None:
        self.said.append(Feedback(at, conversation, **more))

    def session(self, conversation: str, bundle: str, at: float = START, **told: object) -> None:
        """Exposed, decided on once, and with feedback if anything is told."""
        self.expose(conversation, bundle, at)
        self.decide(conversation, bundle, at=at)
        if told:
            self.tell(conversation, at + 60, **told)

    def report(self, plan: ExperimentPlan = PLAN, now: float = START + DAY) -> ExperimentReport:
        return describe_experiment(
            plan, gather_sessions(self, plan.name, plan.shares, plan.started), now
        )


def arm_of(bundle: str) -> str:
    return "champion" if bundle == "old" else "challenger"


def simulate(
    rates: dict[str, float], sessions: int, seed: int = 0, days: int = 10
) -> MemoryTraffic:
    """Sessions of arms whose customers are helped at some rates."""
    rng = np.random.default_rng(seed)
    traffic = MemoryTraffic()
    for at, bundle in enumerate(np.repeat(list(rates), sessions)):
        name, begun = f"c{at}", START + float(rng.uniform(0, days * DAY))
        helped, bundle = rng.random() < rates[bundle], str(bundle)
        traffic.expose(name, bundle, begun)
        for turn in range(1 + rng.poisson(0.8)):
            unsure = rng.random() < 0.15
            traffic.decide(
                name, bundle, at=begun + turn, turn=2 * turn,
                kind="escalate" if unsure else "accept", by="small" if unsure else "",
                cost=0.0004 if unsure else 0.0,
            )  # fmt: skip
        if not helped and rng.random() < 0.5:
            traffic.decide(name, bundle, at=begun + 30, turn=20, kind="hand_off")
        if rng.random() < 0.8 or helped:
            traffic.tell(
                name, begun + 600, finished=bool(helped), duration=float(rng.lognormal(5, 0.8)),
                rating=[None, "good", "bad" if not helped else "good"][rng.integers(3)],
                misrouted=bool(rng.random() < 0.1),
            )  # fmt: skip
    return traffic
