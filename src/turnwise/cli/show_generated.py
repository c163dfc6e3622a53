"""How what was generated looks on a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from turnwise.cli.console import percent, print_json, print_table

if TYPE_CHECKING:
    from turnwise.generated import Dropped, GeneratedConversation, Unit
    from turnwise.generation.quality.proxies import Quality
    from turnwise.steps.generation_plan import GeneratePlan
    from turnwise.steps.generation_writing import GenerateResult

MOST_REASONS = 8  # of each unit
HEADS: dict[Unit, str] = {
    "conversations": "conversations dropped",
    "queries": "queries dropped",
    "turns": "turns that stayed as they were",
    "answer pairs": "answer pairs dropped",
}
LONGEST = 100  # characters of a turn
MOST_TURNS = 8  # of a conversation


def generated(result: GenerateResult, workspace: Path, json: bool) -> None:
    if json:
        print_json(result)
        return
    for one in result.shown:
        _conversation(one)
    print(
        f"{result.kept:,} conversations with {result.turns:,} customer turns kept, of "
        f"{result.made:,} that were made and {result.begun:,} that were begun ({result.method}, "
        f"by {result.maker or 'nobody'})"
    )
    _dropped(result.dropped)
    if result.rewritten:
        print(
            f"  another label was read from {percent(result.misread / result.rewritten)} of "
            f"{result.rewritten:,} turns that were written anew; these did not stay"
        )
    for outcome, count in result.outcomes.items():
        print(f"  ended: {outcome.replace('_', ' ')}, {count:,}")
    if result.agreement is not None:
        for dimension, agreed in result.agreement.dimensions.items():
            if not agreed.given:
                print(f"  {dimension}: the labelling gives no turn a label")
                continue
            print(
                f"  {dimension}: the labelling gives the intended label in "
                f"{percent(agreed.share)} of {agreed.given:,} turns"
            )
    if result.quality:
        _quality(result.quality)
    for note in result.notes:
        print(f"  note: {note}")
    if result.calls or result.reused:
        money = f", {result.money:,.2f} in money" if result.money else ""
        print(
            f"Spent {result.calls:,} calls, {result.used_tokens:,} tokens{money}; "
            f"{result.reused:,} answers were kept from before"
        )
    print(f"Conversations: {result.file}")
    if result.pairs is not None:
        print(f"Pairs of answers: {result.pairs} (learnt from with training.ranking)")
    print(f"Report: {result.page}")
    if result.teaches:
        print(
            f"Next: turnwise train -w {workspace} --generated {result.name}, then turnwise "
            "evaluate: it helps most where the labelled turns have no history of their own"
        )


def _dropped(dropped: Sequence[Dropped]) -> None:
    for unit, head in HEADS.items():
        some = [one for one in dropped if one.what == unit]
        for one in some[:MOST_REASONS]:
            print(f"  {head}: {one.count:,}, {one.reason}")
        if rest := sum(one.count for one in some[MOST_REASONS:]):
            print(f"  {head}: {rest:,}, for other reasons")


def _conversation(one: GeneratedConversation) -> None:
    print(f"{one.id}")
    for turn in one.turns[:MOST_TURNS]:
        text = " ".join(turn.text.split())
        short = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
        meant = " / ".join(turn.labels.values())
        print(f"  {turn.role}: {short}" + (f"   [{meant}]" if meant else ""))
    if len(one.turns) > MOST_TURNS:
        print(f"  ... and {len(one.turns) - MOST_TURNS} more turns")
    if one.method == "ambiguous":
        for dimension, labels in one.offered.items():
            print(f"  {dimension} may be: {', '.join(labels)}")
    elif one.outcome:
        print(f"  ended: {one.outcome.replace('_', ' ')}")
    print()


def _quality(rows: tuple[Quality, ...]) -> None:
    head = ["", "rating", "perplexity", "topic flow", "words/turn", "turns", "copied"]
    print_table("Beside the logs", head, [_row(one) for one in rows])


def _row(one: Quality) -> list[str]:
    return [
        one.name,
        _number(one.rating),
        _number(one.perplexity),
        _number(one.topic_flow, 2),
        _number(one.words_mean),
        _number(one.turns_mean),
        "" if math.isnan(one.copied_turns) else percent(one.copied_turns),
    ]


def _number(value: float, digits: int = 1) -> str:
    return "" if math.isnan(value) else f"{value:,.{digits}f}"


def planned(plan: GeneratePlan, json: bool) -> None:
    if json:
        print_json(plan)
        return
    money = f", {plan.money:,.2f} in money" if plan.money else ""
    print(
        f"About {plan.calls:,} calls to {' and '.join(plan.models)}, {plan.tokens_in:,} tokens in "
        f"and {plan.tokens_out:,} out{money}; {plan.reused:,} answers are kept from before. "
        f"Reckoned from {plan.sample:,} conversations that were played through without asking; "
        "answers that are faulty are asked for once more"
    )
