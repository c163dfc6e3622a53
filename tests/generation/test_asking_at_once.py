"""How many conversations are written together, by what a budget pays for."""

from __future__ import annotations

import math

from turnwise.generation.asking import AT_ONCE, together


def test_a_small_budget_is_spent_on_few_conversations_and_no_budget_on_many():
    assert together(20) == together(1) == 1
    assert 1 < together(300) < AT_ONCE
    assert together(1e6) == together(math.inf) == AT_ONCE
