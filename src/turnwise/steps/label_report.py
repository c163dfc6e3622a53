"""The labels of a project -> figures per strategy, beside gold and beside what they took."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from turnwise.annotations import Annotation, Source
from turnwise.errors import WorkspaceError
from turnwise.evaluation.labelling import (
    LabelReport,
    Reading,
    Spent,
    count_labels,
    write_label_report,
)
from turnwise.labelling.provenance import Asked, asked, first_stages, outcome
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.unfinished import write_file
from turnwise.workspace import Spending

NAME = "labels"  # of the files, in `reports/`


@dataclass(frozen=True, slots=True)
class LabelReportResult:
    """How labelling came out.

    Attributes:
        figures: strategy by strategy.
        report, file: the HTML page, and the figures as JSON.
    """

    figures: LabelReport
    report: Path
    file: Path


def label_report(project: Project, progress: Progress = silent) -> LabelReportResult:
    """Report on everything that was labelled, and write it down.

    Raises:
        WorkspaceError: nothing was labelled yet.
        EvaluationError: the plotting libraries are not installed; says how to.
    """
    figures = label_figures(project, progress)
    if not figures.strategies:
        raise WorkspaceError(f"{project.folder} holds no labels to report on. Run 'turnwise label'")
    report = project.folder / "reports" / f"{NAME}.html"
    report.parent.mkdir(exist_ok=True)
    file = report.with_suffix(".json")
    write_file(file, json.dumps(figures.to_json(), ensure_ascii=False))
    write_label_report(figures, report, progress)
    return LabelReportResult(figures, report, file)


def label_figures(project: Project, progress: Progress = silent) -> LabelReport:
    """Count what every strategy made of the unlabelled conversations; none where nothing did.

    Their gold, where they have any, was seen by no annotator.
    """
    ids = project.split().unlabelled
    annotations = _told(project.workspace.annotations(ids), len(ids), progress)
    spending = project.workspace.answers.spending()
    reading = Reading(outcome, first_stages, lambda source: spent_by(source, spending))
    return count_labels(annotations, project.taxonomy(), reading)


def spent_by(source: Source, spending: Iterable[Spending]) -> Spent | None:
    """What the tasks of a source took, ever; None where nothing is on record."""
    if source.kind != "llm":
        return Spent()
    try:
        tasks = set(asked(source))
    except ValueError:  # of a program that named its sources otherwise
        return None
    found = [one for one in spending if Asked(one.task, one.version, one.model) in tasks]
    if not found:
        return None
    cost = sum(one.cost for one in found)
    return Spent(
        answers=sum(one.answers for one in found),
        unusable=sum(one.unusable for one in found),
        calls=sum(one.calls for one in found),
        tokens_in=sum(one.tokens_in for one in found),
        tokens_out=sum(one.tokens_out for one in found),
        cost=cost or None,
    )


def _told(
    annotations: Iterable[Annotation], conversations: int, progress: Progress
) -> Iterator[Annotation]:
    """Hand annotations on, telling of each new conversation."""
    seen, last = 0, ""
    for one in annotations:
        if one.conversation_id != last:
            seen, last = seen + 1, one.conversation_id
            progress("read labels", seen, conversations)
        yield one
    progress("read labels", conversations, conversations)
