"""Keeping the best rated conversations: how many, which, and what is said of the others."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.errors import ConfigError, GenerationError
from turnwise.generated import Dropped, GeneratedConversation, GeneratedTurn
from turnwise.generation.quality.filtering import keep_best

SCORES = st.lists(st.one_of(st.integers(1, 10).map(float), st.just(math.nan)), max_size=30)


def rated(values):
    return [
        GeneratedConversation(
            f"c{n}",
            "hmm",
            (GeneratedTurn("customer", "a"),),
            scores={} if one is None else {"s": one},
        )
        for n, one in enumerate(values)
    ]


def test_the_lowest_are_dropped_and_the_threshold_is_told():
    found = keep_best(rated(map(float, range(20))), "s")
    assert [one.id for one in found.kept] == [f"c{n}" for n in range(3, 20)]
    assert found.threshold == 3
    assert found.dropped == (Dropped("s under 3, the best 85% were kept", 3),)
    assert found.dropped_ids == ("c0", "c1", "c2")


def test_conversations_that_tie_with_the_last_one_stay():
    found = keep_best(rated([1.0] * 9 + [2.0]), "s", 0.5)
    assert len(found.kept) == 10


def test_few_conversations_lose_none():
    assert len(keep_best(rated([1.0, 2.0, 3.0]), "s").kept) == 3


def test_what_was_not_rated_is_dropped_and_counted():
    found = keep_best(rated([5.0, None, math.nan, 6.0]), "s")
    assert [one.id for one in found.kept] == ["c0", "c3"]
    assert found.dropped == (Dropped("not rated", 2),)


def test_with_all_wanted_nothing_is_dropped_unseen():
    assert len(keep_best(rated([None, 1.0]), "s", 1).kept) == 2


def test_where_nothing_is_rated_it_says_so():
    with pytest.raises(GenerationError, match="no conversation has a score 's'"):
        keep_best(rated([None, math.nan]), "s")


@pytest.mark.parametrize("share", [0, -0.1, 1.1, math.nan])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ConfigError):
        keep_best([], "s", share)


@given(SCORES, st.floats(0.01, 1))
def test_kept_are_at_least_the_share_and_none_better_is_dropped(values, share):
    conversations = rated(values)
    scored = [one for one in values if not math.isnan(one)]
    if not scored:
        return
    found = keep_best(conversations, "s", share)
    assert len(found.kept) >= math.floor(share * len(scored))
    assert len(found.kept) + len(found.dropped_ids) == len(conversations)
    if share < 1:
        kept = {one.id for one in found.kept}
        lowest = min(one.scores["s"] for one in found.kept)
        dropped = [one.scores["s"] for one in conversations if one.id not in kept]
        assert all(math.isnan(one) or one < lowest for one in dropped)
        assert sum(one.count for one in found.dropped) == len(dropped)


@given(SCORES)
def test_keeping_again_what_was_kept_by_its_threshold_changes_nothing_above_it(values):
    if any(not math.isnan(one) for one in values):
        found = keep_best(rated(values), "s", 0.85)
        assert all(one.scores["s"] >= found.threshold for one in found.kept) or math.isnan(
            found.threshold
        )
