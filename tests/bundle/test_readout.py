"""From scores to probabilities: one label of a tree, or several labels at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from turnwise.bundle import leaves_only, levels_of
from turnwise.bundle.readout import Readout, readout
from turnwise.taxonomy import Dimension, Label

PATHS = (("Land", "Bike"), ("Land", "Cart"), ("Water", "Boat"), ("Water", "Sail"))
TREE = Dimension("product", tuple(Label(path[-1], path) for path in PATHS))
FLAT = Dimension("wish", tuple(Label(name, (name,)) for name in ("A", "B", "C")))

scores = st.integers(0, 4).flatmap(
    lambda rows: arrays(np.float32, (rows, 6), elements=st.floats(-1e4, 1e4, width=32))
)
temperature = st.floats(0.05, 20)


@given(scores, temperature, temperature)
def test_one_label_a_turn_has_probabilities_that_sum_to_one(logits, first, second):
    found = readout(TREE, (first, second), several=False).probabilities(logits)
    assert found.shape == (len(logits), 4)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)


@given(scores, temperature)
def test_several_labels_have_probabilities_of_their_own(logits, degree):
    found = Readout(leaves_only(TREE), (degree,), several=True).probabilities(logits[:, :4])
    assert ((found >= 0) & (found <= 1)).all()
    exact = 1 / (1 + np.exp(-np.clip(logits[:, :4].astype(float) / degree, -700, 700)))
    np.testing.assert_allclose(found, exact, atol=1e-6)


def test_several_labels_need_not_sum_to_one():
    found = Readout(leaves_only(FLAT), (1.0,), several=True).probabilities(
        np.array([[9.0, 9.0, -9.0]], np.float32)
    )
    assert found.sum() == pytest.approx(2, abs=1e-3)


def test_a_group_that_is_likely_raises_its_labels():
    logits = np.array([[0, 3, 0, 0, 0, 1]], np.float32)  # Land, Water; Bike, Cart, Boat, Sail
    found = readout(TREE, (1.0, 1.0), several=False).probabilities(logits)[0]
    assert found.argmax() == 3
    assert found[2] > found[0] == pytest.approx(found[1])
    ratio = found[3] / found[0]
    assert ratio == pytest.approx(np.exp(4), rel=1e-4)


def test_a_hot_level_hardly_counts():
    logits = np.array([[0, 5, 1, 0, 0, 0]], np.float32)
    assert readout(TREE, (20.0, 0.05), several=False).probabilities(logits).argmax() == 0
    assert readout(TREE, (0.05, 20.0), several=False).probabilities(logits).argmax() == 2


def test_the_number_of_temperatures_tells_which_levels_are_read():
    assert readout(TREE, (1.0, 2.0), several=False).levels == levels_of(TREE)
    assert readout(TREE, (1.0,), several=False).levels == leaves_only(TREE)
    assert readout(FLAT, (1.0,), several=False).levels == leaves_only(FLAT)
