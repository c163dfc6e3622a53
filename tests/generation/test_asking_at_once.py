"""How many conversations are written together, by what a budget pays for."""

from __future__ import annotations

import math

from turnwise.generation.asking import AT_ONCE, at_once_for


def test_a_small_budget_is_spent_on_few_conversations_and_no_budget_on_many():
    assert at_once_for(20) == at_once_for(1) == 1
    assert 1 < at_once_for(300) < AT_ONCE
    assert at_once_for(1e6) == at_once_for(math.inf) == AT_ONCE
