"""Which label follows which: the forward pass, its laws, and the file that it comes from."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from turnwise.bundle.refusal import Conformal
from turnwise.bundle.transitions import (
    EARLIER,
    Chain,
    ChainPrior,
    Succession,
    Transitions,
    tempered,
    windows,
)
from turnwise.errors import BundleError
from turnwise.taxonomy import Dimension, Label, Taxonomy

NAMES = ("ask", "pay", "leave")
WISH = Dimension("wish", tuple(Label(name, (name,)) for name in NAMES))
SHOP = Taxonomy("shop", (WISH,))
COUNTED = (
    Succession(None, "ask", 8),
    Succession(None, "pay", 2),
    Succession("ask", "pay", 6),
    Succession("ask", "ask", 2),
    Succession("pay", "leave", 7),
)
PRIOR = ChainPrior(COUNTED, WISH)
EVEN = np.full((1, 3), 1 / 3)

rows = arrays(np.float64, st.tuples(st.integers(1, 12), st.just(3)), elements=st.floats(0.01, 1))


def read(found, weight=1.0, feed=None):
    """One conversation from its opening on."""
    return PRIOR.read(found, *windows([len(found)]), weight, feed)


def matrices():
    """Shares and smoothed transitions, written out as Witten and Bell have them."""
    counts = np.zeros((4, 3))
    for one in COUNTED:
        counts[3 if one.previous is None else NAMES.index(one.previous), NAMES.index(one.label)] = (
            one.count
        )
    shares = (counts.sum(0) + 0.5) / (counts.sum() + 1.5)
    kinds = np.maximum(1, (counts > 0).sum(1, keepdims=True))
    return shares, (counts + kinds * shares) / (counts.sum(1, keepdims=True) + kinds)


@given(rows.map(lambda some: some[:4]))
def test_at_full_weight_it_is_the_forward_pass_of_a_hidden_markov_model(some):
    shares, steps = matrices()
    some = some / some.sum(1, keepdims=True)
    likely = some / shares
    total = np.zeros(3)
    for path in product(range(3), repeat=len(some)):
        before = (3, *path)
        total[path[-1]] += np.prod(
            [steps[before[at], now] * likely[at, now] for at, now in enumerate(path)]
        )
    np.testing.assert_allclose(read(some)[-1], total / total.sum(), rtol=1e-6)


@given(rows, st.floats(0, 1))
def test_what_comes_out_are_probabilities(some, weight):
    found = read(some, weight)
    assert found.shape == some.shape
    np.testing.assert_allclose(found.sum(1), 1)


@given(rows)
def test_at_weight_nought_the_text_alone_counts(some):
    np.testing.assert_allclose(read(some, 0.0), some / some.sum(1, keepdims=True))


def test_a_turn_that_says_nothing_is_read_by_the_one_before():
    paid = np.array([[0.01, 0.98, 0.01]])
    assert NAMES[read(np.concatenate([paid, EVEN]))[-1].argmax()] == "leave"
    asked = np.array([[0.98, 0.01, 0.01]])
    assert NAMES[read(np.concatenate([asked, EVEN]))[-1].argmax()] == "pay"


def test_an_opening_turn_is_read_by_how_conversations_open():
    assert NAMES[read(EVEN)[0].argmax()] == "ask"


def test_where_the_opening_is_out_of_sight_nothing_is_assumed_of_it():
    found = PRIOR.read(EVEN, np.array([[0]]), np.array([False]), 1.0)
    np.testing.assert_allclose(found, EVEN)


def test_what_is_fed_back_can_be_given():
    def leave(places, found):
        return np.eye(3)[np.full(len(places), 1)]

    doubtful = np.concatenate([EVEN, EVEN])
    assert NAMES[read(doubtful, feed=leave)[-1].argmax()] == "leave"


@given(st.lists(st.integers(1, 12), min_size=1, max_size=5))
def test_a_window_ends_with_its_turn_and_stays_within_the_conversation(lengths):
    places, opens = windows(lengths)
    starts = np.repeat(np.cumsum([0, *lengths[:-1]]), lengths)
    assert (places[:, -1] == np.arange(sum(lengths))).all()
    for row, start in enumerate(starts):
        seen = places[row][places[row] >= 0]
        assert seen.tolist() == list(range(max(start, row - EARLIER), row + 1))
        assert opens[row] == (seen[0] == start)


def test_conversations_are_read_apart_whatever_stands_beside_them():
    draw = np.random.default_rng(0)
    first, second = draw.dirichlet(np.ones(3), 5), draw.dirichlet(np.ones(3), 1500)
    both = PRIOR.read(np.concatenate([first, second]), *windows([5, 1500]), 0.6)
    np.testing.assert_allclose(both[:5], read(first, 0.6))
    np.testing.assert_allclose(both[5:], read(second, 0.6))


@given(rows, st.floats(0.2, 5))
def test_a_temperature_keeps_the_order_of_labels(some, degree):
    some = some / some.sum(1, keepdims=True)
    assert (tempered(some, degree).argmax(1) == some.argmax(1)).all()
    assert tempered(some, 1.0) is some


@pytest.fixture
def path(tmp_path):
    return tmp_path / "transitions.json"


SETS = Conformal(0.95, 60, 0.1, (0.1, 0.1, 0.1), 0)
CHAINS = Transitions({"wish": Chain(COUNTED, 0.5, 1.2, 60, 1.0, 0.9, SETS, None)})


def test_chains_come_back_as_they_were_written(path):
    CHAINS.write(path)
    assert Transitions.read(path, SHOP) == CHAINS


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"successions": [{"previous": "ask", "label": "cry", "count": 1.0}]}, "successions"),
        ({"successions": [{"previous": "ask", "label": "pay", "count": -1.0}]}, "successions"),
        ({"weight": 2.0}, "weight"),
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"more": 1}, "more"),
    ],
)
def test_a_chain_that_does_not_fit_is_named(path, change, reason):
    CHAINS.write(path)
    values = json.loads(path.read_text("utf-8"))
    values["chains"]["wish"].update(change)
    path.write_text(json.dumps(values), "utf-8")
    with pytest.raises(BundleError, match=reason):
        Transitions.read(path, SHOP)


def test_chains_of_another_taxonomy_and_cut_files_are_refused(path):
    CHAINS.write(path)
    with pytest.raises(BundleError, match="no dimension wish"):
        Transitions.read(path, Taxonomy("other", (Dimension("mood", WISH.labels),)))
    path.write_text(path.read_text("utf-8")[:100], "utf-8")
    with pytest.raises(BundleError, match=r"transitions\.json"):
        Transitions.read(path, SHOP)
