"""What a server did stands in the workspace afterwards: decisions, exposures, feedback."""

import pytest
from server_process import running, stopped

from turnwise.serving.deployment import (
    DEPLOYMENT,
    Challenger,
    Deployment,
    Experiment,
    write_deployment,
)
from turnwise.workspace import Workspace

NOW = "2026-08-01T12:00:00+00:00"
SAID = "please cancel it, I am Ann, ann@example.com"


@pytest.fixture
def workspace(tmp_path, bundle_folder):
    """A workspace with two names of one bundle, and an experiment that compares them."""
    from test_http_switching import copied

    folder = tmp_path / "work"
    with Workspace.create(folder):
        (folder / "turnwise.yaml").write_text("", "utf-8")
    for name in "abc":
        copied(folder, bundle_folder, name)
    experiment = Experiment("august", "a", (Challenger("b", 0.5),), NOW)
    write_deployment(folder / DEPLOYMENT, Deployment("a", experiment=experiment, shadows=("c",)))
    return folder


def serving(folder, **settings):
    return running(
        folder,
        folder / "bundles" / "a",
        no_keys=True,
        deployment=str(folder / DEPLOYMENT),
        workspace=str(folder),
        **settings,
    )


def turn(conversation):
    return {"conversation_id": conversation, "messages": [{"role": "customer", "content": SAID}]}


def test_all_that_was_served_is_logged_when_the_server_has_stopped(workspace):
    ids = [f"c{place}" for place in range(12)]
    with serving(workspace) as server:
        answers = {one: server.ask("POST", "/v1/decide", turn(one)).json for one in ids}
        again = server.ask("POST", "/v1/decide", turn("c1")).json
        labelled = server.ask("POST", "/v1/classify", turn("only-labels")).json
        said = {"conversation_id": "c1", "resolved": True, "rating": "good", "duration": 3.5}
        assert server.ask("POST", "/v1/feedback", said).json == {"accepted": 1}
        assert stopped(server) == 0
    with Workspace.open(workspace) as opened:
        log = opened.decision_log
        made = [one for one in log.decisions() if one.arm != "shadow"]
        shadows = [one for one in log.decisions() if one.arm == "shadow"]
        exposures, feedback = list(log.exposures("august")), list(log.feedback())
    assert len(made) == len(ids) + 2
    for one in made[: len(ids)]:
        answer = answers[one.conversation]
        assert (one.kind, one.sure, one.bundle) == (
            answer["kind"],
            answer["sure"],
            answer["bundle"],
        )
        assert {name: given.label for name, given in one.labels.items()} == {
            name: given["label"] for name, given in answer["labels"].items()
        }
    assert made[-2].conversation == again["conversation_id"]
    assert (made[-1].kind, made[-1].bundle) == ("none", labelled["bundle"])
    assert {one.text for one in made} == {None}
    assert {one.bundle for one in shadows} <= {"c"}
    assert {one.conversation: one.bundle for one in exposures} == {
        one: answer["bundle"] for one, answer in {**answers, "only-labels": labelled}.items()
    }
    assert [(one.conversation, one.resolved, one.rating, one.duration) for one in feedback] == [
        ("c1", True, "good", 3.5)
    ]


def test_text_is_logged_where_it_is_asked_for_and_then_redacted(workspace):
    with serving(workspace, log_text=True) as server:
        server.ask("POST", "/v1/decide", turn("c1"))
        assert stopped(server) == 0
    with Workspace.open(workspace) as opened:
        texts = {one.text for one in opened.decision_log.decisions()}
    assert len(texts) == 1
    text = texts.pop()
    assert text.startswith("please cancel it")
    assert "ann@example.com" not in text


def test_a_sample_is_of_whole_conversations_and_leaves_no_exposure_out(workspace):
    with serving(workspace, log_share=0.4) as server:
        for place in range(20):
            server.ask("POST", "/v1/decide", turn(f"c{place}"))
            server.ask("POST", "/v1/decide", turn(f"c{place}"))
        assert stopped(server) == 0
    with Workspace.open(workspace) as opened:
        made = [one for one in opened.decision_log.decisions() if one.arm != "shadow"]
        exposures = list(opened.decision_log.exposures("august"))
    assert len(exposures) == 20
    kept = {one.conversation for one in exposures if one.logged}
    assert 0 < len(kept) < 20
    assert sorted(one.conversation for one in made) == sorted([*kept, *kept])


def test_feedback_that_does_not_fit_names_the_field(workspace):
    faults = [
        ({}, "conversation_id"),
        ({"conversation_id": "c"}, None),
        ({"conversation_id": "c", "rating": "fine"}, "rating"),
        ({"conversation_id": "c", "corrected": {"intent": "NO_SUCH"}}, "corrected.intent"),
        ({"feedback": [{"conversation_id": "c", "duration": -1}]}, "feedback.0.duration"),
    ]
    with serving(workspace) as server:
        for body, field in faults:
            refused = server.ask("POST", "/v1/feedback", body)
            assert (refused.status, refused.error) == (422, ("invalid", field))


def test_a_server_without_a_workspace_takes_no_feedback(server):
    said = {"conversation_id": "c", "resolved": True}
    refused = server.ask("POST", "/v1/feedback", said)
    assert (refused.status, refused.error) == (409, ("nothing_logged", None))
