"""Settings of a policy: what they mean, and which are refused."""

from __future__ import annotations

import pytest
from policy_samples import SURE, said

from turnwise.errors import ConfigError
from turnwise.serving import Policy, PolicyConfig


@pytest.mark.parametrize(
    "text",
    [
        "Let me speak to a human please",
        "agent",
        "can I TALK with someone?",
        "a real person, now",
        "get me a human",
        "put me through to your supervisor",
    ],
)
def test_who_asks_for_a_person_gets_one_whatever_the_model_says(bundle, text):
    made = Policy(bundle, PolicyConfig(confidence=SURE)).decide(said(text))
    assert (made.kind, made.sure) == ("hand_off", True)
    assert [one.rule for one in made.trace] == ["hand_off"]
    without = PolicyConfig(order=("accept",), confidence=SURE)
    assert [one.rule for one in Policy(bundle, without).decide(said(text)).trace] == ["accept"]


@pytest.mark.parametrize(
    "text",
    [
        "I put someone else's name on the parcel",
        "my phone does not connect to my operator",
        "please do not transfer me to an agent, just cancel it",
        "your agent was friendly",
    ],
)
def test_who_does_not_ask_for_a_person_gets_none(bundle, text):
    made = Policy(bundle, PolicyConfig(order=("hand_off",), confidence=SURE)).decide(said(text))
    assert not made.trace[0].decided


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": ("accept", "accept")},
        {"order": ("guess",)},
        {"confidence": {"intent": 1.5}},
        {"choices": 1},
        {"candidates": 0},
        {"clarifications": -1},
        {"failures": 0},
        {"seconds": 0.0},
        {"otherwise": "clarify"},
        {"questions": "llm"},
        {"person": ("(",)},
        {"person": ("",)},
        {"order": ()},
        {"seconds": float("inf")},
        {"seconds": float("nan")},
        {"clarifications": 1_000},
    ],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="policy"):
        PolicyConfig(**wrong)


def test_a_threshold_of_a_dimension_that_the_bundle_lacks_is_refused(bundle):
    with pytest.raises(ConfigError, match=r"policy\.confidence.*mood"):
        Policy(bundle, PolicyConfig(confidence={"mood": 0.5}))
