"""The command that makes conversations nobody held."""

from __future__ import annotations

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


@app.command()
def generate(
    workspace: WorkspaceOption = HERE,
    method: Annotated[
        str | None,
        typer.Option(
            help="hmm: examples of the logs along a chain of intents; embedded: adapted to what "
            "was said before; random: without a chain, to compare with; llm: written by a language "
            "model; simulate: a customer and an agent under a controller; ambiguous: queries that "
            "several labels fit; clarify: talks that begin with one. Default: generation.method, "
            "or embedded."
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="Who plays in simulate, ambiguous and clarify: embedded, or llm. Default: "
            "generation.by, or embedded."
        ),
    ] = None,
    conversations: Annotated[
        int | None, typer.Option("--conversations", "-n", help="How many to begin. Default: 1000.")
    ] = None,
    market: Annotated[
        str | None, typer.Option(help="Follow the logs of this market alone.")
    ] = None,
    switching: Annotated[
        float | None,
        typer.Option(
            help="Share of turns after which the label changes, 0 to 1. Default: as in the logs."
        ),
    ] = None,
    keep: Annotated[
        float | None, typer.Option(help="Share to keep, the best rated. Default: 0.85.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of whatever is drawn. Default: 0.")] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the set that is written. Default: the method's.")
    ] = None,
    pairs: Annotated[
        bool,
        typer.Option("--pairs", help="Write pairs of a better and a worse answer, too."),
    ] = False,
    rival: Annotated[
        str | None,
        typer.Option(
            metavar="ENDPOINT",
            help="With --pairs: the endpoint of a language model that answers beside. Default: an "
            "answer to another intent stands beside.",
        ),
    ] = None,
    calls: CallsOption = None,
    tokens: TokensOption = None,
    money: MoneyOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Make labelled conversations that nobody held, from the labelled logs.

    Chains of intents follow the logs ('turnwise stats' shows them); every turn carries its labels,
    how it was made and from what. What another label is read from is dropped, the rest is rated
    beside the logs, and the best is kept. Written are the conversations and a report. 'turnwise
    train --generated NAME' learns from them, 'turnwise export FOLDER --generated NAME' makes a
    corpus of them. Killed, the same command goes on and pays for no answer twice.

    Examples: turnwise generate -w DIR; turnwise generate -w DIR --method simulate -n 200; turnwise
    generate -w DIR --method llm -n 500 --dry-run
    """
    from turnwise.cli import show_generated
    from turnwise.cli.console import progress_display
    from turnwise.cli.parsing import by_choice, method_choice
    from turnwise.project import Project
    from turnwise.steps.generating import GenerateOptions, generate_conversations
    from turnwise.steps.generation_plan import plan_generation

    options = GenerateOptions(
        method=None if method is None else method_choice(method),
        by=None if by is None else by_choice(by),
        conversations=conversations,
        seed=seed,
        market=market,
        switching=switching,
        keep=keep,
        name=name,
        pairs=pairs,
        rival=rival,
        calls=calls,
        tokens=tokens,
        money=money,
    )
    with Project.open(workspace) as opened, progress_display() as progress:
        if dry_run:
            show_generated.planned(plan_generation(opened, options, progress), json)
            return
        result = generate_conversations(opened, options, progress)
    show_generated.generated(result, workspace, json)
