from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.training.calibrate import fit_temperature, mean_loss


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
