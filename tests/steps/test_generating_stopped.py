"""Generation that a budget or an endpoint ends early, and options that do not go together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.llm.chat_server import ChatServer, Handler, serving_as_teacher
from tests.workspaces import copy_folder
from turnwise.errors import ConfigError
from turnwise.generation.files import read_generated
from turnwise.llm import EndpointError
from turnwise.project import Project
from turnwise.steps.generating import GenerateOptions, generate_conversations

BEGUN = 40


class Limited(Handler):
    """Answers as often as its server's quota has it."""

    server: Server

    def do_POST(self) -> None:  # noqa: N802 - as the base class has it
        self.server.asked += 1
        if self.server.asked <= self.server.quota:
            super().do_POST()
            return
        self.rfile.read(int(self.headers["Content-Length"]))
        told = json.dumps({"error": {"message": "insufficient_quota"}}).encode()
        self.send_response(429)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)


class Server(ChatServer):
    """Plays customer and agent; what it says hangs on what it is asked alone."""

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = Limited
        self.asked, self.quota = 0, 10**6

    def answer(self, system: str, user: str) -> str:
        said = user.count("customer: ") + user.count("agent: ")
        return json.dumps({"text": f"could you please help me with the order number {said}"})


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    with serving_as_teacher(Server(), monkeypatch) as server:
        yield server


@pytest.fixture
def project(finished, tmp_path) -> Iterator[Project]:
    folder = copy_folder(finished, tmp_path / "work")
    (folder / "bundles" / "current").unlink()  # which would read other labels from such turns
    with Project.open(folder) as opened:
        yield opened


def written(**rest) -> GenerateOptions:
    return GenerateOptions(method="llm", conversations=BEGUN, keep=1.0, **rest)


def test_a_small_budget_ends_with_whole_conversations(project, server):
    result = generate_conversations(project, written(calls=60))
    assert result.calls <= 60
    assert result.kept >= 2
    assert result.unfinished > 0
    some = [one.turns for one in read_generated(result.file)]
    more = generate_conversations(project, written())
    assert more.reused >= result.calls  # the very same questions
    every = [one.turns for one in read_generated(more.file)]
    assert all(one in every for one in some)


def test_an_endpoint_that_answers_no_more_is_told_with_what_is_kept_and_the_rest_is_asked_once(
    project, server
):
    first = generate_conversations(project, written(calls=60))
    before = first.file.read_bytes()
    server.quota = server.asked + 30
    with pytest.raises(EndpointError, match="insufficient_quota") as raised:
        generate_conversations(project, written())
    told = re.search(r"No set is written yet: (\d+) conv.* and (\d+) answers", str(raised.value))
    assert told
    assert int(told[1]) > 0
    assert int(told[2]) > int(told[1])
    assert first.file.read_bytes() == before
    server.quota = 10**6
    result = generate_conversations(project, written())
    assert result.reused >= int(told[2])
    assert result.kept > int(told[1])


def test_an_endpoint_that_never_answered_is_told_as_it_is(project, server):
    server.quota = 0
    with pytest.raises(EndpointError) as raised:
        generate_conversations(project, written())
    assert "No set is written" not in str(raised.value)


@pytest.mark.parametrize(
    ("method", "by"),
    [("random", "llm"), ("hmm", "llm"), ("embedded", "llm"), ("llm", "embedded")],
)
def test_who_plays_can_not_be_said_of_chains(project, server, method, by):
    with pytest.raises(ConfigError, match=r"nobody plays in them.*--method llm"):
        generate_conversations(project, GenerateOptions(method=method, by=by))


def test_the_report_shows_what_was_dropped_and_of_which_kind(project):
    result = generate_conversations(project, GenerateOptions(conversations=BEGUN))
    assert {one.what for one in result.dropped} >= {"conversations"}
    page = result.page.read_text("utf-8")
    assert "What was dropped" in page
    for one in result.dropped:
        assert one.what in page
        assert one.reason in page
