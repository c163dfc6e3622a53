from __future__ import annotations

from dataclasses import asdict
from json import dumps, loads

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.bundle import softmax
from turnwise.bundle.manifest import read_as
from turnwise.bundle.refusal import COMBINED, Refusal, Refuser
from turnwise.errors import ConfigError
from turnwise.training.operating import (
    HeldOut,
    RefusalConfig,
    fit_operating_point,
    fit_refusal,
)
from turnwise.training.out_of_domain import Trained


def drawn(turns: int, seed: int, strength: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated probabilities of 12 labels, and labels drawn from them."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(size=(turns, 12)).astype(np.float32) * strength
    return softmax(logits), (logits + draw.gumbel(size=logits.shape)).argmax(1)


def accuracy_from(shares: np.ndarray, labels: np.ndarray, confidence: float) -> float:
    taken = shares.max(1) >= confidence
    return float((shares.argmax(1) == labels)[taken].mean())


def test_the_target_is_met_on_new_turns_in_nearly_all_samples():
    new = drawn(50_000, 0, strength=6)
    points = [fit_operating_point(*drawn(600, seed, 6), 0.9, 0.9) for seed in range(1, 41)]
    met = [accuracy_from(*new, one.confidence) >= 0.9 - 0.005 for one in points]
    assert all(one.reached for one in points)
    assert np.mean(met) >= 0.85
    assert np.mean([one.coverage for one in points]) > 0.65  # of 0.765 that could be accepted


def test_the_figures_are_those_of_the_turns_it_accepts():
    shares, labels = drawn(400, 3)
    point = fit_operating_point(shares, labels, 0.9, 0.9)
    accepted = shares.max(1) >= point.confidence
    below = np.argsort(-shares[~accepted], axis=1)[:, : point.candidates]
    assert point.coverage == accepted.mean()
    assert point.accuracy == accuracy_from(shares, labels, point.confidence)
    assert point.in_top == (below == labels[~accepted, None]).any(1).mean()
    assert point.in_top >= 0.9 > point.top[point.candidates - 2]


@given(st.integers(0, 500), st.floats(0.1, 5))
def test_the_curves_go_on_to_all_turns_and_to_ten_labels(seed, strength):
    shares, labels = drawn(120, seed, strength)
    point = fit_operating_point(shares, labels, 0.9, 0.9)
    assert len(point.curve) == 20
    assert [one.coverage for one in point.curve] == sorted({one.coverage for one in point.curve})
    assert point.curve[-1].coverage == 1
    assert point.curve[-1].accuracy == (shares.argmax(1) == labels).mean()
    assert list(point.top) == sorted(point.top)
    assert len(point.top) == 10
    assert point.coverage > 0


def test_an_unreachable_target_is_said_to_be_so():
    shares, labels = drawn(300, 0, strength=0.5)
    point = fit_operating_point(shares, labels, 0.99, 0.999)
    assert not point.reached
    assert 0 < point.coverage < 1
    assert point.candidates == 10


def test_turns_of_one_confidence_are_accepted_together():
    shares = np.tile(np.array([0.6, 0.4], np.float32), (100, 1))
    point = fit_operating_point(shares, np.repeat([0, 1], [80, 20]), 0.95, 0.9)
    assert (point.coverage, point.accuracy, len(point.curve)) == (1, 0.8, 1)
    assert not point.reached


def held_out(turns: int) -> tuple[HeldOut, Trained]:
    draw = np.random.default_rng(0)
    centres = draw.normal(size=(4, 8))
    labels = draw.integers(4, size=2 * turns)
    vectors = centres[labels] + 0.3 * draw.normal(size=(2 * turns, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    logits = (vectors @ centres.T * 3).astype(np.float32)
    sparse = np.where(np.arange(turns) < 10, labels[:turns], -1)
    held = HeldOut(
        {"wish": logits[:turns], "mood": logits[:turns]},
        {"wish": labels[:turns], "mood": sparse},
        vectors[:turns],
    )
    return held, Trained(vectors[turns:], {"wish": labels[turns:], "mood": labels[turns:]})


def test_what_was_fitted_goes_through_the_manifest_unchanged():
    refusal, arrays = fit_refusal(*held_out(200))
    assert read_as(Refusal, loads(dumps(asdict(refusal))), "refusal") == refusal
    assert refusal.out_of_domain is not None
    assert arrays is not None


def test_a_dimension_with_too_little_gold_is_left_out_with_a_note():
    refusal, _ = fit_refusal(*held_out(200))
    assert set(refusal.conformal) == set(refusal.operating) == {"wish"}
    assert [one for one in refusal.notes if one.startswith("mood: no prediction sets, 10 turns")]
    assert [one for one in refusal.notes if one.startswith("mood: no operating point, 10 turns")]


def test_without_held_out_gold_nothing_is_fitted_and_nothing_fails():
    refusal, arrays = fit_refusal(*held_out(0))
    assert arrays is None
    assert (refusal.conformal, refusal.operating, refusal.out_of_domain) == ({}, {}, None)
    assert len(refusal.notes) == 5


def test_the_refuser_raises_as_many_false_alarms_as_were_allowed():
    held, trained = held_out(400)
    refusal, arrays = fit_refusal(held, trained, RefusalConfig(false_alarms=0.1))
    refuser = Refuser(arrays, refusal.out_of_domain)
    assert refuser.refused(held.logits, held.vectors).mean() == pytest.approx(0.1, abs=0.005)
    assert refuser.scores(held.logits, held.vectors)[COMBINED].mean() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("field", ["coverage", "false_alarms", "accuracy", "in_top"])
@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, float("nan")])
def test_a_share_outside_its_range_is_refused(field, value):
    with pytest.raises(ConfigError, match=f"refusal.{field}"):
        RefusalConfig(**{field: value})
