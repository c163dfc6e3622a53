"""Labelling by real servers with a model that knows nothing: what a schema, a limit or a stop
promises holds whatever the model says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, as_completed
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, create_model

from tests.llm_server.servers import CONTEXT, RealServer, installed
from tests.workspace.workspace_samples import new_workspace
from turnwise.conversations import Conversation, Turn, examples
from turnwise.labelling import label
from turnwise.labelling.llm import LlmAnnotator, Single, ZeroShot
from turnwise.llm import (
    Background,
    Budget,
    Client,
    Endpoint,
    MemoryAnswers,
    Question,
    Task,
)
from turnwise.taxonomy import Taxonomy, load_taxonomy
from turnwise.workspace import Workspace

if not installed():
    told = "no real language-model server is installed: `make test-llm` installs one and runs these"
    pytest.skip(told, allow_module_level=True)

TEMPLATE = """\
{% block system %}Choose a colour for the number.{% endblock %}
{% block user %}The number is {{ number }}.{% endblock %}
"""
COLOURS = ("red", "green", "blue")


SHOP = """\
name: shop
dimensions:
  product:
    labels: [{name: Bike, path: [Bike]}, {name: Boat, path: [Boat]}, {name: Kite, path: [Kite]}]
  wish:
    labels: [{name: REPAIR, path: [REPAIR]}, {name: PRICE, path: [PRICE]}]
