"""turnwise bundle, turnwise experiment: which bundles serve, and what an experiment did."""

import json

import pytest

from tests.workspaces import copy_folder
from turnwise.project import current_bundle


@pytest.fixture
def workspace(finished, tmp_path):
    """A finished workspace with a second bundle, `second`."""
    folder = tmp_path / "work"
    copy_folder(finished, folder)
    made = folder / "bundles" / "second"
    copy_folder(current_bundle(folder), made)
    manifest = json.loads((made / "manifest.json").read_text("utf-8"))
    (made / "manifest.json").write_text(json.dumps({**manifest, "id": "second"}), "utf-8")
    return folder


def test_promoting_and_rolling_back(turnwise, workspace):
    first = current_bundle(workspace).name
    rows = json.loads(turnwise("bundle", "list", "-w", workspace, "--json").stdout)
    assert {one["name"]: one["part"] for one in rows} == {first: "champion", "second": ""}
    told = turnwise("bundle", "promote", "second", "-w", workspace).stdout
    assert told.startswith("Serving: second")
    assert turnwise("bundle", "rollback", "-w", workspace).stdout.startswith(f"Serving: {first}")
    refused = turnwise("bundle", "promote", "third", "-w", workspace, code=2).stderr
    assert "no bundle third" in refused
    assert "second" in refused


def test_an_experiment_from_start_to_report(turnwise, workspace):
    first = current_bundle(workspace).name
    faulty = turnwise(
        "experiment", "start", "a", "--challenger", "second", "-w", workspace, code=2
    ).stderr
    assert "BUNDLE=SHARE" in faulty
    started = turnwise(
        "experiment", "start", "august", "--challenger", "second=0.25", "-w", workspace
    ).stdout
    assert f"{first} 75.0%, second 25.0% (experiment august)" in started
    report = json.loads(turnwise("experiment", "report", "-w", workspace, "--json").stdout)
    assert report["name"] == "august"
    turnwise("experiment", "stop", "-w", workspace)
    shown = turnwise("experiment", "report", "august", "-w", workspace).stdout
    assert "ended" in shown
    assert "august" in turnwise("experiment", "report", "july", "-w", workspace, code=2).stderr


def test_the_bundle_that_was_trained_last_can_be_promoted_and_rolled_back(turnwise, workspace):
    newest = current_bundle(workspace).name
    assert turnwise("bundle", "promote", newest, "-w", workspace).stdout.startswith("Serving")
    assert turnwise("bundle", "rollback", "-w", workspace).stdout.startswith("Serving: second")


def test_two_commands_at_once_both_hold(workspace):
    from concurrent.futures import ThreadPoolExecutor

    from turnwise.steps.deploying import deployment, promote, roll_back, shadow

    first = current_bundle(workspace).name
    promote(workspace, first)
    promote(workspace, "second")
    with ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            done = [pool.submit(shadow, workspace, []), pool.submit(roll_back, workspace)]
            assert [one.result() for one in done]
            assert deployment(workspace).champion == first
            promote(workspace, "second")


def test_a_shadow_is_listed(turnwise, workspace):
    assert "Shadows: second" in turnwise("bundle", "shadow", "second", "-w", workspace).stdout
    assert "shadow" in turnwise("bundle", "list", "-w", workspace).stdout
    assert "Shadows" not in turnwise("bundle", "shadow", "-w", workspace).stdout
