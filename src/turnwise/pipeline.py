"""The whole way through, one line a stage.

    logs -> conversations -> statistics -> labels -> training -> bundle -> evaluation -> predictions

Each line below is one function of `steps/`: it reads the workspace, calls the one public
function of its stage (`labelling.label`, `training.train`, `evaluation.evaluate`, ...), and
stores what comes out as it comes, so that a run killed at any moment resumes where it was.
Where no taxonomy is there yet, `steps.discover_intents` comes before: it proposes one. Where
labelled turns lack histories, `steps.generate_conversations` makes some before the training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from turnwise import steps
from turnwise.bundle import Prediction
from turnwise.conversations import Conversation
from turnwise.formats import ColumnMapping
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.statistics import LogStatistics
from turnwise.steps.importing import OnError

Announce = Callable[[str, object], None]  # name of a step that has ended, its result


@dataclass(slots=True)
class RunResult:
    """What each step came to."""

    imported: steps.ImportResult
    statistics: LogStatistics
    labelled: steps.LabelResult
    trained: steps.TrainResult
    evaluated: steps.EvaluateResult
    predictions: list[tuple[Conversation, Prediction]] = field(default_factory=list)


def run_pipeline(
    project: Project,
    files: Sequence[Path],
    *,
    format: str = "auto",
    columns: ColumnMapping | None = None,
    on_error: OnError = "skip",
    try_on: Sequence[Conversation] = (),
    progress: Progress = silent,
    announce: Announce = lambda name, result: None,
) -> RunResult:
    """Turn files of chat logs into a scored, packed classifier.

    Args:
        project: an open workspace with its settings.
        files, format, columns, on_error: as `steps.import_logs` takes them.
        try_on: conversations to classify at the end with the new bundle.
        announce: told of each step's result as it ends.

    Raises:
        TurnwiseError: whatever the user can mend; what was finished stays in the workspace.
    """
    imported = steps.import_logs(
        project, files, format=format, columns=columns, on_error=on_error, progress=progress
    )
    announce("import", imported)
    statistics = steps.project_statistics(project)
    announce("stats", statistics)
    labelled = steps.label_logs(project, progress)
    announce("label", labelled)
    trained = steps.train_bundle(project, progress)
    announce("train", trained)
    evaluated = steps.evaluate_bundle(project, progress)
    announce("evaluate", evaluated)
    predictions = list(steps.predict_conversations(trained.bundle, try_on))
    return RunResult(imported, statistics, labelled, trained, evaluated, predictions)
