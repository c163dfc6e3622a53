"""The gate of int8: labels that differ, and macro-F1 that was lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from turnwise.bundle import Agreement
from turnwise.training.agreement import passes, why_not

NEAR = Agreement(
    turns=1000,
    labels={"intent": 0.995, "domain": 1.0},
    largest_difference=0.1,
    macro_f1_change={"intent": -0.003, "domain": 0.01},
    processor=(),
)


def test_what_is_just_near_enough_passes():
    assert passes(NEAR)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"labels": {"intent": 0.994, "domain": 1.0}}, "agree 99.4% (intent; needs 99.5%)"),
        ({"macro_f1_change": {"intent": 0.0, "domain": -0.004}}, "-0.4 points (domain; may lose"),
    ],
)
def test_one_dimension_that_is_too_far_is_enough_to_refuse(change, reason):
    far = replace(NEAR, **change)
    assert not passes(far)
    assert reason in why_not(far)
