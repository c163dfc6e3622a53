"""Commands that learn: label, train, evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from turnwise.cli.app import app
from turnwise.cli.options import (
    HERE,
    DryRunOption,
    JsonOption,
    MoneyOption,
    TokensOption,
    WorkspaceOption,
)


@app.command()
def label(
    workspace: WorkspaceOption = HERE,
    strategy: Annotated[
        str | None,
        typer.Option(
            help="single, two-stage (a reviewer keeps or revises), zero-shot, lara (shows labelled "
            "examples), clara (lara in several orders, keeping what agrees) or ensemble; default: "
            "labelling.strategy of turnwise.yaml, or single."
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="embedded: the annotator of this machine; llm: the language models of "
            "'endpoints' in turnwise.yaml. Default: labelling.by, or embedded."
        ),
    ] = None,
    select: Annotated[
        str,
        typer.Option(
            help="Which turns first, up to --calls: all (in order), novel (what is typical of the "
            "logs, repetitions last) or uncertain (what a classifier trained in between doubts)."
        ),
    ] = "all",
    calls: Annotated[
        int | None,
        typer.Option(
            min=1, help="Calls that this run may make; with --select, the turns that they reach."
        ),
    ] = None,
    tokens: TokensOption = None,
    money: MoneyOption = None,
    dry_run: DryRunOption = False,
    report: Annotated[
        bool,
        typer.Option("--report", help="Label nothing; compare all labels there are, write a page."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Label the unlabelled conversations, by an annotator of this machine or a language model.

    Every label carries its confidence and the evidence it rests on. What is done is kept as it
    comes: stopped, killed or out of budget, the same command goes on, and no answer is paid
    twice. Labels of several strategies are kept side by side; training takes those made last.

    Examples: turnwise label -w DIR; turnwise label -w DIR --by llm --strategy two-stage
    --dry-run; turnwise label -w DIR --by llm --select novel --calls 3000; turnwise label -w DIR
    --report
    """
    from turnwise.cli import show
    from turnwise.cli.console import progress_display
    from turnwise.cli.parsing import label_options
    from turnwise.project import Project
    from turnwise.steps import LabelOptions, label_logs, plan_labels

    options = label_options(
        strategy=strategy, by=by, select=select, calls=calls, tokens=tokens, money=money
    )
    if report:
        if dry_run or options != LabelOptions():
            raise typer.BadParameter("--report labels nothing: give it alone, or with --json")
        _label_report(workspace, json)
        return
    with Project.open(workspace) as opened, progress_display() as progress:
        if dry_run:
            planned = plan_labels(opened, progress, options)
        else:
            result = label_logs(opened, progress, options)
    if dry_run:
        show.label_plan(planned, json)
    else:
        show.labelled(result, json)


def _label_report(workspace: Path, json: bool) -> None:
    from turnwise.cli import show_labels
    from turnwise.cli.console import progress_display
    from turnwise.project import Project
    from turnwise.steps.label_report import label_report

    with Project.open(workspace) as opened, progress_display() as progress:
        result = label_report(opened, progress)
    show_labels.label_report(result, json)


@app.command()
def train(
    workspace: WorkspaceOption = HERE,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="How to train: frozen (the default, minutes), finetune (the encoder, too), "
            "single, fewshot, customer, joined, select, hierarchy, ranking, adapted, mixed, or a "
            "file. "
            "Default: what turnwise.yaml says."
        ),
    ] = None,
    dimension: Annotated[
        list[str] | None,
        typer.Option(
            help="Learn this dimension alone, to compare; repeat it for several. The bundle "
            "does not become the current one. Default: all."
        ),
    ] = None,
    generated: Annotated[
        list[str] | None,
        typer.Option(
            help="Learn from a set that 'turnwise generate' made, too; repeat it for several. "
            "Default: generation.learn, or none."
        ),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Try a few steps; tell time and memory, train nothing.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Train a classifier on the seed and the labelled logs, calibrate it, and pack a bundle.

    Killed while it trains an encoder, the same command goes on from the last checkpoint. The
    bundle before stays the current one until the new one is whole.

    Examples: turnwise train -w DIR; turnwise train -w DIR --recipe finetune --plan; turnwise
    train -w DIR --recipe finetune; turnwise train -w DIR --recipe my-recipe.yaml
    """
    from turnwise.cli import show_results
    from turnwise.cli.console import progress_display
    from turnwise.config import load_recipe
    from turnwise.project import Project
    from turnwise.steps import plan_bundle, train_bundle

    chosen = None if recipe is None else load_recipe(recipe)
    only = tuple(dimension or ())
    with Project.open(workspace) as opened, progress_display() as progress:
        if chosen is not None:
            opened.config = chosen.applied(opened.config)
        if generated:
            opened.config = opened.config.learning_from(generated)
        if plan:
            show_results.planned(plan_bundle(opened, progress, dimensions=only), json)
            return
        result = train_bundle(opened, progress, dimensions=only)
    show_results.trained(result, json)


@app.command()
def evaluate(
    workspace: WorkspaceOption = HERE,
    policy: Annotated[
        bool,
        typer.Option(
            "--policy",
            help="Score the decisions instead: the model alone, the policy, and whoever it asks "
            "in doubt; how often each is right, and how long it takes.",
        ),
    ] = False,
    clarify: Annotated[
        bool,
        typer.Option(
            "--clarify",
            help="Have a simulated customer answer the policy's questions: how many it takes, and "
            "how often they end right.",
        ),
    ] = False,
    history: Annotated[
        bool,
        typer.Option(
            "--history",
            help="Feed labels of earlier turns back (policy.history: labels): what it brings, and "
            "how errors go on from turn to turn.",
        ),
    ] = False,
    calls: Annotated[
        int | None,
        typer.Option(min=1, help="Calls that --policy or --clarify may make of a language model."),
    ] = None,
    tokens: TokensOption = None,
    money: MoneyOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Score the newest bundle on the held-back test, beside baselines, and write the report.

    Where --policy or --clarify ask a language model (endpoint small), --dry-run with --policy tells
    what that costs, and answers are kept: the same command asks only for what is missing.

    Examples: turnwise evaluate -w DIR; turnwise evaluate -w DIR --policy --dry-run;
    turnwise evaluate -w DIR --policy --money 2;
    turnwise evaluate -w DIR --clarify; turnwise evaluate -w DIR --history
    """
    from turnwise.cli import show_decision, show_history, show_results
    from turnwise.cli.console import progress_display
    from turnwise.project import Project
    from turnwise.steps import (
        Limits,
        evaluate_bundle,
        evaluate_clarify,
        evaluate_policy,
        plan_policy,
    )
    from turnwise.steps.history_scores import evaluate_history

    if policy + clarify + history > 1:
        raise typer.BadParameter(
            "--policy, --clarify and --history score different things: give one of them"
        )
    limits = Limits(calls, tokens, money)
    if dry_run and not policy:
        raise typer.BadParameter("--dry-run tells what --policy would ask: give them together")
    if limits != Limits() and not (policy or clarify):
        raise typer.BadParameter("a budget is for --policy or --clarify, which may ask a model")
    with Project.open(workspace) as opened, progress_display() as progress:
        if clarify:
            show_decision.clarify_scores(evaluate_clarify(opened, progress, limits), json)
            return
        if dry_run:
            show_decision.policy_plan(plan_policy(opened, progress), json)
            return
        if policy:
            show_decision.policy_scores(evaluate_policy(opened, progress, limits), json)
            return
        if history:
            show_history.history_scores(evaluate_history(opened, progress), json)
            return
        result = evaluate_bundle(opened, progress)
    show_results.evaluated(result, json)
