"""The commands, in the order in which a user meets them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from turnwise.cli.options import (
    ColumnOption,
    FilesArgument,
    FormatOption,
    JsonOption,
    OnErrorOption,
    WorkspaceOption,
)

HERE = Path()

app = typer.Typer(
    name="turnwise",
    help="From raw customer-service chat logs to a multi-turn intent classifier.\n\n"
    "Start with 'turnwise init DIR --taxonomy FILE', then 'turnwise run FILE... -w DIR': it "
    "imports, labels, trains, evaluates and packs. Each step is also a command of its own; all "
    "can be stopped at any time and resume where they were.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from turnwise import __version__

        print(__version__)
        raise typer.Exit


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make; its settings: turnwise.yaml.")],
    taxonomy: Annotated[
        Path | None, typer.Option(help="Taxonomy file, checked and copied into the workspace.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Labelled conversations that train and calibrate.")
    ] = None,
    test: Annotated[
        int | None,
        typer.Option(
            min=0, help="Labelled conversations that only score; further ones play unlabelled logs."
        ),
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="Database URL; default: SQLite in the workspace.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make a workspace: the folder that keeps conversations, labels, bundles and reports."""
    from turnwise.cli import show
    from turnwise.project import Project

    made = Project.create(folder, taxonomy, seed=seed, test=test, database=database)
    made.close()
    show.made(folder, json)


@app.command("import")
def import_(
    files: FilesArgument,
    workspace: WorkspaceOption = HERE,
    format: FormatOption = "auto",
    column: ColumnOption = None,
    on_error: OnErrorOption = "skip",
    json: JsonOption = False,
) -> None:
    """Read conversations from files, redact personal data, and store them.

    What is stored already is skipped, so that an import can be run again. Bad records are
    told with file and line; the exit code is then 2.
    """
    from turnwise.cli import show
    from turnwise.cli.console import progress_display
    from turnwise.cli.parsing import column_mapping, on_error_choice
    from turnwise.project import Project
    from turnwise.steps import import_logs

    with Project.open(workspace) as opened, progress_display() as progress:
        result = import_logs(
            opened,
            files,
            format=format,
            columns=column_mapping(column),
            on_error=on_error_choice(on_error),
            progress=progress,
        )
    show.imported(result, json)
    if result.rejected:
        raise typer.Exit(2)


@app.command()
def stats(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Count what is in the logs: turns, lengths, months, labels, and how often labels change."""
    from turnwise.cli import show
    from turnwise.project import Project
    from turnwise.steps import project_statistics

    with Project.open(workspace) as opened:
        show.statistics(project_statistics(opened), json)


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
    from turnwise.cli import show
    from turnwise.cli.console import progress_display
    from turnwise.project import Project
    from turnwise.steps import train_bundle

    with Project.open(workspace) as opened, progress_display() as progress:
        result = train_bundle(opened, progress)
    show.trained(result, json)


@app.command()
def evaluate(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Score the newest bundle on the held-back test, beside baselines, and write the report."""
    from turnwise.cli import show
    from turnwise.cli.console import progress_display
    from turnwise.project import Project
    from turnwise.steps import evaluate_bundle

    with Project.open(workspace) as opened, progress_display() as progress:
        result = evaluate_bundle(opened, progress)
    show.evaluated(result, json)


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
    from turnwise.cli import show
    from turnwise.cli.parsing import read_conversations
    from turnwise.steps import newest_bundle, predict_conversations

    folder = bundle if bundle is not None else newest_bundle(workspace)
    conversations = read_conversations(file)
    for conversation, prediction in predict_conversations(folder, conversations, top):
        show.prediction(conversation, prediction, json)


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
    from turnwise.cli import show
    from turnwise.cli.console import progress_display
    from turnwise.cli.parsing import column_mapping, on_error_choice
    from turnwise.pipeline import run_pipeline
    from turnwise.project import Project

    with Project.open(workspace) as opened, progress_display() as progress:
        result = run_pipeline(
            opened,
            files,
            format=format,
            columns=column_mapping(column),
            on_error=on_error_choice(on_error),
            try_file=try_,
            progress=progress,
            announce=show.announce(json),
        )
    show.finished(result, json)
    if result.imported.rejected:
        raise typer.Exit(2)


@app.command()
def forget(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of conversations.")] = None,
    before: Annotated[
        str | None, typer.Option(help="Also those that began before this date (YYYY-MM-DD).")
    ] = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Delete conversations with all that was derived from their text, and say what to retrain."""
    from turnwise.cli import show
    from turnwise.cli.parsing import date
    from turnwise.project import Project

    if not ids and before is None:
        raise typer.BadParameter("give ids of conversations, or --before DATE")
    with Project.open(workspace) as opened:
        show.forgotten(opened.workspace.forget(ids or (), date(before)), json)
