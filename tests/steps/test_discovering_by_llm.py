"""A language model judges and names clusters, is paid once, and is told beforehand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.llm.chat_server import ChatServer, serving_as_teacher
from turnwise.conversations import Conversation, Turn
from turnwise.discovery import DiscoveryConfig
from turnwise.errors import ConfigError
from turnwise.llm import BudgetReached
from turnwise.project import Project
from turnwise.steps.discovering import DiscoverOptions, discover_intents
from turnwise.steps.discovery_plan import plan_discovery

LLM = DiscoverOptions(by="llm")
THINGS = ("shoes", "lamp", "book", "table", "coat", "phone", "chair", "radio")
ASKED = (
    "cancel the order of my {}",
    "where is the parcel with my {}",
    "refund my money for the {}",
)


class Server(ChatServer):
    """Calls every cluster good and names it by a word; counts what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def answer(self, system: str, user: str) -> str:
        names = "action and its objective" in system
        self.asked.append("name" if names else "judge")
        words = [word for word in ("refund", "parcel", "cancel") if word in user]
        said = {"verdict": "good"}
        if names:
            about = words[0] if words else "thing"
            said = {"action": "ask", "objective": about, "title": f"Ask {about}", "language": "en"}
            said["description"] = f"Customers ask about their {about}, as in my lamp."
        return json.dumps(said)


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    with serving_as_teacher(Server(), monkeypatch) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "work") as project:
        texts = [asked.format(thing) for asked in ASKED for thing in THINGS]
        project.workspace.add(
            [Conversation(f"c-{at}", (Turn("customer", one),)) for at, one in enumerate(texts)]
        )
        plain = DiscoveryConfig(method="ward", candidates=(3,), adapt=False, prune=False, levels=1)
        project.config = project.config.model_copy(update={"discovery": plain})
        yield project


def test_a_model_judges_and_names_and_is_paid_once(project, server):
    plan = plan_discovery(project, LLM)
    assert server.asked == []
    first = discover_intents(project, LLM)
    assert {one.name for one in first.intents} == {"ask-cancel", "ask-parcel", "ask-refund"}
    assert (first.judge, first.namer) == ("a-model", "a-model")
    assert first.final_judge != first.judge
    assert first.calls == len(server.asked) == plan.calls
    second = discover_intents(project, LLM)
    assert second.intents == first.intents
    assert second.calls == 0


def test_names_that_may_quote_a_customer_are_forgotten_with_any_conversation(project, server):
    discover_intents(project, LLM)
    assert project.workspace.forget(["c-3"]).answers == 3
    asked = len(server.asked)
    discover_intents(project, LLM)
    assert "name" in server.asked[asked:]


def test_a_budget_stops_the_run_and_what_was_paid_is_kept(project, server):
    with pytest.raises(BudgetReached):
        discover_intents(project, DiscoverOptions(by="llm", calls=2))
    paid = len(server.asked)
    assert paid <= 2
    rest = discover_intents(project, LLM)
    assert rest.calls + rest.reused >= 6
    assert rest.calls < 6 + 1
    assert len(server.asked) == paid + rest.calls


def test_there_is_nothing_to_tell_beforehand_where_nobody_is_paid(project):
    with pytest.raises(ConfigError, match="nothing to tell beforehand"):
        plan_discovery(project, DiscoverOptions())


def test_a_crowd_without_its_endpoints_is_refused_before_anything_is_asked(project, server):
    crowded = DiscoveryConfig(by="llm", crowd=("anna", "berta"))
    project.config = project.config.model_copy(update={"discovery": crowded})
    with pytest.raises(ConfigError, match="no endpoint 'anna' is configured"):
        discover_intents(project)
    assert server.asked == []


@pytest.mark.parametrize(("theta", "found"), [(0.1, 3), (0.0, 4)])
def test_clusters_that_a_model_gives_one_name_are_merged_by_it(project, server, theta, found):
    discovery = replace(project.config.discovery, candidates=(4,), smallest=2, theta=theta)
    project.config = project.config.model_copy(update={"discovery": discovery})
    names = [one.name for one in discover_intents(project, LLM).intents]
    assert len(names) == len(set(names)) == found
    assert {"ask-cancel", "ask-parcel", "ask-refund"} <= set(names)
