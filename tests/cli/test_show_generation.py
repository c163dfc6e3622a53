"""What generation and its statistics look like on a terminal."""

from __future__ import annotations

import pytest

from turnwise.cli import show_chains, show_generated
from turnwise.conversations import Conversation, Turn
from turnwise.generated import GeneratedConversation, GeneratedTurn, LabelledConversation
from turnwise.generation.chains import estimate_chains
from turnwise.steps.statistics import ChainResult


def told(conversation: GeneratedConversation, capsys: pytest.CaptureFixture[str]) -> str:
    show_generated._conversation(conversation)
    return capsys.readouterr().out


def test_an_ambiguous_query_is_shown_with_the_labels_that_fit(capsys):
    turn = GeneratedTurn("customer", "it does not work", {"intent": "REPAIR"})
    one = GeneratedConversation(
        "a-0", "ambiguous", (turn,), offered={"domain": ("PHONE", "TABLET")}
    )
    assert "domain may be: PHONE, TABLET" in told(one, capsys)


def test_a_talk_that_may_end_in_several_ways_is_shown_with_its_end(capsys):
    turn = GeneratedTurn("customer", "it does not work", {"intent": "REPAIR"})
    one = GeneratedConversation(
        "c-0", "clarify", (turn,), offered={"intent": ("PAY",)}, outcome="out_of_domain"
    )
    out = told(one, capsys)
    assert "ended: out of domain" in out
    assert "may be" not in out


def chains(states: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]) -> str:
    turns = tuple(
        Turn("customer" if at % 2 == 0 else "agent", "x") for at in range(2 * len(states))
    )
    labels = {
        2 * at: dict(zip(("domain", "intent"), one, strict=True)) for at, one in enumerate(states)
    }
    talk = LabelledConversation(Conversation("c", turns), labels)
    found = estimate_chains([talk], ("domain", "intent"), intent="intent")
    show_chains.chain_statistics(ChainResult(found))
    return " ".join(capsys.readouterr().out.split())


def test_changes_are_told_of_whole_states_and_of_the_intent(capsys):
    out = chains([("A", "ASK"), ("B", "ASK"), ("B", "PAY")], capsys)
    assert "of which 100.0% change a label, 50.0% that of intent" in out


def test_where_nothing_follows_anything_no_empty_table_is_drawn(capsys):
    out = chains([("A", "ASK")], capsys)
    assert "first label" in out
    assert "from turn to turn" not in out
    assert "change a label" not in out
