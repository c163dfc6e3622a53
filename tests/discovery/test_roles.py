"""Who speaks, where the log does not tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.discovery.naming.named_clusters import named, space_of
from turnwise.clusters import Round, Trial
from turnwise.discovery.loop import FEWEST, Found
from turnwise.discovery.roles import Sides, cluster_sides, split_by_names, tells_roles, with_roles

ASKED = ["what is the fee?", "is there a fee?", "which fee is that?"]
OFFERED = ["would you like a loan", "would you like another", "anything else"]
LEFT = ["a fee, is it?", "would you like tea"]


def talk():
    space, (asked, offered, _) = space_of([ASKED, OFFERED, LEFT], role=None)
    return space, [asked, offered], named("inquire-fee", "offer-loan")


def test_a_cluster_is_the_side_of_its_action():
    space, clusters, names = talk()
    sides = split_by_names(space, clusters, names)
    assert sides.customer.tolist() == [0, 1, 2, 6]
    assert sides.agent.tolist() == [3, 4, 5, 7], "what is in no cluster goes with the nearest one"


def test_verbs_of_the_logs_are_customers_wishes():
    space, clusters, _ = talk()
    sides = split_by_names(space, clusters, named("cancel-loan", "greet-hello"))
    assert 0 in sides.customer
    assert 3 in sides.agent


def test_a_role_that_the_log_tells_is_kept():
    space, clusters, names = talk()
    known = (replace(space.utterances[0], role="bot"), *space.utterances[1:])
    sides = split_by_names(replace(space, utterances=known), clusters, names)
    assert 0 in sides.agent
    spoken = with_roles(replace(space, utterances=known), sides)
    assert [one.role for one in spoken.utterances[:4]] == ["bot", "customer", "customer", "agent"]


def test_without_a_cluster_everybody_is_a_customer():
    space, _, _ = talk()
    assert len(split_by_names(space, [], []).customer) == len(space)


def test_logs_tell_roles_if_most_utterances_have_one():
    space, _, _ = talk()
    assert not tells_roles(space)
    assert tells_roles(with_roles(space, Sides(np.arange(len(space)), np.arange(0))))


def halves(role, space):
    """Keeps the first half as a cluster."""
    half = len(space) // 2
    kept, left = tuple(range(half)), tuple(range(half, len(space)))
    trial = Trial(2.0, 1, 1, half, len(space) - half)
    log = (Round(1, (trial,), 0, (kept,), (0.9,), left),)
    return Found((np.array(kept),), (0.9,), log, np.array(left), (f"{role} heard",))


@given(st.integers(1, 80), st.integers(0, 80))
def test_sides_are_clustered_apart_and_no_utterance_is_lost(customers, agents):
    space, _ = space_of([[f"loan {n}" for n in range(customers + agents)]], role=None)
    shuffled = np.random.default_rng(0).permutation(customers + agents)
    sides = Sides(np.sort(shuffled[:customers]), np.sort(shuffled[customers:]))
    found = cluster_sides(space, sides, halves)
    rows = np.concatenate([*found.clusters, found.left])
    assert sorted(rows.tolist()) == list(range(customers + agents))
    for cluster in found.clusters:
        assert len({row in sides.customer for row in cluster.tolist()}) == 1
    assert len(found.clusters) == sum(len(side) >= FEWEST for side in (sides.customer, sides.agent))
    assert [one.number for one in found.rounds] == list(range(1, len(found.rounds) + 1))
    for log, cluster in zip(found.rounds, found.clusters, strict=True):
        assert log.kept == (tuple(cluster.tolist()),)
