"""Runs are on record with their settings, whatever became of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from turnwise.workspace import Workspace


def test_a_run_is_kept_with_its_settings_and_result(workspace: Workspace) -> None:
    number = workspace.begin_run("train", {"seed": 0, "context": {"kind": "both"}}, "key")
    assert workspace.runs()[0].status == "running"
    workspace.end_run(number, "finished", {"accuracy": 0.5, "bundle": "bundles/a"})
    run = workspace.runs()[0]
    assert (run.command, run.key, run.status) == ("train", "key", "finished")
    assert run.config == {"seed": 0, "context": {"kind": "both"}}
    assert run.result == {"accuracy": 0.5, "bundle": "bundles/a"}
    assert run.pid == os.getpid()
    assert run.ended_at is not None
    assert run.ended_at >= run.started_at


def test_the_latest_finished_run_on_the_same_inputs_is_found(workspace: Workspace) -> None:
    assert workspace.finished_run("train", "key") is None
    for command, key, status in (
        ("train", "key", "finished"),
        ("train", "key", "finished"),
        ("train", "key", "failed"),
        ("train", "other", "finished"),
        ("label", "key", "finished"),
    ):
        workspace.end_run(workspace.begin_run(command, {}, key), status)  # type: ignore[arg-type]
    workspace.begin_run("train", {}, "key")
    found = workspace.finished_run("train", "key")
    assert found is not None
    assert found.id == 2


def test_ending_a_run_that_never_began_is_a_mistake(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="no run 7"):
        workspace.end_run(7, "finished")


def test_a_run_whose_process_was_killed_shows_as_interrupted(workspace: Workspace) -> None:
    code = (
        "import os, signal; from turnwise.workspace import Workspace\n"
        f"Workspace.open({str(workspace.folder)!r}).begin_run('label', {{}}, 'key')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False)
    assert ended.returncode == -signal.SIGKILL
    workspace.begin_run("label", {}, "key")
    assert [run.status for run in workspace.runs()] == ["interrupted", "running"]


def test_a_process_that_was_given_the_number_of_a_dead_one_is_not_taken_for_it(
    workspace: Workspace,
) -> None:
    workspace.begin_run("label", {}, "key")
    with workspace._database.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET process_start = 'another boot 1'")
    assert workspace.runs()[0].status == "interrupted"


def test_nothing_is_claimed_of_a_run_on_another_host(workspace: Workspace) -> None:
    workspace.begin_run("label", {}, "key")
    with workspace._database.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET host = 'elsewhere', pid = 999999999")
    assert workspace.runs()[0].status == "running"
