"""Drift of the bundles that serve, as gauges."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from turnwise.bundle import Prediction
from turnwise.decision_log import GivenLabel
from turnwise.serving.decision import Decision
from turnwise.serving.drift import DriftWindow
from turnwise.serving.http.bundles import Bundles, Served

NAME = "turnwise_drift"
WHAT = "The latest decisions beside the bundle's training; see docs/drift.md."


class Drifts(Collector):
    """A window for each bundle that serves; threads may share it."""

    def __init__(self, bundles: Bundles) -> None:
        self._bundles = bundles
        self._windows: dict[str, DriftWindow] = {}
        self._lock = Lock()

    def served(self, made: Decision | Prediction, served: Served) -> None:
        """Take in what was served; shadows, and replies to our questions, are passed over.

        A reply is read with the question: it would look surer than the reference's turns.
        """
        if served.arm == "shadow" or (isinstance(made, Decision) and made.is_reply):
            return
        window = self._window(served)
        if isinstance(made, Prediction):
            best = {name: GivenLabel(*ranked[0]) for name, ranked in made.scores.items()}
            window.add_turn(made.conversation_id, best, None, made.out_of_domain)
            return
        choices = made.choices.items()
        best = {name: GivenLabel(*one.candidates[0]) for name, one in choices if one.candidates}
        window.add_turn(made.conversation_id, best, made.out_of_domain, made.strange)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges; of bundles that serve no longer nothing is shown, nor kept."""
        serving = {one["id"] for one in self._bundles.facts()}
        with self._lock:
            self._windows = {name: one for name, one in self._windows.items() if name in serving}
            windows = dict(self._windows)
        family = GaugeMetricFamily(NAME, WHAT, labels=("bundle", "measure", "dimension"))
        for name, window in windows.items():
            for (measure, dimension), value in window.measures().items():
                family.add_metric((name, measure, dimension), value)
        yield family

    def _window(self, served: Served) -> DriftWindow:
        bundle = served.policy.bundle
        window = self._windows.get(bundle.id)
        if window is None:
            with self._lock:
                made = DriftWindow(bundle.id, bundle.manifest.reference)
                window = self._windows.setdefault(bundle.id, made)
        return window
