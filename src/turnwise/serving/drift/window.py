"""Drift of a running service: the latest decisions of one bundle beside its reference."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from turnwise.bundle.reference import Profile, Sample
from turnwise.decision_log import GivenLabel, LoggedDecision
from turnwise.serving.drift.measures import FEWEST, VERDICTS, Drift, measure

LATEST = 2_000  # decisions: tells shares to within .02, and some megabytes
SECONDS = 15.0  # that an answer is kept, for it takes some time to find

Gauge = tuple[str, str]  # measure and dimension, which is empty for what is of the whole turn


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is kept of a decision: no text."""

    conversation: str
    model: Mapping[str, GivenLabel]
    score: float | None
    strange: bool | None


class DriftWindow:
    """The latest decisions by one bundle; threads may share it.

    Args:
        bundle: its name in the decisions; those by others, and shadows, are passed over.
        reference: of its manifest; without one, or with one of no turns, there is no drift.
        latest: decisions that it holds.
        clock: gives seconds.
    """

    def __init__(
        self,
        bundle: str,
        reference: Profile | None,
        latest: int = LATEST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bundle, self._clock = bundle, clock
        self._reference = reference if reference is not None and reference.turns else None
        self._seen: deque[_Seen] = deque(maxlen=latest)
        self._lock = threading.Lock()
        self._known: tuple[float, Drift | None] | None = None

    def add(self, decision: LoggedDecision) -> None:
        """Take in a decision as it is logged."""
        if decision.bundle == self._bundle and decision.arm != "shadow":
            score, strange = decision.out_of_domain, decision.strange
            self.add_turn(decision.conversation, decision.model, score, strange)

    def add_turn(
        self,
        conversation: str,
        model: Mapping[str, GivenLabel],
        score: float | None,
        strange: bool | None,
    ) -> None:
        """Take in a turn that the bundle served, as `bundle.reference.Sample` does; it is cheap."""
        if self._reference is not None:
            with self._lock:
                self._seen.append(_Seen(conversation, model, score, strange))

    def drift(self) -> Drift | None:
        """The latest decisions beside the reference, some seconds old at most.

        None where there are fewer than 100, or there is no reference.
        """
        now = self._clock()
        with self._lock:
            if self._known is not None and now - self._known[0] < SECONDS:
                return self._known[1]
            seen = list(self._seen)
        found = self._measured(seen)
        with self._lock:
            self._known = (now, found)
        return found

    def measures(self) -> dict[Gauge, float]:
        """What is shown of it, by measure and dimension; nothing where there is no drift to tell.

        Of each kind of measure `KIND_psi`, `KIND_distance` and `KIND_verdict` (0 steady, 1 moved,
        2 strongly moved); `mean_confidence_change` of each dimension; `out_of_domain_change`;
        and `decisions`, how many it is told by.
        """
        found = self.drift()
        if found is None:
            return {}
        shown: dict[Gauge, float] = {("decisions", ""): float(found.decisions)}
        for one in found.measures:
            shown[f"{one.kind}_psi", one.dimension] = one.psi
            shown[f"{one.kind}_distance", one.dimension] = one.distance
            shown[f"{one.kind}_verdict", one.dimension] = float(VERDICTS.index(one.verdict))
            if one.change is not None:
                name = "mean_confidence" if one.kind == "confidence" else one.kind
                shown[f"{name}_change", one.dimension] = one.change.now - one.change.before
        return shown

    def _measured(self, seen: list[_Seen]) -> Drift | None:
        if self._reference is None or len(seen) < FEWEST:
            return None
        sample = Sample()
        for one in seen:
            sample.add(one.conversation, one.model, one.score, one.strange)
        return measure(self._reference, sample.profile())
