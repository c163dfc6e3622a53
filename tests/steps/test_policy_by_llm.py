"""A policy that asks a language model, evaluated: planned, within a budget, paid once."""

from __future__ import annotations

import json

import pytest

from tests.llm.scripted_server import Answer, said, servers, used
from tests.workspaces import copy_folder
from turnwise.errors import ConfigError
from turnwise.llm import BudgetReached, EndpointError
from turnwise.project import Project, current_bundle
from turnwise.steps import Limits, evaluate_clarify, evaluate_policy, open_policy, plan_policy


def first(request: dict) -> Answer:
    """Take the first option of each dimension."""
    schema = request["response_format"]["json_schema"]["schema"]
    picks = {}
    for name, one in schema["properties"].items():
        found = schema["$defs"][one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one
        picks[name] = {"label": found["properties"]["label"]["enum"][0], "certainty": "certain"}
    return said(json.dumps(picks), usage=used(1000, 20))


@pytest.fixture
def serve():
    with servers() as start:
        yield start


@pytest.fixture
def workspace(finished, tmp_path):
    """A copy of the finished workspace that names a server as `small`; a few turns are its test."""
    copy = copy_folder(finished, tmp_path / "copy")

    def make(server, policy: str = "seconds: 30"):
        text = (
            "endpoints:\n  small:\n"
            f"    base_url: {server.url}\n    model: big\n    price_in: 1.0\n    concurrency: 4\n"
            f"policy: {{{policy}}}\ncaps: {{evaluation: 1}}\n"
        )
        path = copy / "turnwise.yaml"
        settings = path.read_text("utf-8")
        assert "test: 10" in settings
        path.write_text(settings.replace("test: 10", "test: 4") + text, encoding="utf-8")
        return copy

    return make


def test_it_costs_what_was_planned_and_a_second_run_nothing(serve, workspace):
    server = serve(first)
    with Project.open(workspace(server)) as project:
        plan = plan_policy(project)
        assert server.requests == []
        found = evaluate_policy(project)
        asked = len(server.requests)
        again = evaluate_policy(project)
        later = plan_policy(project)
    assert [one.name for one in found.arms] == ["model alone", "policy", "llm big alone"]
    assert plan.calls == asked == found.calls
    assert 0 < plan.asked <= 1
    assert (len(server.requests), again.calls, again.money) == (asked, 0, 0.0)
    assert (later.calls, later.reused) == (0, plan.calls)
    # What the arms cost does not depend on what was kept.
    model, policy, every = found.arms
    assert (model.calls, model.money) == (0, 0.0)
    assert every.calls == found.turns
    assert policy.calls == round(policy.asked * found.turns)
    assert policy.money == pytest.approx(policy.calls * 1e-3)
    assert [one.money for one in again.arms] == [one.money for one in found.arms]
    assert [one.accuracy for one in again.arms] == [one.accuracy for one in found.arms]
    for name, gain in policy.gain.items():
        assert gain == pytest.approx(1000 * (policy.accuracy[name] - model.accuracy[name]))


def test_a_budget_ends_it_and_more_goes_on(serve, workspace):
    server = serve(first)
    with Project.open(workspace(server)) as project:
        plan = plan_policy(project)
        with pytest.raises(BudgetReached, match="same command again"):
            evaluate_policy(project, limits=Limits(calls=2))
        assert len(server.requests) == 2
        found = evaluate_policy(project, limits=Limits(calls=plan.calls - 3))
        assert [one.name for one in found.arms] == ["model alone", "policy"]
        assert "budget is reached" in found.stopped
        whole = evaluate_policy(project)
    assert len(whole.arms) == 3
    assert len(server.requests) == plan.calls


def test_an_answer_that_took_too_long_is_late_however_long_it_was_waited_for(serve, workspace):
    def slowly(request):
        answer = first(request)
        answer.delay = 0.05
        return answer

    server = serve(slowly)
    with Project.open(workspace(server, "seconds: 0.01")) as project:
        found = evaluate_policy(project)
    _, policy, every = found.arms
    assert every.accuracy == found.arms[0].accuracy
    assert policy.money > 0
    assert max(every.milliseconds) >= 10


def test_an_endpoint_that_refuses_ends_it(serve, workspace):
    server = serve(lambda request: Answer(401, {"error": "no"}))
    with Project.open(workspace(server)) as project, pytest.raises(EndpointError):
        evaluate_policy(project)


def test_questions_are_simulated_within_a_budget_and_kept(serve, workspace):
    server = serve(first)
    with Project.open(workspace(server, "seconds: 30, questions: model")) as project:
        with pytest.raises(BudgetReached):
            evaluate_clarify(project, limits=Limits(calls=1))
        found = evaluate_clarify(project)
        asked = len(server.requests)
        assert evaluate_clarify(project) == found
    assert len(server.requests) == asked


def test_a_budget_for_nobody_is_refused(finished):
    with Project.open(finished) as project, pytest.raises(ConfigError, match="costs nothing"):
        evaluate_policy(project, limits=Limits(calls=1))


def test_questions_by_a_model_that_is_not_named_are_refused(finished, tmp_path):
    (tmp_path / "turnwise.yaml").write_text("policy: {questions: model}\n", encoding="utf-8")
    with (
        pytest.raises(ConfigError, match=r"policy\.questions"),
        open_policy(current_bundle(finished), tmp_path),
    ):
        pass
