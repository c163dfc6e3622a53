"""Commands that find intents, and read the edited proposal back."""

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
from turnwise.cli.taxonomy import taxonomy

AgainstOption = Annotated[
    Path | None,
    typer.Option(help="A taxonomy file: find only what it lacks."),
]
DimensionOption = Annotated[
    str, typer.Option(help="Dimension of --against, or of --bundle, that is added to.")
]


@app.command()
def discover(
    workspace: WorkspaceOption = HERE,
    against: AgainstOption = None,
    bundle: Annotated[
        Path | None,
        typer.Option(
            help="A trained bundle's folder: leave out the turns that it is sure of. Alone, find "
            "what its own taxonomy lacks."
        ),
    ] = None,
    dimension: DimensionOption = "intent",
    by: Annotated[
        str | None,
        typer.Option(
            help="embedded: statistics and rules of this machine judge and name; llm: language "
            "models of 'endpoints' in turnwise.yaml. Default: discovery.by, or embedded."
        ),
    ] = None,
    roles: Annotated[
        str | None,
        typer.Option(help="customer, or both: read what agents say, too. Default: customer."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files; default: discovery in the workspace.")
    ] = None,
    calls: CallsOption = None,
    tokens: TokensOption = None,
    money: MoneyOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Find the intents in conversations that nobody labelled, and propose a taxonomy.

    Greetings, thanks and bare answers are set aside; the rest is clustered, each cluster judged
    coherent or not, the good ones are kept and what is left is clustered again. What fits nowhere
    stays unclustered. Written are a taxonomy ready for 'turnwise label', a table to edit in a
    spreadsheet ('turnwise taxonomy from-table' reads it back), and a report with a map. Killed, the
    same command goes on at the round. Import conversations first.

    Examples: turnwise discover -w DIR; turnwise discover -w DIR --against DIR/taxonomy.yaml
    --bundle DIR/bundles/NAME; turnwise discover -w DIR --by llm --dry-run
    """
    from turnwise.cli import show_discovery
    from turnwise.cli.console import progress_display
    from turnwise.cli.parsing import by_choice, roles_choice
    from turnwise.project import Project
    from turnwise.steps.discovering import DiscoverOptions, discover_intents
    from turnwise.steps.discovery_plan import plan_discovery

    options = DiscoverOptions(
        by=None if by is None else by_choice(by),
        roles=None if roles is None else roles_choice(roles),
        against=against,
        bundle=bundle,
        dimension=dimension,
        out=out,
        calls=calls,
        tokens=tokens,
        money=money,
    )
    with Project.open(workspace) as opened, progress_display() as progress:
        if dry_run:
            show_discovery.planned(plan_discovery(opened, options, progress), json)
            return
        result = discover_intents(opened, options, progress)
    show_discovery.discovered(result, workspace, _beside(against, bundle, dimension), json)


def _beside(against: Path | None, bundle: Path | None, dimension: str) -> str:
    """Options of `from-table` that name what was compared with: a bundle alone has its own."""
    base = against or (None if bundle is None else bundle / "taxonomy.json")
    return "" if base is None else f" --against {base} --dimension {dimension}"


@taxonomy.command("from-table")
def from_table(
    table: Annotated[
        Path, typer.Argument(help="The table that 'turnwise discover' wrote, edited.")
    ],
    out: Annotated[Path, typer.Option(help="The taxonomy to write.")],
    against: Annotated[
        Path | None, typer.Option(help="The taxonomy that 'discover --against' was given.")
    ] = None,
    dimension: DimensionOption = "intent",
    json: JsonOption = False,
) -> None:
    """Make a taxonomy of the table of discovered intents that a person edited.

    Rewrite name, title, group and description; write no into keep to drop a row, and a name into
    merge_into to give its examples to another row, or with --against to an existing label. Every
    fault is told with its line, and nothing is written then. A file that is in the place of --out
    is kept as NAME.before.

    Example: turnwise taxonomy from-table DIR/discovery/table.csv --out DIR/taxonomy.yaml
    """
    from turnwise.cli import show_discovery
    from turnwise.steps.discovery_files import taxonomy_from_table

    show_discovery.from_table(taxonomy_from_table(table, out, against, dimension), json)
