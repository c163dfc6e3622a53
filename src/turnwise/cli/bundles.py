"""Commands that say which bundles serve: bundle, and experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from turnwise.cli.app import app
from turnwise.cli.options import HERE, JsonOption, WorkspaceOption

if TYPE_CHECKING:
    from turnwise.serving.deployment import Deployment

HELP = {"help_option_names": ["-h", "--help"]}
BundleArgument = Annotated[str, typer.Argument(help="A folder under bundles, by its name.")]

bundle = typer.Typer(
    help="Which bundles serve: list, promote, roll back, shadow. Running servers follow.",
    no_args_is_help=True,
    context_settings=HELP,
)
experiment = typer.Typer(
    help="Compare bundles on live conversations: start, stop, report.",
    no_args_is_help=True,
    context_settings=HELP,
)
app.add_typer(bundle, name="bundle")
app.add_typer(experiment, name="experiment")


@bundle.command("list")
def list_(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """List the bundles of a workspace, the newest first, with their part in what serves."""
    from turnwise.cli.console import percent, print_json, print_table
    from turnwise.steps.deploying import bundle_rows

    rows = bundle_rows(workspace)
    if json:
        print_json(rows)
        return
    dimensions = list(dict.fromkeys(name for row in rows for name in row.accuracy))
    heads = ["Bundle", "Packed", "Serves", *dimensions]
    print_table(
        "Bundles; accuracy on the turns that calibrated them",
        heads,
        [
            [
                row.name,
                row.created[:10],
                f"{row.part} {row.share:.0%}" if row.share else row.part,
                *(
                    percent(row.accuracy[name]) if name in row.accuracy else ""
                    for name in dimensions
                ),
            ]
            for row in rows
        ],
        names=True,
    )


@bundle.command()
def promote(
    name: BundleArgument, workspace: WorkspaceOption = HERE, json: JsonOption = False
) -> None:
    """Make a bundle the champion, which answers; an experiment that runs ends.

    Running servers load it within a second or two and switch; no request is dropped.

    Example: turnwise bundle promote support-1f2e3d4c5b6a -w DIR
    """
    from turnwise.steps.deploying import promote

    _told(promote(workspace, name), json)


@bundle.command()
def rollback(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """Make the champion before this one the champion again; an experiment that runs ends."""
    from turnwise.steps.deploying import roll_back

    _told(roll_back(workspace), json)


@bundle.command()
def shadow(
    names: Annotated[
        list[str] | None, typer.Argument(help="Folders under bundles; none: no shadows.")
    ] = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Have bundles decide about every turn without being served; 'drift' and the log show it.

    They take the place of the shadows before. A turn is passed over while others wait.
    """
    from turnwise.steps.deploying import shadow

    _told(shadow(workspace, names or []), json)


@experiment.command()
def start(
    name: Annotated[str, typer.Argument(help="What to call it; a new name each time.")],
    challenger: Annotated[
        list[str],
        typer.Option(help="A bundle and its share, such as support-1f2e3d4c5b6a=0.1; repeat it."),
    ],
    sessions: Annotated[
        int, typer.Option(min=1, help="Planned for each arm; fewer count as too early.")
    ] = 1_600,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Have challengers serve shares of the conversations; the champion serves the rest.

    A conversation keeps its arm for all of its turns. 1,600 sessions in each arm tell a rate of
    50% from one of 55% in four of five experiments; a smaller difference needs more.

    Example: turnwise experiment start august --challenger support-1f2e3d4c5b6a=0.1 -w DIR
    """
    from turnwise.steps.deploying import start_experiment

    shares = [_share(one) for one in challenger]
    _told(start_experiment(workspace, name, shares, sessions), json)


@experiment.command()
def stop(workspace: WorkspaceOption = HERE, json: JsonOption = False) -> None:
    """End the experiment that runs; the champion serves all conversations."""
    from turnwise.steps.deploying import stop_experiment

    _told(stop_experiment(workspace), json)


@experiment.command()
def report(
    name: Annotated[
        str | None, typer.Argument(help="Which; default: the one that runs, else the latest.")
    ] = None,
    workspace: WorkspaceOption = HERE,
    json: JsonOption = False,
) -> None:
    """Tell what the arms of an experiment did: rates with 95% intervals, tests, and warnings.

    Automation, resolution, SCSAT, hand-off and misrouting rate, resolution time and more, from the
    decisions and the feedback that were logged. Read the warnings first: they stand first.

    Example: turnwise experiment report august -w DIR
    """
    from turnwise.cli import show_experiment
    from turnwise.steps.experiment_report import experiment_report

    show_experiment.report(experiment_report(workspace, name), json)


def _share(text: str) -> tuple[str, float]:
    from turnwise.errors import ConfigError

    name, _, share = text.rpartition("=")
    try:
        return name, float(share)
    except ValueError:
        hint = "Write BUNDLE=SHARE, such as support-1f2e3d4c5b6a=0.1"
        raise ConfigError(f"{text!r} is no bundle with a share", hint=hint) from None


def _told(deployed: Deployment, json: bool) -> None:
    from turnwise.cli.console import percent, print_json

    if json:
        print_json(deployed)
        return
    running = deployed.experiment
    shares = {deployed.champion: 1.0} if running is None else running.shares
    served = ", ".join(f"{name} {percent(share)}" for name, share in shares.items())
    print(f"Serving: {served}" + (f" (experiment {running.name})" if running else ""))
    if deployed.shadows:
        print(f"Shadows: {', '.join(deployed.shadows)}")
    print("Running servers follow within a second or two")
