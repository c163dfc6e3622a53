"""Commands that learn: label, train, evaluate."""

from __future__ import annotations

from turnwise.cli.app import app
from turnwise.cli.options import (
    HERE,
    JsonOption,
    WorkspaceOption,
)


@app.command()
def label(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Label the unlabelled conversations with the embedded annotator.

    It reads the taxonomy (descriptions and example utterances) and the labelled seed; every
    label carries its confidence and the evidence it rests on. No model service is asked.
    """
    from turnwise.cli import show
    from turnwise.cli.console import progress_display
    from turnwise.project import Project
    from turnwise.steps import label_logs

    with Project.open(workspace) as opened, progress_display() as progress:
        result = label_logs(opened, progress)
    show.labelled(result, json)


@app.command()
def train(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Train a classifier on the seed and the labelled logs, calibrate it, and pack a bundle."""
    from turnwise.cli import show_results
    from turnwise.cli.console import progress_display
    from turnwise.project import Project
    from turnwise.steps import train_bundle

    with Project.open(workspace) as opened, progress_display() as progress:
        result = train_bundle(opened, progress)
    show_results.trained(result, json)


@app.command()
def evaluate(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Score the newest bundle on the held-back test, beside baselines, and write the report."""
    from turnwise.cli import show_results
    from turnwise.cli.console import progress_display
    from turnwise.project import Project
    from turnwise.steps import evaluate_bundle

    with Project.open(workspace) as opened, progress_display() as progress:
        result = evaluate_bundle(opened, progress)
    show_results.evaluated(result, json)
