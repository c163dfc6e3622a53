"""Several bundles at once: arms, shadows, switches while requests are on their way."""

import json
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from server_process import PATIENCE, running

from turnwise.serving.deployment import (
    Challenger,
    Deployment,
    Experiment,
    read_deployment,
    write_deployment,
)

NOW = "2026-08-01T12:00:00+00:00"


def copied(folder: Path, bundle: Path, name: str) -> str:
    """The same bundle under another name."""
    made = folder / "bundles" / name
    shutil.copytree(bundle, made)
    manifest = json.loads((made / "manifest.json").read_text("utf-8"))
    (made / "manifest.json").write_text(json.dumps({**manifest, "id": name}), "utf-8")
    return name


@pytest.fixture(scope="module")
def deployed(tmp_path_factory, bundle_folder):
    folder = tmp_path_factory.mktemp("deployed")
    for name in "ab":
        copied(folder, bundle_folder, name)
    write_deployment(folder / "deployment.json", Deployment("a"))
    file = folder / "deployment.json"
    with running(
        folder, folder / "bundles" / "a", no_keys=True, deployment=str(file), threads=1
    ) as server:
        yield server, file


def following(server, file, deployment):
    """Deploy, and wait until the server has followed."""
    write_deployment(file, deployment)
    wanted = dict.fromkeys(deployment.shadows, "shadow")
    arms = () if deployment.experiment is None else deployment.experiment.challengers
    wanted |= {one.bundle: "challenger" for one in arms}
    wanted[deployment.champion] = "champion"
    end = time.monotonic() + PATIENCE
    while {one["id"]: one["arm"] for one in facts(server)} != wanted:
        assert time.monotonic() < end, server.log.read_text()
        time.sleep(0.05)


def facts(server):
    return server.ask("GET", "/v1/bundles").json["bundles"]


def asked(conversation, route="decide"):
    body = {"messages": [{"role": "customer", "content": "I want to cancel"}]}
    if conversation:
        body["conversation_id"] = conversation
    return f"/v1/{route}", body


def served(server, conversation, route="decide"):
    answer = server.ask("POST", *asked(conversation, route))
    assert answer.status == 200, answer.body
    return answer.json["bundle"]


def test_a_switch_drops_no_request(deployed):
    server, file = deployed
    following(server, file, Deployment("a"))
    answers, over = [], threading.Event()

    def ask():
        while not over.is_set():
            answers.append(server.ask("POST", *asked("c1")))

    asking = threading.Thread(target=ask)
    asking.start()
    for champion in "bab":
        following(server, file, Deployment(champion))
    over.set()
    asking.join()
    assert {one.status for one in answers} == {200}
    assert {one.json["bundle"] for one in answers} == {"a", "b"}
    assert served(server, "c1") == "b"
    assert server.metric('turnwise_switches_total{outcome="done"}') >= 3


@pytest.mark.parametrize("route", ["decide", "classify"])
def test_challengers_serve_their_share_and_keep_their_conversations(deployed, route):
    server, file = deployed
    experiment = Experiment("august", "a", (Challenger("b", 0.5),), NOW)
    following(server, file, Deployment("a", experiment=experiment))
    ids = [f"c{place}" for place in range(24)]
    first = [served(server, one, route) for one in ids]
    assert set(first) == {"a", "b"}
    assert first == [served(server, one, route) for one in ids]
    assert first == [experiment.bundle_for(one) for one in ids]
    bodies = [asked(one)[1] for one in ids]
    batch = server.ask("POST", f"/v1/{route}", {"conversations": bodies}).json["results"]
    assert [one["bundle"] for one in batch] == first
    assert [one["conversation_id"] for one in batch] == ids
    assert {one["id"]: (one["arm"], one["share"]) for one in facts(server)} == {
        "a": ("champion", 0.5),
        "b": ("challenger", 0.5),
    }
    assert server.ask("GET", "/v1/bundles").json["experiment"] == "august"


def test_a_conversation_without_an_id_is_the_champions(deployed):
    server, file = deployed
    experiment = Experiment("all", "a", (Challenger("b", 0.99),), NOW)
    following(server, file, Deployment("a", experiment=experiment))
    assert {served(server, None) for _ in range(5)} == {"a"}


def test_a_shadow_decides_and_is_not_served(deployed):
    server, file = deployed
    following(server, file, Deployment("a", shadows=("b",)))
    before = server.metric('turnwise_shadow_decisions_total{outcome="done"}')
    assert {served(server, f"s{place}") for place in range(5)} == {"a"}
    end = time.monotonic() + PATIENCE
    while server.metric('turnwise_shadow_decisions_total{outcome="done"}') == before:
        assert time.monotonic() < end, server.log.read_text()
        time.sleep(0.05)


def test_a_shadow_sees_every_turn_of_a_batch(deployed):
    server, file = deployed
    following(server, file, Deployment("a", shadows=("b",)))
    before = server.metric('turnwise_shadow_decisions_total{outcome="done"}')
    bodies = [asked(f"batch{place}")[1] for place in range(24)]
    assert server.ask("POST", "/v1/decide", {"conversations": bodies}).status == 200
    end = time.monotonic() + PATIENCE
    while server.metric('turnwise_shadow_decisions_total{outcome="done"}') < before + 24:
        assert time.monotonic() < end, server.ask("GET", "/metrics").body.decode()
        time.sleep(0.05)


@pytest.mark.parametrize("fault", ["missing", "damaged", "no file"])
def test_what_cannot_be_followed_changes_nothing(deployed, fault, bundle_folder):
    server, file = deployed
    following(server, file, Deployment("a"))
    refused = server.metric('turnwise_switches_total{outcome="refused"}')
    if fault == "no file":
        file.write_text("{", "utf-8")
    else:
        name = f"faulty-{fault}"
        if fault == "damaged":
            copied(file.parent, bundle_folder, name)
            (file.parent / "bundles" / name / "model.onnx").write_bytes(b"no model")
        write_deployment(file, replace(read_deployment(file), champion=name))
    end = time.monotonic() + PATIENCE
    while server.metric('turnwise_switches_total{outcome="refused"}') == refused:
        assert time.monotonic() < end, server.log.read_text()
        time.sleep(0.05)
    assert served(server, "c1") == "a"
    assert "bundles stay as they are" in server.log.read_text()
    following(server, file, Deployment("b"))
    assert served(server, "c1") == "b"


def test_a_server_begins_with_what_is_deployed(tmp_path, bundle_folder):
    for name in "ab":
        copied(tmp_path, bundle_folder, name)
    file = tmp_path / "deployment.json"
    write_deployment(file, Deployment("b", before=("a",)))
    with running(
        tmp_path, tmp_path / "bundles" / "a", no_keys=True, deployment=str(file)
    ) as server:
        assert served(server, "c1") == "b"
        following(server, file, read_deployment(file).rolled_back(NOW))
        assert served(server, "c1") == "a"
