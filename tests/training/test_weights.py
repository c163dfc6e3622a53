"""Shares of the data mix and balanced labels: laws of the weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Example, Turn
from turnwise.taxonomy import Dimension, Label, Taxonomy
from turnwise.training import LabelledExample
from turnwise.training.data import MISSING, Targets, targets
from turnwise.training.weights import balanced, kind_of, mixed

KINDS = ("single", "multi", "pseudo", "generated")
SHOP = Taxonomy(
    "shop",
    (
        Dimension("wish", (Label("A", ("A",)), Label("B", ("B",)))),
        Dimension("mood", (Label("C", ("C",)), Label("D", ("D",)))),
    ),
)


def example(kind: str, labels: dict[str, str], weight: float = 1.0) -> LabelledExample:
    """An example of a kind."""
    before = (Turn("customer", "hi"), Turn("agent", "hello")) if kind != "single" else ()
    meta = {"generated": "yes"} if kind == "generated" else {}
    conversation = Conversation("c", (*before, Turn("customer", "now")), meta=meta)
    counts = 0.5 * weight if kind == "pseudo" else weight
    return LabelledExample(
        Example(conversation, len(before)), labels, dict.fromkeys(labels, counts)
    )


some_labels = st.fixed_dictionaries(
    {}, optional={"wish": st.sampled_from("AB"), "mood": st.sampled_from("CD")}
)
some_examples = st.lists(st.builds(example, st.sampled_from(KINDS), some_labels), max_size=30)
some_shares = st.dictionaries(
    st.sampled_from(KINDS), st.sampled_from((0.1, 0.2, 0.25)), min_size=1, max_size=4
)


def sums(found: Targets, examples: list[LabelledExample]) -> dict[str, float]:
    """Kind -> the sum of its weights."""
    kinds = np.array([kind_of(one) for one in examples])
    return {kind: float(found.weights[kinds == kind].sum()) for kind in set(kinds.tolist())}


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_says_of_what_kind_it_is(kind):
    assert kind_of(example(kind, {"wish": "A"})) == kind


@given(some_examples, some_shares)
def test_each_kind_has_its_share_of_the_weight_and_the_sum_stays(examples, shares):
    plain = targets(examples, SHOP)
    found = mixed(plain, examples, shares)
    before, after = sums(plain, examples), sums(found, examples)
    total = sum(before.values())
    assert sum(after.values()) == pytest.approx(total, rel=1e-4)
    assert np.isfinite(found.weights).all()
    assert (found.weights >= 0).all()
    there = {kind for kind, weight in before.items() if weight}
    stated = {kind: share for kind, share in shares.items() if kind in there}
    scale = 1.0 if there - set(stated) else sum(stated.values())
    for kind, share in stated.items():
        assert after[kind] == pytest.approx(total * share / scale, rel=1e-4)
    rest = {kind: before[kind] for kind in there - set(stated)}
    for kind, weight in rest.items():
        left = total * (1 - sum(stated.values()))
        assert after[kind] == pytest.approx(left * weight / sum(rest.values()), rel=1e-4)


def test_the_taxonomys_utterances_are_no_part_of_the_mix():
    examples = [example("single", {"wish": "A"})] * 4 + [example("pseudo", {"wish": "B"})] * 4
    utterances = [example("pseudo", {"wish": "A"})] * 3
    shares = {"single": 0.9, "pseudo": 0.1}
    found = mixed(targets([*examples, *utterances], SHOP), examples, shares).weights[:, 0]
    assert found[:4].sum() == pytest.approx(5.4)
    assert found[4:8].sum() == pytest.approx(0.6)
    assert found[8:].tolist() == [0.5] * 3


def test_within_a_kind_examples_keep_their_proportions():
    examples = [example("pseudo", {"wish": "A"}, w) for w in (1.0, 0.5)]
    examples += [example("single", {"wish": "B"})] * 3
    found = mixed(targets(examples, SHOP), examples, {"pseudo": 0.5}).weights[:, 0]
    assert found[0] == pytest.approx(2 * found[1])
    assert found[:2].sum() == pytest.approx(found[2:].sum())


def test_without_shares_nothing_changes():
    examples = [example("single", {"wish": "A"})]
    plain = targets(examples, SHOP)
    assert mixed(plain, examples, {}) is plain


@given(
    st.lists(
        st.tuples(st.integers(-1, 4), st.sampled_from((0.0, 0.25, 1.0))), min_size=1, max_size=40
    )
)
def test_balancing_keeps_the_sum_of_the_weights(rows):
    labels = np.array([[label] for label, _ in rows], np.int64)
    weights = np.array([[weight] for _, weight in rows], np.float32) * (labels != MISSING)
    found = balanced(Targets(labels, weights.astype(np.float32)))
    assert np.isfinite(found.weights).all()
    assert found.weights.sum() == pytest.approx(weights.sum(), rel=1e-4)
    assert ((found.weights == 0) == (weights == 0)).all()


def test_a_rare_label_counts_more_a_turn_and_no_more_in_all():
    labels = np.array([[0]] * 90 + [[1]] * 10, np.int64)
    found = balanced(Targets(labels, np.ones((100, 1), np.float32))).weights[:, 0]
    assert found[-1] / found[0] == pytest.approx(9, rel=0.1)
    assert found[:90].sum() == pytest.approx(found[90:].sum(), rel=0.1)


def test_beyond_some_thousand_turns_a_label_counts_as_seen_enough():
    labels = np.array([[0]] * 90_000 + [[1]] * 10_000, np.int64)
    found = balanced(Targets(labels, np.ones((100_000, 1), np.float32))).weights[:, 0]
    assert found[-1] / found[0] == pytest.approx(1, rel=0.01)


def test_a_dimension_whose_turns_have_no_share_is_left_alone():
    examples = [example("single", {"wish": "A"})] * 3 + [example("pseudo", {"mood": "C"})] * 2
    found = balanced(mixed(targets(examples, SHOP), examples, {"single": 1.0}))
    assert found.weights[:, 1].tolist() == [0.0] * 5
    assert found.weights[:3, 0].sum() == pytest.approx(4)


def test_marks_of_several_labels_stay():
    one = replace(example("single", {"wish": "A"}), also={"wish": ("B",)})
    plain = targets([one, one], SHOP, ("wish",))
    found = balanced(mixed(plain, [one, one], {"single": 0.5}))
    assert found.several[0].tolist() == [[1, 1], [1, 1]]
