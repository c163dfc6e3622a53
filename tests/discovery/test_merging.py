"""Clusters whose names say the same become one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.discovery.naming.named_clusters import named
from tests.labelling.conftest import WordEncoder
from turnwise.discovery.merging import TO_DECIDE, merge_clusters

ENCODER = WordEncoder()


def rows_of(*sizes):
    return np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])


def merge(names, theta=0.3, sizes=None):
    return merge_clusters(rows_of(*(sizes or [3] * len(names))), named(*names), ENCODER, theta)


def test_near_names_make_one_cluster_with_the_name_of_the_largest():
    merged = merge(["renew-loan-online", "cancel-order", "renew-loan"], sizes=[3, 4, 5])
    assert [one.name for one in merged.names] == ["renew-loan", "cancel-order"]
    assert merged.clusters[0].tolist() == [0, 1, 2, 7, 8, 9, 10, 11]
    assert merged.parts == ((0, 2), (1,))


def test_a_chain_of_near_names_is_one_cluster():
    merged = merge(["pay-a-b-c", "pay-b-c-d", "pay-c-d-e"], theta=0.3)
    assert merged.parts == ((0, 1, 2),), "the ends are merged by way of the middle"
    done = [(one.one, one.other) for one in merged.merges if one.done]
    assert sorted(done) == [("pay-a-b-c", "pay-b-c-d"), ("pay-b-c-d", "pay-c-d-e")]


def test_names_slightly_beyond_theta_are_left_to_a_person():
    merged = merge(["renew-loan-online", "renew-loan", "greet-hello"], theta=0.1)
    assert len(merged.clusters) == 3
    (question,) = merged.merges
    assert not question.done
    assert (question.one, question.other) == ("renew-loan-online", "renew-loan")
    assert question.nearness == pytest.approx(2 / 6**0.5, abs=0.01)


def test_a_person_is_asked_about_the_nearest_few():
    merged = merge([f"renew-loan-book-shelf-{n}" for n in range(40)], theta=0.1)
    assert len(merged.merges) == TO_DECIDE
    nearness = [one.nearness for one in merged.merges]
    assert nearness == sorted(nearness, reverse=True)


def test_at_theta_nought_nothing_is_merged():
    assert len(merge(["top-up-limit", "top-up-limits", "top-upper"], theta=0.0).clusters) == 3


def test_no_clusters_stay_none():
    assert merge_clusters([], [], ENCODER, 0.1).clusters == ()


@given(
    st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3), min_size=1, max_size=8)
)
def test_no_row_is_lost_or_doubled_and_merging_again_changes_nothing(words):
    names = [f"do-{'-'.join(one)}-{place}" for place, one in enumerate(words)]
    merged = merge(names)
    assert sorted(np.concatenate(merged.clusters).tolist()) == list(range(3 * len(names)))
    assert sorted(at for part in merged.parts for at in part) == list(range(len(names)))
    assert {one.name for one in merged.names} <= set(names)
    done = sum(one.done for one in merged.merges)
    assert done == len(names) - len(merged.clusters)
