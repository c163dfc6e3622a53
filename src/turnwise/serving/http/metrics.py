"""What a server counts, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.registry import Collector

from turnwise.bundle import Prediction
from turnwise.serving.decision import Decision

CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS = (
    *(0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
CONFIDENCE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


class Metrics:
    """The counters of one server. Threads may share it."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a third of the page, which says when each counter began
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = self._counter("requests", "Requests.", "route", "status")
        self._seconds = self._histogram("request_seconds", "Time to answer.", SECONDS, "route")
        parts = "Time that parts of an answer take: queue, model, rules, escalation."
        self._parts = self._histogram("part_seconds", parts, SECONDS, "part")
        self._decisions = self._counter("decisions", "Decisions.", "kind", "sure")
        labels = "Labels that were given, by the kind of decision; 'none' without policy."
        self._labels = self._counter("labels", labels, "kind", "dimension", "label")
        confidence = "Confidence of the model's likeliest label."
        self._confidence = self._histogram("confidence", confidence, CONFIDENCE, "dimension")
        self._escalations = self._counter("escalations", "Turns asked about.", "by", "outcome")
        self._money = self._counter("escalation_money", "Spent on escalations.", "by")
        self._shed = self._counter("shed", "Requests turned away by overload.")
        self._served = self._counter("served", "Conversations answered.", "bundle", "arm")
        self._shadows = self._counter("shadow_decisions", "Turns shown to shadows.", "outcome")
        self._switches = self._counter("switches", "Changes of the bundles.", "outcome")

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"turnwise_{name}", what, labels, registry=self._registry)

    def _histogram(
        self, name: str, what: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        kept = self._registry
        return Histogram(f"turnwise_{name}", what, labels, buckets=buckets, registry=kept)

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """Show a value as it is whenever it is asked for."""
        Gauge(name, what, registry=self._registry).set_function(value)

    def show(self, collector: Collector) -> None:
        """Show what another keeps, as it is whenever it is asked for."""
        self._registry.register(collector)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered. `route` is one of a few, never a path as it was sent."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if status == 503 and route.startswith("/v1/"):
            self._shed.inc()

    def part(self, name: str, seconds: float) -> None:
        self._parts.labels(name).observe(seconds)

    def predicted(self, prediction: Prediction) -> None:
        for dimension, ranked in prediction.scores.items():
            self._labels.labels("none", dimension, ranked[0][0]).inc()
            self._confidence.labels(dimension).observe(ranked[0][1])

    def decided(self, decision: Decision) -> None:
        self._decisions.labels(decision.kind, str(decision.sure).lower()).inc()
        for dimension, choice in decision.choices.items():
            self._labels.labels(decision.kind, dimension, choice.label).inc()
            if choice.candidates:
                self._confidence.labels(dimension).observe(choice.candidates[0][1])
        self._took(decision.milliseconds)

    def escalated(self, by: str, outcome: str) -> None:
        """Somebody was asked; the outcome is `settled`, `failed`, `late` or `turned_away`."""
        self._escalations.labels(by, outcome).inc()

    def spent(self, by: str, money: float) -> None:
        """What asking cost, whether or not the answer came in time."""
        self._money.labels(by).inc(max(0.0, money))

    def served(self, bundle: str, arm: str) -> None:
        """A conversation's turn was answered by a bundle."""
        self._served.labels(bundle, arm).inc()

    def shadowed(self, outcome: str) -> None:
        """A shadow had a turn before it; the outcome is `done`, `passed_over` or `failed`."""
        self._shadows.labels(outcome).inc()

    def switched(self, outcome: str) -> None:
        """The bundles were to be changed; the outcome is `done` or `refused`."""
        self._switches.labels(outcome).inc()

    def page(self) -> bytes:
        """All of it, in the text format."""
        return generate_latest(self._registry)

    def _took(self, milliseconds: Mapping[str, float]) -> None:
        for name, value in milliseconds.items():
            self.part(name, value / 1e3)
