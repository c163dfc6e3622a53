"""Commands on the logs: make a workspace, import, export, count, forget."""

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
    from turnwise.actions import check_actions
    from turnwise.cli import show
    from turnwise.project import Project

    with Project.create(folder, taxonomy, seed=seed, test=test, database=database) as made:
        given = made.given_taxonomy()
    check = check_actions(given) if given is not None and given.actions else None
    show.made(folder, check, json, labelled=given is not None)


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
def export(
    file: Annotated[Path, typer.Argument(help="File to write; compressed where .gz or .xz.")],
    workspace: WorkspaceOption = HERE,
    format: Annotated[
        str | None,
        typer.Option(
            help="jsonl, chat, csv, tsv, rasa or label-studio; left out, the name of the file "
            "tells it: .jsonl, .csv, .tsv, or .yml for rasa."
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Write only so many conversations, each month and domain having its share; "
            "the same ones again as long as the logs are the same.",
        ),
    ] = None,
    labels: Annotated[
        str,
        typer.Option(
            help="gold: those of people; pseudo: those of models, apart from gold; all: both."
        ),
    ] = "gold",
    generated: Annotated[
        list[str] | None,
        typer.Option(
            help="Write this generated set as a corpus instead: a folder with splits, Parquet, "
            "chat files and a data card. Repeat it for several."
        ),
    ] = None,
    licence: Annotated[str, typer.Option(help="Of the corpus; its card gives it.")] = "",
    tokenizer: Annotated[
        Path | None,
        typer.Option(help="A tokenizer.json: the card tells the corpus's tokens a word."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file where it is there already.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write conversations with their labels to a file: to review, to share, to train others on.

    Texts are written as they are stored: redacted. Importing the file gives the same
    conversations and gold again; where a format loses something, it is said. Labels of models
    are told apart from gold, and no import takes them for it. The file appears when it is
    complete.

    Examples: turnwise export review.csv --sample 200 --labels all -w DIR; turnwise export corpus
    --generated embedded --licence CC-BY-4.0 -w DIR
    """
    from turnwise.cli import show
    from turnwise.cli.console import progress_display
    from turnwise.cli.parsing import labels_choice
    from turnwise.project import Project
    from turnwise.steps import export_logs
    from turnwise.steps.corpus import export_corpus

    if generated:
        with Project.open(workspace) as opened, progress_display() as progress:
            written = export_corpus(
                opened,
                file,
                generated,
                licence=licence,
                tokenizer=tokenizer,
                force=force,
                progress=progress,
            )
        show.corpus_written(written, json)
        return

    wanted = labels_choice(labels)
    with Project.open(workspace) as opened, progress_display() as progress:
        result = export_logs(
            opened,
            file,
            format=format,
            sample=sample,
            labels=wanted,
            force=force,
            progress=progress,
        )
    show.exported(result, json)


@app.command()
def stats(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Count what is in the logs: turns, lengths, months, labels, and which label follows which.

    Where there are labels, what chains of labels are sampled from is written into the workspace:
    statistics.json, and drawn in statistics.html.
    """
    from turnwise.cli import show
    from turnwise.project import Project
    from turnwise.steps import project_statistics
    from turnwise.steps.statistics import write_chains

    with Project.open(workspace) as opened:
        show.counted(project_statistics(opened), write_chains(opened), json)


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
        opened.refuse_beside(["discover"], "and would quote them in what it writes")
        show.forgotten(opened.workspace.forget(ids or (), date(before)), json)
