"""What is said of conversations before somebody relies on them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.generation.repair_logs import TAXONOMY, repair_logs
from turnwise.generated import GeneratedConversation, GeneratedTurn, LabelledConversation
from turnwise.generation.config import GenerationConfig
from turnwise.generation.material import Material
from turnwise.steps.generation_notes import notes, teaches

TURN = GeneratedTurn("customer", "hello there")
TALK = GeneratedConversation("t", "hmm", (TURN, TURN))


def material(logs: list[LabelledConversation]) -> Material:
    return Material(TAXONOMY, "wish", logs)


def single(one: LabelledConversation) -> LabelledConversation:
    talk = replace(one.conversation, turns=one.conversation.turns[:1])
    return LabelledConversation(talk, {0: one.labels[0]})


SINGLES = [single(one) for one in repair_logs(60)]


@pytest.mark.parametrize("method", ["random", "hmm", "embedded", "llm"])
def test_of_single_queries_it_is_said_that_nothing_follows_anything(method):
    (said,) = notes(GenerationConfig(method=method), material(SINGLES))
    assert "nothing shows what follows what" in said
    assert "--method clarify" in said


def test_an_agent_that_nobody_ever_heard_is_told_of_and_teaches_nothing():
    played = GenerationConfig(method="simulate")
    (said,) = notes(played, material(SINGLES))
    assert "nobody answers" in said
    assert not teaches(played, material(SINGLES), [TALK])
    assert not list(notes(replace(played, by="llm"), material(SINGLES)))


def test_few_logs_are_told_and_so_is_their_market():
    hmm = GenerationConfig(method="hmm")
    (one,) = notes(hmm, material(repair_logs(1)))
    assert "no more than 1 labelled conversation is there to" in one
    (few,) = notes(replace(hmm, market="DE"), material(repair_logs(4, "DE")))
    assert "no more than 4 labelled conversations are there of market DE" in few
    assert not list(notes(hmm, material(repair_logs(60))))


def test_talks_teach_and_single_turns_and_random_ones_do_not():
    logs = material(repair_logs(60))
    hmm = GenerationConfig(method="hmm")
    assert teaches(hmm, logs, [TALK])
    assert not teaches(hmm, logs, [replace(TALK, turns=(TURN,))])
    assert not teaches(hmm, logs, [])
    assert not teaches(replace(hmm, method="random"), logs, [TALK])
