"""Generation by language models in a workspace: all parts that ask, budget, resume, plan."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import pytest

from benchmarks.labelling_stage import TURN_SHOWN
from benchmarks.llm_answers import instance, prompt_of
from tests.llm.chat_server import Handler
from tests.workspaces import copy_folder
from turnwise.generation.files import read_generated
from turnwise.generation.simulation.scene import OPENING
from turnwise.project import Project
from turnwise.steps.generating import GenerateOptions, generate_conversations
from turnwise.steps.generation_plan import plan_generation
from turnwise.steps.generation_writing import GenerateResult

ENOUGH = 6  # conversations
SAID = ("customer", "agent")


class Answering(Handler):
    """Answers by the schema of what is asked for."""

    server: Server

    def do_POST(self) -> None:  # noqa: N802 - as the base class has it
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message = {"role": "assistant", "content": json.dumps(self.server.said(self.body))}
        reply = {
            "model": self.body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }
        written = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)


class Server(ThreadingHTTPServer):
    """Plays, labels and judges; counts by model what it is asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked: Counter[str] = Counter()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def said(self, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self.asked[body["model"]] += 1
        schema = body["response_format"]["json_schema"]["schema"]
        prompt = prompt_of(body["messages"])
        turns = sum(prompt.count(f"\n{role}: ") for role in SAID)
        match sorted(schema["properties"]):
            case ["moves"]:
                return {"moves": ["end"] if turns > 3 else ["follow-up"]}
            case ["settled", "text"]:
                return {"text": f"we do that for you in step {turns}", "settled": turns > 2}
            case ["text"]:
                return {"text": f"and could you please tell me about number {turns}"}
            case ["rating"]:
                return {"rating": 3 + len(prompt) % 7}
            case _:
                return self.labelled(schema, prompt)

    def labelled(self, schema: Any, prompt: str) -> dict[str, Any]:
        """An answer of either stage: all turns get the same labels in the first one, and in the
        second one others."""
        found: dict[str, Any] = instance(schema, prompt, quote=TURN_SHOWN)
        same = instance(schema, "")  # hangs on no prompt
        if "labels" in found:
            self.first = same["labels"]
            return found | {"labels": self.first}
        if "final_labels" in found:
            final = same["final_labels"]
            verdicts = {
                one: "kept" if final[one] == self.first[one] else "revised" for one in final
            }
            self.final = final
            words = " ".join(re.findall(TURN_SHOWN, prompt)[-1].split()[:3])
            quotes = {one: [words] if verdicts[one] == "revised" else [] for one in final}
            return found | {"final_labels": final, "verdicts": verdicts, "quotes": quotes}
        return found


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for name in ("TEACHER", "JUDGE"):
        monkeypatch.setenv(f"TURNWISE_{name}_BASE_URL", server.url)
        monkeypatch.setenv(f"TURNWISE_{name}_MODEL", f"the-{name.lower()}")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def project(finished, tmp_path, server) -> Iterator[Project]:
    with Project.open(copy_folder(finished, tmp_path / "work")) as opened:
        yield opened


def made(project: Project, **asked: Any) -> GenerateResult:
    options = GenerateOptions(**{"by": "llm", "conversations": ENOUGH, "keep": 1.0, **asked})
    return generate_conversations(project, options)


def test_a_simulation_is_labelled_and_judged_by_models_and_paid_once(project, server):
    first = made(project, method="simulate", pairs=True)
    assert first.kept > 0
    assert first.agreement is not None
    assert server.asked["the-judge"] > 0
    assert first.calls == server.asked.total()
    again = made(project, method="simulate", pairs=True)
    assert again.calls == 0
    assert again.reused > 0
    assert list(read_generated(again.file)) == list(read_generated(first.file))


def test_the_labels_of_the_last_stage_stand(project, server):
    result = made(project, method="simulate")
    talks = list(read_generated(result.file))
    assert talks
    assert {name for name in server.final if server.final[name] != server.first[name]}
    given = [turn.labels for talk in talks for turn in talk.customer[1:]]
    assert any(given)
    assert all(labels.items() <= server.final.items() for labels in given)
    openings = [talk.customer[0] for talk in talks]  # as the logs have them, labels and all
    assert all(one.made == OPENING for one in openings)
    assert any(not one.labels.items() <= server.final.items() for one in openings)


def test_turns_that_the_budget_does_not_reach_keep_what_was_intended_and_it_is_said(
    project, server
):
    whole = made(project, method="simulate", name="whole")
    labelling = sum(len(one.customer) for one in read_generated(whole.file)) * 2
    judging = server.asked["the-judge"]
    playing = whole.calls - labelling - judging
    with Project.open(copy_folder(project.folder, project.folder / "copy")) as other:
        short = made(other, method="simulate", seed=1, calls=playing + 6)
    talks = list(read_generated(short.file))
    assert talks
    given = [turn.labels for talk in talks for turn in talk.customer]
    assert any(not labels.items() <= server.final.items() for labels in given)
    assert any("kept the labels that were intended" in note for note in short.notes)


@pytest.mark.parametrize("method", ["ambiguous", "clarify"])
def test_queries_that_the_budget_does_not_reach_are_unfinished_and_it_says_how_to_go_on(
    project, method
):
    short = made(project, method=method, calls=3)
    assert short.calls <= 3
    assert short.unfinished > 0
    assert not any("budget" in reason for reason in (one.reason for one in short.dropped))
    assert any("larger budget" in note for note in short.notes)


@pytest.mark.parametrize("method", ["llm", "simulate", "ambiguous", "clarify"])
def test_a_plan_counts_whoever_is_asked_and_asks_nobody(project, server, method):
    few, many = (
        plan_generation(project, GenerateOptions(method=method, by="llm", conversations=count))
        for count in (5, 10)
    )
    assert not server.asked
    assert many.calls > few.calls > 5
    assert few.tokens_in > few.calls
    judged = method != "ambiguous"
    assert set(few.models) == {"the-teacher", "the-judge"} if judged else {"the-teacher"}


def test_a_plan_of_chains_is_near_what_is_asked(project, server):
    (project.folder / "bundles" / "current").unlink()  # which would read other labels
    options = GenerateOptions(method="llm", conversations=5, keep=1.0)
    planned = plan_generation(project, options).calls
    made = generate_conversations(project, options)
    assert made.kept > 0
    assert made.calls / 2 < planned < 2 * made.calls  # of which some end early, as they repeat


def test_no_query_is_begun_that_the_logs_do_not_hold(project):
    result = made(project, method="ambiguous", conversations=100_000, by="embedded")
    assert result.begun < 100_000
    assert any("hold no more" in note for note in result.notes)
