"""The conditional logit: it learns, and where nothing teaches it stays where it began."""

from __future__ import annotations

import numpy as np
import pytest

from turnwise.labelling.choice import chances, fit_choice

START = np.array([0.3, -0.2, 0.0])


def turns(weights: np.ndarray, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Turns whose labels are drawn as the weights say."""
    rng = np.random.default_rng(0)
    evidence = rng.normal(size=(count, 4, len(weights)))
    said = chances(evidence, weights)
    drawn = (said.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    return evidence, np.eye(4)[drawn]


def test_it_finds_the_weights_that_made_the_labels():
    weights = np.array([1.5, -0.5, 0.0])
    np.testing.assert_allclose(fit_choice(*turns(weights), START, 0.01), weights, atol=0.1)


def test_without_turns_the_weights_stay():
    nothing = np.zeros((0, 4, 3)), np.zeros((0, 4))
    np.testing.assert_array_equal(fit_choice(*nothing, START, 1.0), START)


def test_turns_without_gold_teach_nothing():
    evidence, targets = turns(np.array([1.5, -0.5, 0.0]), 50)
    silent = np.concatenate([targets, np.zeros_like(targets)])
    both = fit_choice(np.concatenate([evidence, -evidence]), silent, START, 1.0)
    np.testing.assert_allclose(both, fit_choice(evidence, targets, START, 1.0))


def test_a_strong_pull_holds_the_weights():
    found = fit_choice(*turns(np.array([1.5, -0.5, 0.0]), 50), START, 1e6)
    np.testing.assert_allclose(found, START, atol=1e-3)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e3])
def test_it_ends_whatever_the_size_of_the_evidence(scale):
    evidence, targets = turns(np.array([1.5, -0.5, 0.0]), 200)
    assert np.isfinite(fit_choice(evidence * scale, targets, START, 1.0)).all()
