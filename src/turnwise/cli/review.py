"""Commands of the review queue: what people should look at, out to Label Studio and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from turnwise.cli.app import app
from turnwise.cli.options import HERE, JsonOption, WorkspaceOption

if TYPE_CHECKING:
    from turnwise.steps.review_import import ReviewImport
    from turnwise.steps.reviewing import ReviewExport

MAX_SHOWN = 20

review = typer.Typer(
    help="Have people look at the labels in doubt: write them for Label Studio, read them back.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(review, name="review")


@review.command()
def export(
    file: Annotated[Path, typer.Argument(help="Tasks to write, as JSON.")],
    workspace: WorkspaceOption = HERE,
    most: Annotated[int, typer.Option(min=1, help="Turns at most.")] = 200,
    config: Annotated[
        Path | None,
        typer.Option(help="Labeling configuration to write; default: beside the tasks, as .xml."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write the labelled turns that a person should look at, those that gain most first.

    They are turns whose strategies disagree, whose label is unsure, was revised or is missing.
    In Label Studio, make a project with the configuration, import the tasks, correct the labels,
    export JSON, and read it back with 'turnwise review import'.

    Example: turnwise review export queue.json --most 200 -w DIR
    """
    from turnwise.cli.console import progress_display
    from turnwise.project import Project
    from turnwise.steps.reviewing import export_review

    with Project.open(workspace) as opened, progress_display() as progress:
        result = export_review(opened, file, most=most, config=config, progress=progress)
    _exported(result, json)


@review.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="JSON or JSON-MIN export of Label Studio.")],
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Read corrected labels back as gold, which wins over every label of a model.

    Imported gold is never overwritten; a later review takes the place of an earlier one. Turns
    that can't be taken are listed with the reason; the exit code is then 2.
    """
    from turnwise.cli.console import progress_display
    from turnwise.project import Project
    from turnwise.steps.review_import import import_review

    with Project.open(workspace) as opened, progress_display() as progress:
        result = import_review(opened, file, progress)
    _imported(result, json)
    if result.refused:
        raise typer.Exit(2)


def _exported(result: ReviewExport, json: bool) -> None:
    from turnwise.cli.console import print_json

    if json:
        print_json(result)
        return
    if not result.tasks:
        print("Nothing to review: no label is in doubt that a person has not looked at")
        return
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in result.reasons.most_common())
    print(
        f"Wrote {result.tasks:,} of {result.queue:,} turns to review ({reasons}): {result.file}\n"
        f"Expected to correct {result.gain:,.0f} labels of {result.source.kind} "
        f"{result.source.name}\n"
        f"Labeling configuration: {result.config}\n"
        "Next: in Label Studio, make a project with it, import the tasks, correct them, export "
        "JSON; then: turnwise review import FILE"
    )


def _imported(result: ReviewImport, json: bool) -> None:
    from turnwise.cli.console import print_json

    if json:
        print_json(result)
        return
    print(
        f"Read {result.tasks:,} tasks, {result.unanswered:,} of them not answered: took "
        f"{result.turns:,} turns ({result.partly:,} answered in part), refused "
        f"{len(result.refused):,}\n"
        f"Gold: {result.added:,} labels new, {len(result.replaced):,} in place of an earlier "
        f"review, {result.same:,} known already"
    )
    _listed(
        "Changed their mind",
        [
            f"{_place(new.annotation.conversation_id, new.annotation.turn)}, "
            f"{new.annotation.dimension}: {new.before} is now {new.annotation.label}"
            for new in result.replaced
        ],
    )
    _listed(
        "Imported gold says otherwise and holds",
        [
            f"{_place(one.annotation.conversation_id, one.annotation.turn)}, "
            f"{one.annotation.dimension}: {' and '.join(one.gold)}, not {one.annotation.label}"
            for one in result.kept
        ],
    )
    _listed(
        "Refused",
        [
            f"line {one.line}"
            + (f", {_place(one.conversation_id, one.turn)}" if one.turn >= 0 else "")
            + f": {one.reason}"
            for one in result.refused
        ],
    )


def _place(conversation_id: str, turn: int) -> str:
    return f"{conversation_id} turn {turn}"


def _listed(title: str, lines: list[str]) -> None:
    if lines:
        print(f"{title}:")
    for line in lines[:MAX_SHOWN]:
        print(f"  {line}")
    if len(lines) > MAX_SHOWN:
        print(f"  ... and {len(lines) - MAX_SHOWN:,} more (all of them with --json)")
