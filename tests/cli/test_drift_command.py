"""The command that tells drift, on a log that stands in the database."""

from __future__ import annotations

import json
import time

import pytest

from tests.workspaces import copy_folder
from turnwise.decision_log import GivenLabel, LogBatch, LoggedDecision
from turnwise.project import Project, current_bundle

DAY = 86_400


@pytest.fixture(scope="module")
def work(finished, tmp_path_factory):
    """A workspace whose service was asked about something else for three days."""
    folder = copy_folder(finished, tmp_path_factory.mktemp("drift") / "work")
    bundle, now = current_bundle(folder).name, time.time()
    logged = [
        LoggedDecision(
            at=now - 3 * DAY + at * 600,
            conversation=f"c{at}",
            owner="router",
            turn=0,
            arm="champion" if at % 4 else "shadow",
            experiment="",
            bundle=bundle,
            taxonomy_version=1,
            kind="out_of_domain",
            sure=True,
            labels={},
            model={"intent": GivenLabel("OFF_TOPIC", 0.2 + at / 10_000)},
            out_of_domain=2.5 + at / 1_000,
            strange=True,
            text=f"[red]sing song {at}[/red] \x1b[2J",
        )
        for at in range(400)
    ]
    with Project.open(folder) as project:
        project.workspace.decision_log.put(LogBatch(decisions=logged))
    return folder


def test_it_tells_what_moved_since_when_and_which_turns_to_look_at(turnwise, work):
    said = turnwise("drift", "-w", work).stdout
    assert "300 decisions in 300 conversations" in said
    assert "strongly moved" in said
    assert "intent: OFF_TOPIC" in said
    assert "turn 0 (out of domain, score 2.90)" in said
    assert "[red]sing song 399[/red]" in said
    assert "\x1b" not in said
    assert "By day: intent" in said


def test_json_is_one_document_with_every_figure(turnwise, work):
    said = json.loads(turnwise("drift", "-w", work, "--json").stdout)
    assert said["bundle"] == current_bundle(work).name
    assert said["decisions"] == said["drift"]["decisions"] == 300
    labels = next(one for one in said["drift"]["measures"] if one["kind"] == "labels")
    assert labels["verdict"] == "strongly moved"
    assert labels["psi"] > 0.25
    assert len(said["turns"]) == 10
    assert said["turns"][0]["model"]["intent"]["label"] == "OFF_TOPIC"


def test_since_is_how_long_ago_or_a_day(turnwise, work):
    whole = json.loads(turnwise("drift", "-w", work, "--json", "--since", "2020-01-01").stdout)
    assert whole["decisions"] == 300
    part = json.loads(turnwise("drift", "-w", work, "--json", "--since", "2d").stdout)
    assert 150 < part["decisions"] < 250
    few = turnwise("drift", "-w", work, "--since", "1h").stdout
    assert "Nothing to compare: " in few
    assert "too few" in few


@pytest.mark.parametrize("since", ["yesterday", "7", "-3d", "2026-13-01", "9" * 40 + "d"])
def test_a_time_that_is_none_is_refused(turnwise, work, since):
    assert (
        "--since is a day, as" in turnwise("drift", "-w", work, f"--since={since}", code=2).stderr
    )


def test_what_is_not_there_is_said(turnwise, work, tmp_path):
    assert "no-such" in turnwise("drift", "-w", work, "--bundle", "no-such", code=2).stderr
    assert "no bundle" in turnwise("drift", "-w", tmp_path, code=2).stderr


def test_a_service_that_has_decided_nothing_is_no_error(turnwise, finished):
    said = turnwise("drift", "-w", finished).stdout
    assert "0 decisions are too few" in said
