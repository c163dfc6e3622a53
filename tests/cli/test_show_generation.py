"""What generation and its statistics look like on a terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from turnwise.cli import show, show_chains, show_generated, show_results
from turnwise.conversations import Conversation, Turn
from turnwise.generated import (
    Dropped,
    GeneratedConversation,
    GeneratedTurn,
    LabelledConversation,
)
from turnwise.generation.chains import estimate_chains
from turnwise.statistics import describe_logs
from turnwise.steps import TrainResult
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


def test_what_was_dropped_is_told_by_what_it_is(capsys):
    reasons = [Dropped(f"reason {at}", 2) for at in range(show_generated.MOST_REASONS + 3)]
    paired = Dropped("rated alike", 7, "answer pairs")
    show_generated._dropped([paired, *reasons, Dropped("another label", 5, "turns")])
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "  conversations dropped: 2, reason 0"
    assert out[-3] == "  conversations dropped: 6, for other reasons"
    assert out[-2] == "  turns that stayed as they were: 5, another label"
    assert out[-1] == "  answer pairs dropped: 7, rated alike"


def test_no_label_is_broken_on_a_terminal_of_80_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    long = [f"{name}_OF_A_RATHER_LONG_SORT" for name in ("CANCELLATION", "INFORMATION", "RETURN")]
    talks = [
        Conversation(
            f"c{at}", tuple(Turn("customer", "x", {"intent": (one,)}) for one in (*long, *long))
        )
        for at in range(3)
    ]
    show.statistics(describe_logs(talks), json=False)
    out = capsys.readouterr().out
    assert all(one in out for one in long)


LEARNT = TrainResult(
    bundle=Path("b"),
    id="b",
    fresh=True,
    gold_turns=306,
    pseudo_turns=883,
    calibration_turns=107,
    precision="fp32",
    agreement=1.0,
    seconds=2.0,
)


def test_what_was_learnt_from_is_one_list():
    assert (
        show_results._learnt_from(LEARNT)
        == "306 turns labelled by people and 883 pseudo-labelled ones"
    )
    assert show_results._learnt_from(replace(LEARNT, generated_turns=1729)) == (
        "306 turns labelled by people, 883 pseudo-labelled ones and 1,729 generated ones"
    )
