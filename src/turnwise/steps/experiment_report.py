"""An experiment of a workspace and what was logged of it -> what its arms did."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from turnwise.decision_log import LoggedTraffic
from turnwise.errors import ConfigError
from turnwise.evaluation.experiment.figures import ExperimentPlan, ExperimentReport
from turnwise.evaluation.experiment.gathering import gather_sessions
from turnwise.evaluation.experiment.report import describe_experiment
from turnwise.project import Project
from turnwise.serving.deployment import DEPLOYMENT, Experiment, read_deployment


def experiment_report(workspace: Path, name: str | None = None) -> ExperimentReport:
    """Report on an experiment: the named one, else the one that runs, else the latest.

    Raises:
        ConfigError: there is none of that name, or none at all; or the deployment is faulty.
        WorkspaceError: the folder is no workspace.
    """
    with Project.open(workspace) as project:
        experiment = find_experiment(workspace, name)
        return report_on(experiment, project.workspace.decision_log, time.time())


def find_experiment(workspace: Path, name: str | None = None) -> Experiment:
    """See `experiment_report`."""
    deployed = read_deployment(workspace / DEPLOYMENT)
    there = list(deployed.ended) if deployed else []
    if deployed and deployed.experiment:
        there.append(deployed.experiment)
    if not there:
        hint = "Begin one with: turnwise experiment start"
        raise ConfigError(f"{workspace} had no experiment yet", hint=hint)
    if name is None:
        return there[-1]
    for one in there:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in there)
    raise ConfigError(f"{workspace} had no experiment {name}", hint=f"There are: {names}")


def report_on(experiment: Experiment, traffic: LoggedTraffic, now: float) -> ExperimentReport:
    """Report on what was logged up to now, in seconds since 1970, UTC.

    Raises:
        ConfigError: the experiment's times are no times.
    """
    plan = ExperimentPlan(
        name=experiment.name,
        shares=experiment.shares,
        sessions=experiment.sessions,
        started=_seconds(experiment.started),
        ended=_seconds(experiment.ended) if experiment.ended else None,
    )
    gathered = gather_sessions(traffic, plan.name, plan.shares, plan.started)
    return describe_experiment(plan, gathered, now)


def _seconds(time: str) -> float:
    try:
        read = datetime.fromisoformat(time)
    except ValueError:
        hint = "Mend it: UTC, as in 2026-01-31T08:00:00+00:00"
        raise ConfigError(f"{DEPLOYMENT}: {time!r} is no time", hint=hint) from None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
