"""A conversation for the strategies to label."""

from __future__ import annotations

import pytest

from tests.labelling.llm.rule_asker import example_of
from turnwise.conversations import Example


@pytest.fixture
def talk() -> Example:
    return example_of("my bike is broken", "Shall we repair it?", "yes please, how much is it?")
