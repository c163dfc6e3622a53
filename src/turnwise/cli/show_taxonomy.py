"""How the results of the commands on a taxonomy look on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from turnwise.cli.console import print_json, print_table

if TYPE_CHECKING:
    from turnwise.llm import Estimate
    from turnwise.steps.migrating import MigrateResult
    from turnwise.steps.titles import CompressResult


def compressed(result: CompressResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    changed = [one for one in result.titles if one.changed]
    rows = [
        (
            f"{one.dimension}: {one.label}",
            f"{one.long} ({one.translation})" if one.translation else one.long,
            one.short,
            f"{one.tokens_long} > {one.tokens}",
            f"{one.cosine:.2f}",
        )
        for one in changed
    ]
    if rows:
        who = f"by {result.model}" if result.model else "by keyphrases"
        head = ("label", "title", f"short title, {who}", "tokens", "cosine")
        print_table("Titles", head, rows)
    before, after = (
        sum(getattr(one, name) for one in result.titles) / max(1, len(result.titles))
        for name in ("tokens_long", "tokens")
    )
    print(
        f"{len(changed):,} of {len(result.titles):,} titles are shorter; "
        f"{before:.1f} tokens a title before, {after:.1f} now"
    )
    for one in result.titles:
        if one.note:
            print(f"  {one.dimension}: {one.label}: {one.note}")
    if result.calls or result.reused:
        money = f", {result.money:,.2f} in money" if result.money else ""
        print(
            f"Spent {result.calls:,} calls, {result.used_tokens:,} tokens{money}; "
            f"{result.reused:,} answers were kept from before"
        )
    if result.written is None:
        print("Nothing was written: add --write for the workspace's taxonomy, or --out FILE")
        return
    print(f"Written to {result.written}; labelling reads titles, so that logs are labelled anew")


def title_plan(plan: Estimate, json: bool) -> None:
    if json:
        print_json(plan)
        return
    money = f", {plan.money:,.2f} in money" if plan.money else ""
    print(
        f"{plan.questions:,} titles: {plan.calls:,} calls, {plan.tokens_in:,} tokens in and "
        f"{plan.tokens_out:,} out{money}; {plan.reused:,} answers are kept from before"
    )


def migrated(result: MigrateResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    rows = [
        (
            f"{one.dimension}: {one.label}",
            " or ".join(one.became) or "(removed)",
            f"{one.gold:,}",
            f"{one.pseudo:,}",
        )
        for one in result.moved
    ]
    title = f"Taxonomy {result.before} of this workspace becomes {result.after}"
    if rows:
        print_table(title, ("label", "becomes", "by people", "by models"), rows)
    else:
        print(title)
    if result.open:
        turns = len({(one.conversation_id, one.turn) for one in result.open})
        talks = len({one.conversation_id for one in result.open})
        gold = sum(one.gold for one in result.open)
        print(
            f"{turns:,} turns of {talks:,} conversations need a label anew, {gold:,} of their "
            f"labels were given by people; they are kept under taxonomy {result.before}"
        )
    for path in result.files:
        print(f"  listed in {path}")
    for dimension, labels in result.added.items():
        print(f"New in {dimension}: {', '.join(labels)}. Any turn may be theirs, so that all logs")
        print("  count as not labelled")
    if result.seed_changed:
        print("The labelled seed or the test changed, since conversations lost all their gold:")
        print("  annotators that read the seed label all logs anew")
    if result.dry_run:
        print("Nothing was changed: give the command without --dry-run")
        return
    print(f"The new taxonomy is in {result.taxonomy}")
    print("Next: turnwise label, then turnwise train")
