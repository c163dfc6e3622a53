from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.bundle.levels import Levels, path_scores
from turnwise.training.calibrate import fit_temperature, fit_temperatures, mean_loss


def drawn(logits: np.ndarray, temperature: float, seed: int) -> np.ndarray:
    """Labels drawn from the softmax of the logits at a temperature."""
    noise = np.random.default_rng(seed).gumbel(size=logits.shape)
    return (logits / temperature + noise).argmax(1)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_that_labels_were_drawn_at_is_found(temperature):
    logits = np.random.default_rng(0).normal(size=(20_000, 5)).astype(np.float32) * 2
    assert fit_temperature(logits, drawn(logits, temperature, 1)) == pytest.approx(
        temperature, rel=0.05
    )


@given(st.integers(0, 10_000), st.integers(2, 40), st.floats(0.1, 30))
def test_no_other_temperature_in_range_is_likelier(seed, turns, scale):
    draw = np.random.default_rng(seed)
    logits = (draw.normal(size=(turns, 4)) * scale).astype(np.float32)
    labels = draw.integers(4, size=turns)
    best = mean_loss(logits, labels, fit_temperature(logits, labels))
    others = [mean_loss(logits, labels, one) for one in np.geomspace(0.051, 19.9, 25)]
    assert best <= min(others) + 1e-3 * max(1, min(others))


def test_a_model_that_is_always_right_keeps_a_finite_temperature():
    logits = np.eye(4, dtype=np.float32)
    assert 0.04 < fit_temperature(logits, np.arange(4)) < 0.1


TREE = Levels(((0, 0, 1, 1, 2), (0, 1, 2, 3, 4)))  # 5 labels under 3 nodes


def said(turns: int, seed: int, scale: float = 2.0, levels: Levels = TREE) -> np.ndarray:
    """Float32[turns, width], logits of all levels."""
    return (np.random.default_rng(seed).normal(size=(turns, levels.width)) * scale).astype("f4")


@pytest.mark.parametrize("temperatures", [(1.0, 1.0), (0.5, 2.0), (3.0, 0.4)])
def test_the_temperatures_of_all_levels_are_found_together(temperatures):
    logits = said(30_000, 0)
    labels = drawn(path_scores(logits, TREE, temperatures), 1.0, 1)
    assert fit_temperatures(logits, labels, TREE) == pytest.approx(temperatures, rel=0.08)


@given(st.integers(0, 10_000), st.integers(5, 60), st.floats(0.1, 20))
def test_no_pair_of_temperatures_in_range_is_likelier(seed, turns, scale):
    logits = said(turns, seed, scale)
    labels = np.random.default_rng(seed + 1).integers(5, size=turns)

    def loss(upper: float, lower: float) -> float:
        return mean_loss(path_scores(logits, TREE, (upper, lower)), labels, 1.0)

    best = loss(*fit_temperatures(logits, labels, TREE))
    grid = np.geomspace(0.051, 19.9, 9)
    others = [loss(upper, lower) for upper in grid for lower in grid]
    assert best <= min(others) + 1e-3 * max(1, min(others))


def test_temperatures_of_their_own_are_never_worse_than_one_for_all_levels():
    for seed in range(20):
        logits = said(30, seed, scale=8)
        labels = np.random.default_rng(seed).integers(5, size=30)
        fitted = path_scores(logits, TREE, fit_temperatures(logits, labels, TREE))
        together = path_scores(logits, TREE, (1, 1))
        shared = mean_loss(together, labels, fit_temperature(together, labels))
        assert mean_loss(fitted, labels, 1.0) <= shared + 1e-6


def test_a_level_that_says_nothing_true_hardly_counts():
    logits = said(5_000, 0)
    only_lower = logits[:, 3:]
    upper, lower = fit_temperatures(logits, drawn(only_lower, 1.0, 1), TREE)
    assert upper > 10
    assert lower == pytest.approx(1.0, rel=0.1)


def test_equal_levels_and_large_taxonomies_are_fitted_in_parts(monkeypatch):
    twice = Levels((TREE.ancestors[1],) * 2)  # no curvature between the two
    logits = np.tile(said(400, 0, levels=Levels(TREE.ancestors[1:])), 2)
    labels = drawn(logits[:, :5], 1.0, 1)
    whole = fit_temperatures(logits, labels, twice)
    assert mean_loss(path_scores(logits, twice, whole), labels, 1.0) == pytest.approx(
        mean_loss(logits[:, :5], labels, fit_temperature(logits[:, :5], labels)), abs=1e-4
    )
    monkeypatch.setattr("turnwise.training.calibrate.CELLS_AT_ONCE", 100)
    assert fit_temperatures(logits, labels, twice) == pytest.approx(whole, rel=1e-3)
    in_parts = mean_loss(logits, labels, 1.3)
    monkeypatch.undo()
    assert in_parts == pytest.approx(mean_loss(logits, labels, 1.3))


def test_one_level_has_the_temperature_of_a_plain_dimension():
    flat = Levels((tuple(range(4)),))
    logits = said(200, 0, levels=flat)
    labels = drawn(logits, 1.7, 1)
    assert fit_temperatures(logits, labels, flat) == (fit_temperature(logits, labels),)
