"""The logs of a project, counted."""

from __future__ import annotations

from turnwise.project import Project
from turnwise.statistics import LogStatistics, describe_logs


def project_statistics(project: Project) -> LogStatistics:
    """Count all conversations of a project."""
    return describe_logs(project.workspace.conversations())