"""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


def colour_question(number: int) -> Question[Any]:
    """A question whose right answers no other question has."""
    offered = Literal[tuple(f"{colour} {number}" for colour in COLOURS)]
    answer = create_model("Answer", __base__=Strict, colour=(offered, ...))
    return Question(Task("colour", "1", TEMPLATE, answer), {"number": number})


def is_own(reply: Any, number: int) -> bool:
    return reply.value is not None and reply.value.colour in {f"{one} {number}" for one in COLOURS}


@pytest.fixture
def background() -> Iterator[Background]:
    with Background() as running:
        yield running


@pytest.fixture
def taxonomy(tmp_path: Path) -> Taxonomy:
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP, encoding="utf-8")
    return load_taxonomy(path)


@pytest.fixture
def talks() -> list[Conversation]:
    def talk(number: int) -> Conversation:
        said = (f"my bike {number} is broken", "Shall we repair it?", "how much would that be")
        return Conversation(f"talk {number}", tuple(map(Turn, ("customer", "agent") * 2, said)))

    return [talk(number) for number in range(8)]


def turns_of(talks: Sequence[Conversation]) -> int:
    return sum(len(list(examples(talk))) for talk in talks)


def endpoint(server: RealServer, **more: Any) -> Endpoint:
    return Endpoint(server.url, "tiny", **{"answer_tokens": 400, **more})


def test_a_model_that_knows_nothing_gives_labels_of_the_taxonomy_alone(
    server: RealServer, background: Background, taxonomy: Taxonomy, talks: list[Conversation]
) -> None:
    client = Client(endpoint(server), MemoryAnswers())
    annotator = LlmAnnotator(ZeroShot(client, taxonomy), background)
    allowed = {one.name: set(one.names) for one in taxonomy.dimensions}
    labels = []
    for _, found in label(talks, annotator):
        for one in found:
            assert one.label in allowed[one.dimension]
            labels.append(one.label)
    assert len(set(labels)) > 2, "a constant would pass as well"
    assert len(labels) == 2 * turns_of(talks)
    assert client.spend.answered == turns_of(talks)
    assert client.spend.unusable == client.spend.failed == 0
    assert client.spend.calls <= client.spend.answered + 2, "finding out its form asks anew"


def test_of_many_in_flight_each_gets_its_own_answer(
    server: RealServer, background: Background
) -> None:
    client = Client(endpoint(server, concurrency=16), MemoryAnswers())
    asked = [background.submit(client.ask(colour_question(number))) for number in range(48)]
    for number, future in enumerate(asked):
        assert is_own(future.result(), number)
    assert client.spend.answered == len(asked)
    assert client.spend.tokens_out > 0


def test_after_a_stop_in_the_middle_only_what_is_missing_is_asked(
    server: RealServer, tmp_path: Path
) -> None:
    questions = [colour_question(number) for number in range(100)]
    new_workspace(tmp_path / "work").close()
    with Workspace.open(tmp_path / "work") as workspace, Background() as stopped:
        first = Client(endpoint(server, concurrency=4), workspace.answers)
        begun: list[Future[Any]] = [stopped.submit(first.ask(one)) for one in questions]
        for _, _ in zip(range(9), as_completed(begun), strict=False):
            pass
        stopped.close()
    kept = first.spend.answered
    assert 9 <= kept < len(questions)
    with Workspace.open(tmp_path / "work") as workspace, Background() as resumed:
        second = Client(endpoint(server, concurrency=4), workspace.answers)
        ended = [resumed.submit(second.ask(one)) for one in questions]
        assert all(is_own(future.result(), number) for number, future in enumerate(ended))
        assert sum(row.answers for row in workspace.answers.spending()) == len(questions)
    assert second.spend.reused == kept
    assert second.spend.answered == len(questions) - kept


def test_a_budget_of_calls_stops_and_a_larger_one_goes_on(
    server: RealServer, background: Background, taxonomy: Taxonomy, talks: list[Conversation]
) -> None:
    answers, spent = MemoryAnswers(), []
    for calls in (5, 100):
        budget = Budget(calls=calls)
        client = Client(endpoint(server), answers, budget)
        annotator = LlmAnnotator(ZeroShot(client, taxonomy), background)
        found = [one for _, some in label(talks, annotator) for one in some]
        assert len(found) == 2 * client.spend.ended
        assert all(one.label is not None for one in found)
        assert ("larger budget" in budget.reached) == (calls == 5)
        spent.append(client.spend)
    assert spent[0].calls == 5
    assert spent[0].answered == spent[1].reused > 0
    assert spent[0].answered + spent[1].answered == len(answers.kept) == turns_of(talks)


def test_a_history_over_the_servers_context_is_cut_until_it_fits(
    server: RealServer, background: Background, taxonomy: Taxonomy
) -> None:
    said = [f"the bike number {number} squeaks on every road that I ride" for number in range(300)]
    long = Conversation("long", tuple(Turn("customer", text) for text in said))
    last = list(examples(long))[-1]
    store = MemoryAnswers()
    client = Client(endpoint(server, context_tokens=65536), store)  # says the configuration
    found = background.submit(ZeroShot(client, taxonomy).turn(last)).result()
    assert all(one.label is not None for one in found)
    (kept,) = store.kept.values()
    assert kept.attempts > 1
    assert kept.tokens_in < CONTEXT * kept.attempts


def test_an_answer_that_finds_no_end_is_counted_and_costs_its_turn_alone(
    server: RealServer, background: Background, taxonomy: Taxonomy, talks: list[Conversation]
) -> None:
    store = MemoryAnswers()
    client = Client(endpoint(server, answer_tokens=16), store)
    annotator = LlmAnnotator(Single(client, taxonomy), background)
    found = [one for _, some in label(talks[:2], annotator) for one in some]
    assert {one.label for one in found} == {None}
    assert client.spend.unusable == client.spend.answered == turns_of(talks[:2])
    assert all("cut after 16 tokens" in kept.problem and kept.text for kept in store.kept.values())


def test_the_command_stops_at_its_budget_and_goes_on_where_it_stopped(
    server: RealServer, turnwise: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TURNWISE_TEACHER_BASE_URL", server.url)
    monkeypatch.setenv("TURNWISE_TEACHER_MODEL", "tiny")
    work, logs = tmp_path / "work", tmp_path / "logs.jsonl"
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    texts = [f"my boat {number} leaks" for number in range(12)]
    talks = [{"id": text, "turns": [{"role": "customer", "text": text}]} for text in texts]
    logs.write_text("".join(json.dumps(talk) + "\n" for talk in talks), encoding="utf-8")
    turnwise("init", work, "--taxonomy", tmp_path / "shop.yaml")
    turnwise("import", logs, "-w", work)
    label = ("label", "-w", work, "--by", "llm", "--strategy", "zero-shot", "--json")
    first, second, third = (
        json.loads(turnwise(*label, *limit).stdout) for limit in (("--calls", 5), (), ())
    )
    assert "larger budget" in first["stopped"]
    assert first["calls"] == 5
    assert second["stopped"] == ""
    assert first["turns"] + second["turns"] - second["reused"] == len(talks)
    assert second["annotations"] == {"product": len(talks), "wish": len(talks)}
    assert second["left"] == second["unusable"] == second["missing"] == 0
    assert third["calls"] == 0
