"""The command itself: what `turnwise --help` says, and the options of no command."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="turnwise",
    help="From raw customer-service chat logs to a multi-turn intent classifier.\n\n"
    "Start with 'turnwise init DIR --taxonomy FILE', then 'turnwise run FILE... -w DIR': it "
    "imports, labels, trains, evaluates and packs. Each step is also a command of its own; all "
    "can be stopped at any time and resume where they were.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
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
