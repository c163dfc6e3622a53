"""How each result looks on a terminal; with --json, the result itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from turnwise.cli.console import percent, print_json, print_table
from turnwise.cli.show_chains import chain_statistics, chain_values

if TYPE_CHECKING:
    from turnwise.actions import ActionCheck
    from turnwise.generation.corpus import Written
    from turnwise.statistics import LogStatistics
    from turnwise.steps import ExportResult, ImportResult, LabelPlan, LabelResult
    from turnwise.steps.statistics import ChainResult
    from turnwise.workspace import Forgotten

UNKNOWN = "unknown"  # a month or a locale that the logs do not tell
WIDTH = 96  # characters of a customer turn that are shown


def made(folder: Path, check: ActionCheck | None, json: bool, *, labelled: bool) -> None:
    """A workspace; `labelled`: a taxonomy was given."""
    if json:
        print_json({"workspace": folder, "actions": check})
        return
    print(f"Made {folder}: its settings are in {folder / 'turnwise.yaml'}")
    if check is not None:
        actions(check)
    if labelled:
        print(f"Next: turnwise run FILE... -w {folder}")
    else:
        print(f"Next: turnwise import FILE... -w {folder}, then turnwise discover -w {folder}")


def actions(check: ActionCheck) -> None:
    """Rules of a taxonomy that do nothing, and labels that no rule covers."""
    for name in check.unreachable:
        print(f"  rule {name} can never match: the rules before it leave nothing")
    if check.uncovered:
        some = "; ".join(", ".join(f"{k} {v}" for k, v in one.items()) for one in check.examples)
        print(
            f"  no rule covers {check.uncovered:,} of {check.combinations:,} combinations of "
            f"labels, such as {some}"
        )


def imported(result: ImportResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    print(
        f"Imported {result.added:,} conversations ({result.turns:,} turns); "
        f"{result.same:,} were there already; {result.rejected:,} rejected"
    )
    if result.joined:
        print(
            f"Joined {result.joined:,} messages to the one before of the same side; of their "
            "labels the last one holds"
        )
    if result.unanswered:
        print(
            f"Nobody answers in {result.unanswered:,} conversations of several messages: each "
            "became one turn. Import both sides, or number the messages with gaps where somebody "
            "answered (docs/formats.md), so that turns stay apart"
        )
    if result.redacted:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in result.redacted.most_common())
        print(f"Redacted: {kinds}")
    for error in result.errors:
        print(f"  {error}")
    if result.rejected > len(result.errors):
        print(f"  ... and {result.rejected - len(result.errors):,} more")
    for path in result.rejected_files:
        print(f"Bad records: {path}")


def exported(result: ExportResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    print(
        f"Wrote {result.conversations:,} conversations ({result.turns:,} turns), {result.gold:,} "
        f"labels by people and {result.pseudo:,} by models: {result.file} ({result.format})"
    )
    if result.loses:
        print(f"Left out, for {result.format} has no place for it: {result.loses}")


def statistics(found: LogStatistics, json: bool) -> None:
    if json:
        print_json(found)
        return
    print(
        f"{found.conversations:,} conversations, {found.turns:,} turns, "
        f"{found.customer_turns:,} by customers ({found.distinct_customer_texts:,} distinct)"
    )
    if months := [one for one in found.months if one != UNKNOWN]:
        print(f"From {min(months)} to {max(months)}")
    if locales := [one for one in found.locales if one != UNKNOWN]:
        print(f"Locales: {', '.join(locales)}")
    rows = [
        (
            name,
            f"{sum(one.counts.values()):,}",
            str(len(one.counts)),
            percent(one.changes / max(1, one.followed)),
        )
        for name, one in found.labels.items()
    ]
    if rows:
        print_table("", ("gold", "labelled turns", "labels", "change from turn to turn"), rows)
    for name, one in found.labels.items():
        most = [f"{label} {count:,}" for label, count in list(one.counts.items())[:3]]
        print(f"Most frequent {name}: {', '.join(most)}")


def counted(found: LogStatistics, chains: ChainResult, json: bool) -> None:
    if json:
        print_json(found.to_json() | {"chains": chain_values(chains)})
        return
    statistics(found, json)
    chain_statistics(chains)


def labelled(result: LabelResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    print(
        f"Labelled {result.labelled:,} conversations, {result.kept:,} were labelled already "
        f"(annotator: {result.source.kind} {result.source.name})"
    )
    if result.calls or result.reused:
        print(
            f"Spent {result.calls:,} calls, {result.tokens:,} tokens"
            + (f", {result.money:,.2f} in money" if result.money else "")
            + f"; {result.reused:,} answers were kept from before"
        )
    if result.unusable:
        print(f"Unusable answers: {result.unusable:,} turns; they are kept, with what is wrong")
    if result.missing:
        print(f"No answer came for {result.missing:,} turns: the same command asks for them again")
    if result.trouble:
        print(f"Most often: {result.trouble[:300]}")
    if result.stopped:
        print(f"Stopped early: {result.stopped}")
    if result.left and not result.stopped:
        print(f"{result.left:,} conversations are not labelled, or not all of their turns")
    rows = [
        (
            name,
            f"{count:,}",
            f"{result.abstained[name]:,}",
            *(
                (percent(score.accuracy), percent(score.surest_half))
                if (score := result.scores.get(name))
                else ("", "")
            ),
        )
        for name, count in result.annotations.items()
    ]
    head = ("dimension", "labelled", "abstained", "right, where gold tells", "on the surest half")
    print_table("", head, rows)
    if result.example is not None:
        print(f"Why, for example: {result.example.rationale}")


def label_plan(plan: LabelPlan, json: bool) -> None:
    if json:
        print_json(plan)
        return
    if plan.by == "embedded":
        print(f"{plan.turns:,} turns would be labelled on this machine, without a call")
        return
    print(
        f"{plan.turns:,} turns would be labelled by {plan.strategy}, asking "
        f"{' and '.join(dict.fromkeys(plan.models))}: {plan.calls:,} calls, "
        f"{plan.tokens_in:,} tokens in and {plan.tokens_out:,} out"
        + (f", {plan.money:,.2f} in money" if plan.money else "")
    )
    if plan.reused:
        print(f"{plan.reused:,} answers are kept from before and cost nothing")
    if plan.seconds is not None:
        print(f"About {timedelta(seconds=round(plan.seconds))} at the endpoint's limits")
    print(f"Reckoned from {plan.sample:,} turns; repairs of unusable answers come on top")


def forgotten(result: Forgotten, json: bool) -> None:
    if json:
        print_json(result)
        return
    print(
        f"Forgot {result.conversations:,} conversations: {result.turns:,} turns, "
        f"{result.annotations:,} annotations, {result.answers:,} answers of models, "
        f"{result.vectors:,} vectors, {result.files:,} files, {result.logged:,} logged "
        "records"
    )
    if result.bundles:
        print(f"Trained on them, to be retrained: {', '.join(result.bundles)}")


def corpus_written(result: Written, json: bool) -> None:
    if json:
        print_json(result)
        return
    for part, count in result.sessions.items():
        print(f"{part}: {count:,} conversations, {result.examples.get(part, 0):,} chat examples")
    if result.moved:
        print(f"{result.moved:,} went to train, as a turn of theirs stands there")
    for one in result.fertility:
        print(f"{one.language}: {one.fertility:.2f} tokens a word")
    print(f"Corpus: {result.folder} (its data card is README.md)")
