"""The rules of agreement."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.annotations import Annotation, Source
from turnwise.labelling.voting import (
    MAJORITY,
    agree,
    measured_reliability,
    spelt_out,
    weigh,
)

LABELS = ("a", "b", "c", "d")
votes = st.lists(st.sampled_from([*LABELS, None]), min_size=1, max_size=9)
rates = st.floats(0.05, 0.95)


def test_only_what_all_agree_on_is_kept():
    assert agree(["a", "a", "a"]).label == "a"
    assert agree(["a", "a", "b"]).label is None
    assert agree(["a", "a", "b"]).ranked == (("a", 2 / 3), ("b", 1 / 3))


def test_who_gives_no_label_does_not_agree():
    assert agree(["a", "a", None]).label is None
    assert agree(["a", "a", None], MAJORITY).label == "a"
    assert agree([None, None]).label is None


def test_a_tie_keeps_no_label():
    assert agree(["a", "b"], MAJORITY).label is None
    assert agree(["a", "a", "b", "c"], MAJORITY).label == "a"


@given(votes, st.floats(0.5, 1.0), st.floats(0.5, 1.0))
def test_a_stricter_rule_never_keeps_more(cast, one, other):
    strict, loose = agree(cast, max(one, other)), agree(cast, min(one, other))
    assert strict.label in (None, loose.label)
    assert sum(share for _, share in loose.ranked) <= 1.0 + 1e-9


@given(st.lists(st.tuples(st.sampled_from(LABELS), rates), min_size=1, max_size=5))
def test_weighted_votes_give_the_chance_that_bayes_gives(cast):
    def likelihood(truth: str) -> float:
        others = len(LABELS) - 1
        return prod(right if vote == truth else (1 - right) / others for vote, right in cast)

    total = sum(map(likelihood, LABELS))
    for label, share in weigh(cast, len(LABELS)).ranked:
        assert share == pytest.approx(likelihood(label) / total)


def test_one_reliable_voter_outweighs_two_that_are_not():
    assert weigh([("a", 0.95), ("b", 0.4), ("b", 0.4)], 4).label == "a"
    assert weigh([("a", 0.6), ("b", 0.6)], 4).label is None
    assert weigh([(None, 0.9)], 4).label is None


def test_nobody_is_taken_to_be_always_right():
    assert weigh([("a", 1.0), ("b", 0.9), ("b", 0.9), ("b", 0.99)], 10).label == "b"


def test_reliability_is_measured_where_gold_tells():
    def said(turn: int, label: str | None) -> Annotation:
        return Annotation("one", turn, "wish", label, Source("llm", "single m"))

    gold = {("one", turn, "wish"): ("a",) for turn in range(3)}
    found = measured_reliability([said(0, "a"), said(1, "b"), said(2, None), said(9, "a")], gold)
    assert found == {("single m", "wish"): 2 / 4}  # one of two, and one of each added
    assert measured_reliability([Annotation("one", 0, "wish", "a")], gold) == {}


def test_votes_are_spelt_out_most_first():
    cast = [("x", "b"), ("y", "a"), ("z", "b"), ("w", None)]
    assert spelt_out(cast) == "b: x, z; a: y; no label: w"
