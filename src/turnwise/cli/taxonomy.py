"""Commands on the taxonomy: compress its titles, carry labels over to a new one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from turnwise.cli.app import app
from turnwise.cli.options import (
    HERE,
    CallsOption,
    DryRunOption,
    JsonOption,
    MoneyOption,
    TokensOption,
    WorkspaceOption,
)

taxonomy = typer.Typer(
    help="Make one of discovered intents, shorten titles, carry labels over when they change.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(taxonomy, name="taxonomy")


@taxonomy.command()
def compress(
    workspace: WorkspaceOption = HERE,
    by: Annotated[
        str,
        typer.Option(
            help="embedded: keyphrases of title, description and examples; llm: phrases that the "
            "language model 'teacher' of turnwise.yaml proposes, in English."
        ),
    ] = "embedded",
    write: Annotated[
        bool, typer.Option("--write", help="Put the short titles into the workspace's taxonomy.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the taxonomy with the short titles here.")
    ] = None,
    calls: CallsOption = None,
    tokens: TokensOption = None,
    money: MoneyOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Make each long title a short phrase that no other label of its dimension has.

    Of what is proposed, the least of token count + 1 - cosine to the original is taken. Without
    --write or --out the titles are only shown.

    Examples: turnwise taxonomy compress -w DIR; turnwise taxonomy compress -w DIR --by llm
    --calls 200 --write
    """
    from turnwise.cli import show_taxonomy
    from turnwise.cli.console import progress_display
    from turnwise.cli.parsing import by_choice
    from turnwise.project import Project
    from turnwise.steps.titles import TitleOptions, compress_taxonomy, plan_titles

    options = TitleOptions(by_choice(by), write, out, calls, tokens, money)
    with Project.open(workspace) as opened, progress_display() as progress:
        if dry_run:
            show_taxonomy.title_plan(plan_titles(opened, options, progress), json)
            return
        result = compress_taxonomy(opened, options, progress)
    show_taxonomy.compressed(result, json)


@taxonomy.command()
def migrate(
    file: Annotated[Path, typer.Argument(help="The new taxonomy.")],
    map_: Annotated[
        Path, typer.Option("--map", help="What became of labels, a YAML file: see the docs.")
    ],
    workspace: WorkspaceOption = HERE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; tell what would happen.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Carry everything that is stored over to a taxonomy with other labels.

    The map says, under each dimension, OLD: NEW for a label that was renamed or merged,
    OLD: [NEW, OTHER] for one that was split, OLD: [] for one that was removed. Renamed and
    merged labels are carried over, those by people too; turns whose label was split or removed
    are listed and labelled anew by the next 'turnwise label'. Nothing that was said is lost.

    Example: turnwise taxonomy migrate new.yaml --map map.yaml -w DIR --dry-run
    """
    from turnwise.cli import show_taxonomy
    from turnwise.cli.console import progress_display
    from turnwise.project import Project
    from turnwise.steps.migrating import migrate_taxonomy

    with Project.open(workspace) as opened, progress_display() as progress:
        result = migrate_taxonomy(opened, file, map_, dry_run=dry_run, progress=progress)
    show_taxonomy.migrated(result, json)
