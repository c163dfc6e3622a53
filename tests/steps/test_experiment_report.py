"""An experiment of a workspace is reported on, from its deployment and its decision log."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.evaluation.experiment.traffic_cases import DAY, START, simulate
from turnwise.cli import show_experiment
from turnwise.decision_log import LogBatch
from turnwise.errors import ConfigError, WorkspaceError
from turnwise.project import Project
from turnwise.serving.deployment import (
    DEPLOYMENT,
    Challenger,
    Deployment,
    Experiment,
    write_deployment,
)
from turnwise.steps.experiment_report import experiment_report, report_on

AUGUST = Experiment("august", "old", (Challenger("new", 0.5),), "2024-10-04T00:00:00+00:00", 100)
JULY = replace(AUGUST, name="july", ended="2024-10-03T00:00:00+00:00")


@pytest.fixture(scope="module")
def traffic():
    return simulate({"old": 0.4, "new": 0.7}, 150, days=5)


@pytest.fixture(scope="module")
def workspace(traffic, tmp_path_factory):
    folder = tmp_path_factory.mktemp("experiment") / "work"
    with Project.create(folder) as project:
        batch = LogBatch(traffic.made, traffic.shown, traffic.said)
        project.workspace.decision_log.put(batch)
    write_deployment(folder / DEPLOYMENT, Deployment("old", experiment=AUGUST, ended=(JULY,)))
    return folder


def shown(capsys, report, columns="100"):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", columns)
        show_experiment.report(report, json=False)
    return capsys.readouterr().out


def test_the_report_on_a_workspace_is_that_on_its_logged_traffic(workspace, traffic):
    report = experiment_report(workspace)
    assert report.name == "august"
    assert report == report_on(AUGUST, traffic, report.at)
    assert [one.sessions for one in report.arms] == [150, 150]
    assert report.comparisons[0].corrected < 0.001


def test_an_experiment_that_is_over_is_found_by_its_name(workspace):
    report = experiment_report(workspace, "july")
    assert (report.name, report.ended) == ("july", START - DAY)
    assert [one.kind for one in report.warnings] == ["no_sessions"]


def test_a_name_that_there_is_not_lists_those_that_there_are(workspace):
    with pytest.raises(ConfigError, match=r"no experiment june.*There are: july, august"):
        experiment_report(workspace, "june")


def test_without_any_experiment_it_says_how_to_begin_one(tmp_path):
    Project.create(tmp_path / "work").close()
    with pytest.raises(ConfigError, match="turnwise experiment start"):
        experiment_report(tmp_path / "work")
    write_deployment(tmp_path / "work" / DEPLOYMENT, Deployment("old"))
    with pytest.raises(ConfigError, match="no experiment yet"):
        experiment_report(tmp_path / "work", "august")


def test_a_folder_that_is_no_workspace_is_refused(tmp_path):
    with pytest.raises(WorkspaceError, match="no workspace"):
        experiment_report(tmp_path)


def test_a_time_that_is_none_names_the_file(traffic):
    with pytest.raises(ConfigError, match=r"deployment\.json: 'soon' is no time"):
        report_on(replace(AUGUST, started="soon"), traffic, START)


def test_it_fits_100_columns_with_the_tests_named(capsys, traffic):
    printed = shown(capsys, report_on(AUGUST, traffic, START + 5 * DAY))
    assert max(map(len, printed.splitlines())) <= 100
    for name in ("two-proportion z-test", "Newcombe", "Wilson", "Welch", "paired t-test", "Holm"):
        assert name in printed
    assert "Main metric, resolution rate: new is higher" in printed
    assert "Warning" not in printed


def test_an_alarm_is_printed_before_anything_else_and_nothing_is_concluded(capsys, traffic):
    lopsided = replace(AUGUST, challengers=(Challenger("new", 0.2),))
    printed = shown(capsys, report_on(lopsided, traffic, START + 5 * DAY))
    assert printed.startswith("ALARM: Do not read the figures")
    assert "Main metric" not in printed


def test_several_challengers_are_compared_one_by_one_by_holm(capsys):
    traffic = simulate({"old": 0.4, "new": 0.4, "newer": 0.7}, 150, days=5)
    three = replace(AUGUST, challengers=(Challenger("new", 1 / 3), Challenger("newer", 1 / 3)))
    report = report_on(three, traffic, START + 5 * DAY)
    raw = {one.challenger: one.metrics["resolution rate"].p for one in report.comparisons}
    corrected = {one.challenger: one.corrected for one in report.comparisons}
    assert corrected["newer"] == pytest.approx(2 * raw["newer"])
    assert corrected["new"] == raw["new"]
    printed = " ".join(shown(capsys, report).split())
    assert "no difference of new is shown" in printed
    assert "newer is higher" in printed
    assert printed.count("by Holm for 2 challengers") == 2


def test_an_experiment_without_sessions_prints_its_warning_and_no_figures(capsys, traffic):
    printed = shown(capsys, report_on(replace(AUGUST, name="september"), traffic, START + DAY))
    assert "No session was exposed" in printed
    assert "resolution rate" not in printed


def test_json_is_one_document_with_everything(capsys, traffic):
    show_experiment.report(report_on(AUGUST, traffic, START + DAY), json=True)
    read = json.loads(capsys.readouterr().out)
    assert read["main"] == "resolution rate"
    assert read["comparisons"][0]["metrics"]["resolution time"]["test"].startswith("Welch")
    assert {one["bundle"]: one["exposed"] for one in read["arms"]} == {"old": 150, "new": 150}


def test_a_report_needs_neither_scipy_nor_what_trains():
    code = (
        "import sys, turnwise.steps.experiment_report, turnwise.cli.show_experiment;"
        "print(*{'scipy', 'sklearn', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
