"""`turnwise chat` and `turnwise evaluate --policy`, as typed."""

from __future__ import annotations

import json

from turnwise.serving.answers import DecideAnswer

TALK = "I want to cancel my music plan\n\nlet me talk to a human\n"


def test_every_line_is_decided_and_an_empty_one_starts_anew(turnwise, finished):
    done = turnwise("chat", "-w", finished, "--json", text=TALK)
    first, second = _all(done.stdout)
    assert (first["turn"], second["turn"]) == (0, 0)
    assert second["kind"] == "hand_off"
    assert second["labels"].keys() == {"domain", "intent", "issue"}
    assert DecideAnswer.__annotations__.keys() >= first.keys() >= {"state", "trace", "message"}


def test_lines_without_an_answer_between_are_one_turn(turnwise, finished):
    talk = "hello there\nI want to cancel my music plan\nlet me talk to a human\n"
    made = _all(turnwise("chat", "-w", finished, "--json", text=talk).stdout)
    apart = [at for at, one in enumerate(made[:2]) if one["question"]]
    assert made[2]["kind"] == "hand_off"
    assert made[2]["message"] == 2 + len(apart)
    assert made[2]["turn"] == 2 * len(apart)


def _all(text: str) -> list[dict]:
    decoder, found = json.JSONDecoder(), []
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def test_the_trace_names_every_rule_that_was_tried(turnwise, finished):
    done = turnwise("chat", "-w", finished, "--trace", text=TALK)
    assert "A person takes over: a person is asked for" in done.stdout
    for rule in ("hand_off", "out_of_domain", "accept"):
        assert rule in done.stdout
    assert "model" in done.stdout


def test_the_hybrid_table_names_its_arms(turnwise, finished):
    done = turnwise("evaluate", "--policy", "-w", finished, "--json")
    found = json.loads(done.stdout)
    assert [one["name"] for one in found["arms"]] == ["model alone", "policy", "retrieval alone"]
    shown = turnwise("evaluate", "--policy", "-w", finished).stdout
    for word in ("model alone", "retrieval alone", "P50 / P90 / P99", "Decisions:"):
        assert word in shown


def test_the_simulation_of_questions_says_that_it_is_one(turnwise, finished):
    shown = turnwise("evaluate", "--clarify", "-w", finished).stdout
    assert "A simulated customer" in shown
    assert "asked about:" in shown
