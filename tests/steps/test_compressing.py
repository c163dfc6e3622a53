"""Titles of a project become short, and a language model is paid once for each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.llm.chat_server import ChatServer, serving_as_teacher
from turnwise.errors import ConfigError, WorkspaceError
from turnwise.llm import BudgetReached, EndpointError
from turnwise.project import Project
from turnwise.steps.titles import TitleOptions, compress_taxonomy, plan_titles
from turnwise.taxonomy import load_taxonomy

TAXONOMY = """\
name: shop
dimensions:
  intent:
    labels:
      - name: refund_status
        titles: {en: "Where can I see the status of the refund for my order"}
        examples: ["where is my refund", "has my refund been paid yet"]
      - name: change_address
        titles: {en: "How do I change the delivery address of an order that was placed"}
      - name: storno
        titles: {de: "Ich möchte eine aufgegebene Bestellung wieder stornieren"}
      - {name: "YES"}
"""
ANSWERS = {
    "refund": ("en", "Refund status", "Status of refund", "Order refund"),
    "address": ("en", "Change address", "Delivery address", "Address change"),
    "Bestellung": ("de", "Cancel order", "Order cancellation", "Cancel placed order"),
}
LLM = TitleOptions(by="llm")


class Server(ChatServer):
    """Proposes phrases by a word of the title, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.titles: list[str] = []
        self.answering = True

    def answer(self, system: str, user: str) -> str:
        title = next(line for line in user.splitlines() if line.startswith("Title: "))
        self.titles.append(title)
        language, *phrases = next(said for word, said in ANSWERS.items() if word in title)
        english = "Cancel an order that was placed" if language == "de" else title
        text = json.dumps({"language": language, "english": english, "phrases": phrases})
        return text if self.answering else "no"


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    with serving_as_teacher(Server(), monkeypatch) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    (tmp_path / "titles.yaml").write_text(TAXONOMY, encoding="utf-8")
    with Project.create(tmp_path / "work", tmp_path / "titles.yaml") as project:
        yield project


def test_keyphrases_need_no_model_and_write_nothing_unasked(project):
    result = compress_taxonomy(project)
    found = {one.label: one for one in result.titles}
    assert found["refund_status"].tokens <= 4 < found["refund_status"].tokens_long
    assert "refund" in found["refund_status"].short.lower()
    assert not found["YES"].changed
    assert "not in English" in found["storno"].note
    assert (result.written, result.calls) == (None, 0)
    assert (project.folder / "taxonomy.yaml").read_text("utf-8") == TAXONOMY


def test_written_titles_are_read_and_the_file_from_before_is_kept(project):
    result = compress_taxonomy(project, TitleOptions(write=True))
    intent = project.taxonomy()["intent"]
    assert intent.label("refund_status").title() == result.titles[0].short
    assert (project.folder / "taxonomy.yaml.before").read_text("utf-8") == TAXONOMY
    assert compress_taxonomy(project).titles == result.titles, "the long ones are still known"


def test_another_file_leaves_the_project_alone(project, tmp_path):
    result = compress_taxonomy(project, TitleOptions(out=tmp_path / "short.yaml"))
    short = load_taxonomy(tmp_path / "short.yaml")["intent"]
    assert short.label("change_address").title() == result.titles[1].short
    assert (project.folder / "taxonomy.yaml").read_text("utf-8") == TAXONOMY
    with pytest.raises(WorkspaceError, match="no folder"):
        compress_taxonomy(project, TitleOptions(out=tmp_path / "none" / "short.yaml"))


def test_a_model_is_paid_once_for_each_title(project, server):
    first = compress_taxonomy(project, LLM)
    short = {one.label: one.short for one in first.titles}
    assert short["refund_status"] in ANSWERS["refund"]
    assert short["storno"] in ANSWERS["Bestellung"]
    again = compress_taxonomy(project, LLM)
    assert (first.calls, again.calls, again.reused) == (3, 0, 3)
    assert len(server.titles) == 3
    assert again.titles == first.titles


def test_a_plan_asks_nothing_and_tells_the_calls(project, server):
    assert plan_titles(project, LLM).calls == 3
    assert server.titles == []
    compress_taxonomy(project, LLM)
    assert plan_titles(project, LLM).calls == 0


def test_a_budget_ends_it_and_what_was_answered_is_kept(project, server):
    with pytest.raises(BudgetReached, match="run the same command again"):
        compress_taxonomy(project, TitleOptions(by="llm", calls=2))
    assert compress_taxonomy(project, LLM).calls == 1
    assert len(server.titles) == 3


def test_answers_that_cannot_be_used_leave_the_titles(project, server):
    server.answering = False
    result = compress_taxonomy(project, LLM)
    assert not any(one.changed for one in result.titles)
    assert all("no usable answer" in one.note for one in result.titles if one.label != "YES")


def test_options_that_do_not_go_together_are_told(project, tmp_path):
    for options, said in (
        (TitleOptions(calls=5), "cost nothing"),
        (TitleOptions(by="llm", tokens=0), "buys nothing"),
        (TitleOptions(write=True, out=tmp_path / "x.yaml"), "either --write or --out"),
    ):
        with pytest.raises(ConfigError, match=said):
            compress_taxonomy(project, options)
    with pytest.raises(ConfigError, match="--by llm"):
        plan_titles(project, TitleOptions())


def test_an_endpoint_that_is_not_there_is_told(project, monkeypatch):
    with pytest.raises(ConfigError, match="no endpoint 'teacher'"):
        compress_taxonomy(project, LLM)
    monkeypatch.setenv("TURNWISE_TEACHER_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("TURNWISE_TEACHER_MODEL", "a-model")
    with pytest.raises(EndpointError, match=r"127\.0\.0\.1:1"):
        compress_taxonomy(project, LLM)
