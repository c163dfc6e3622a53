"""How what was discovered looks on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from turnwise.cli.console import percent, print_json, print_table

if TYPE_CHECKING:
    from turnwise.steps.discovering import DiscoverResult, FoundIntent
    from turnwise.steps.discovery_files import TableResult
    from turnwise.steps.discovery_plan import DiscoverPlan

MOST_SHOWN = 40  # intents; all of them stand in the table
MOST_DOUBTFUL = 5  # intents that are named, the largest ones
LONGEST = 60  # characters of an example


def discovered(result: DiscoverResult, workspace: Path, beside: str, json: bool) -> None:
    """Print a result.

    Args:
        beside: options of `from-table` that name what was compared with; empty where nothing was.
    """
    if json:
        print_json(result)
        return
    _intents(result)
    _where_turns_went(result)
    for one, other in result.merges[:MOST_SHOWN]:
        print(f"  nearly one name, for you to decide: {one} and {other}")
    for note in result.notes:
        print(f"  note: {note}")
    if result.calls or result.reused:
        money = f", {result.money:,.2f} in money" if result.money else ""
        print(
            f"Spent {result.calls:,} calls, {result.used_tokens:,} tokens{money}; "
            f"{result.reused:,} answers were kept from before"
        )
    for name, path in (
        ("Taxonomy", result.taxonomy),
        ("Table to edit", result.table),
        ("Report", result.report),
    ):
        if path is not None:
            print(f"{name}: {path}")
    if result.table is not None:
        print(
            f"Next: look at the report, edit the table, then: turnwise taxonomy from-table "
            f"{result.table} --out {workspace / 'taxonomy.yaml'}{beside}"
        )


def _intents(result: DiscoverResult) -> None:
    if not result.intents:
        print("No intent was found")
        return
    compared = any(one.nearest for one in result.intents)
    head = ["intent", "turns", "share", *(["nearest label"] if compared else []), "example"]
    rows = [_row(one, compared) for one in result.intents[:MOST_SHOWN]]
    print_table(f"{len(result.intents):,} intents", head, rows)
    if len(result.intents) > MOST_SHOWN:
        print(f"... and {len(result.intents) - MOST_SHOWN:,} smaller ones in the table")


def _row(one: FoundIntent, compared: bool) -> list[str]:
    example = one.examples[0] if one.examples else ""
    short = example if len(example) <= LONGEST else f"{example[:LONGEST]}..."
    name = one.name if one.coherent else f"{one.name} (check)"
    nearest = [f"{one.nearest} {one.nearness:.2f}"] if compared else []
    return [name, f"{one.turns:,}", percent(one.share), *nearest, short]


def _where_turns_went(result: DiscoverResult) -> None:
    parts = [("in an intent", result.clustered), ("in none", result.unclustered)]
    if result.explained:
        parts.append(("explained by the taxonomy", result.explained))
    told = ", ".join(f"{count:,} {what}" for what, count in parts)
    print(f"Of {result.turns:,} turns: {told}, {sum(result.set_aside.values()):,} set aside")
    for reason, count in result.set_aside.items():
        print(f"  set aside: {reason}, {count:,}")
    if not result.intents:
        return
    for line in _judged(result):
        print(line)
    print(f"Named by {result.namer}")


def _judged(result: DiscoverResult) -> Iterator[str]:
    """Who judged what, so that what was kept and what is doubted do not look like two truths."""
    doubtful = [one.name for one in result.intents if not one.coherent]
    every = len(result.intents)
    yield (
        f"Two judges looked. In the loop, {result.judge} kept what stands apart from the rest, in "
        f"{result.rounds} rounds. At the end, {result.final_judge} read the {every:,} intents: "
        f"{every - len(doubtful):,} are about one thing ({percent(result.goodness)})"
        f"{f', {len(doubtful):,} may be about several' if doubtful else ''}"
    )
    if doubtful:
        rest = len(doubtful) - MOST_DOUBTFUL
        more = f" and {rest:,} more, marked (check)" if rest > 0 else ""
        yield f"  check these first: {', '.join(doubtful[:MOST_DOUBTFUL])}{more}"


def planned(plan: DiscoverPlan, json: bool) -> None:
    if json:
        print_json(plan)
        return
    money = f", {plan.money:,.2f} in money" if plan.money else ""
    print(
        f"About {plan.questions:,} questions to {', '.join(plan.models)}: {plan.calls:,} calls, "
        f"{plan.tokens_in:,} tokens in and {plan.tokens_out:,} out{money}; {plan.reused:,} answers "
        "are kept from before. A model that judges otherwise than the embedded judge takes more or "
        "fewer rounds"
    )


def from_table(result: TableResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    print(f"{len(result.labels):,} intents are in {result.taxonomy}")
    for name, examples in result.merged.items():
        print(f"  merged into {name}: {examples:,} examples")
    print(
        "Next: turnwise label, turnwise review export for people to decide some turns, turnwise "
        "review import, then turnwise train"
    )
