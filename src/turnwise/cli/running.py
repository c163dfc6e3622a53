"""Commands that do it all, and that use what came out: run, predict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from turnwise.cli.app import app
from turnwise.cli.options import (
    HERE,
    ColumnOption,
    FilesArgument,
    FormatOption,
    JsonOption,
    OnErrorOption,
    WorkspaceOption,
)


@app.command()
def run(
    files: FilesArgument,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = "auto",
    column: ColumnOption = None,
    on_error: OnErrorOption = "skip",
    try_: Annotated[
        Path | None, typer.Option("--try", help="Conversations to classify at the end.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Do it all: import, count, label, train, calibrate, evaluate, pack, and classify examples."""
    from turnwise.cli import show_results
    from turnwise.cli.console import progress_display
    from turnwise.cli.parsing import column_mapping, on_error_choice, read_conversations
    from turnwise.pipeline import run_pipeline
    from turnwise.project import Project

    # Read first: a mistake in it should not cost a training.
    tried = list(read_conversations(try_)) if try_ is not None else []
    with Project.open(workspace) as opened, progress_display() as progress:
        result = run_pipeline(
            opened,
            files,
            format=format,
            columns=column_mapping(column),
            on_error=on_error_choice(on_error),
            try_on=tried,
            progress=progress,
            announce=show_results.announce(json),
        )
    show_results.finished(result, json)
    if result.imported.rejected:
        raise typer.Exit(2)


@app.command()
def predict(
    file: Annotated[
        Path | None,
        typer.Argument(help="A conversation (or several, as .jsonl); default: standard input."),
    ] = None,
    workspace: WorkspaceOption = HERE,
    bundle: Annotated[
        Path | None, typer.Option(help="A bundle's folder; default: the workspace's newest.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=50, help="Labels to show a dimension.")] = 3,
    json: JsonOption = False,
) -> None:
    """Classify the last customer turn of a conversation.

    The conversation is JSON (ours, or chat messages with role and content), or plain lines such
    as 'customer: my tablet is slow'; a line without a role is the customer's. Printed, per
    dimension: the label, its confidence, the runners-up; and where the turn would be routed.

    Example: echo 'i want to cancel my music plan' | turnwise predict -w DIR
    """
    from turnwise.cli import show_prediction
    from turnwise.cli.parsing import read_conversations
    from turnwise.project import current_bundle
    from turnwise.steps import predict_conversations

    conversations = list(read_conversations(file))
    folder = bundle if bundle is not None else current_bundle(workspace)
    for conversation, prediction in predict_conversations(folder, conversations, top):
        show_prediction.prediction(conversation, prediction, json)
