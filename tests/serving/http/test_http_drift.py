"""Drift of the bundles that serve, as a scraper reads it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from turnwise.conversations import Conversation, Turn
from turnwise.serving import Policy, PolicyConfig
from turnwise.serving.deployment import Deployment
from turnwise.serving.http.bundles import Bundles
from turnwise.serving.http.drifting import Drifts


@pytest.fixture(scope="module")
def policy(bundle):
    return Policy(bundle, PolicyConfig(order=("out_of_domain", "accept")))


def values(drifts):
    """(measure, dimension) -> value."""
    registry = CollectorRegistry()
    registry.register(drifts)
    samples = [one for family in registry.collect() for one in family.samples]
    assert {one.name for one in samples} <= {"turnwise_drift"}
    return {
        (one.labels["bundle"], one.labels["measure"], one.labels["dimension"]): one.value
        for one in samples
    }


def test_each_bundle_that_serves_has_its_gauges(policy):
    name = policy.bundle.id
    bundles = Bundles(Deployment(name), {name: policy})
    drifts = Drifts(bundles)
    assert values(drifts) == {}
    said = Conversation("c", (Turn("customer", "tell me a joke about elephants"),))
    made, served = policy.decide(said), bundles.serving("c")
    for at in range(60):
        drifts.served(replace(made, conversation_id=f"c{at}"), served)
        drifts.served(replace(made, conversation_id=f"c{at}"), replace(served, arm="shadow"))
    labelled = policy.classify([said])[0]
    for at in range(60):
        drifts.served(replace(labelled, conversation_id=f"d{at}"), served)
    found = values(drifts)
    assert found[name, "decisions", ""] == 120
    assert {dimension for _, _, dimension in found} == {"", "domain", "intent", "issue"}
    for dimension in ("domain", "intent", "issue"):
        assert found[name, "labels_psi", dimension] >= 0
        assert found[name, "labels_verdict", dimension] in (0, 1, 2)


def test_of_a_bundle_that_serves_no_longer_nothing_is_shown(policy):
    name = policy.bundle.id
    serving = [{"id": name}]
    drifts = Drifts(SimpleNamespace(facts=lambda: serving))
    said = Conversation("c", (Turn("customer", "hello"),))
    made, served = policy.decide(said), Bundles(Deployment(name), {name: policy}).serving("c")
    for at in range(120):
        drifts.served(replace(made, conversation_id=f"c{at}"), served)
    assert (name, "decisions", "") in values(drifts)
    serving.clear()
    assert values(drifts) == {}
    serving.append({"id": name})
    assert values(drifts) == {}  # what was seen before is gone
