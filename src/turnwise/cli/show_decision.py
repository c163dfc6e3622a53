"""How a decision looks on a terminal, and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from turnwise.cli.console import percent, print_json, print_table

if TYPE_CHECKING:
    from turnwise.conversations import Turn
    from turnwise.serving import Decision
    from turnwise.steps import ClarifyResult, PolicyPlan, PolicyResult

SAID = {
    "accept": "Accepted",
    "escalate": "Settled by another",
    "clarify": "To be asked",
    "out_of_domain": "Out of domain",
    "hand_off": "A person takes over",
}


def lines() -> Iterator[str]:
    """What is typed, line by line; with a prompt where somebody types."""
    while True:
        if sys.stdin.isatty():
            print("\nyou> ", end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        yield line.strip()


def decision(made: Decision, turns: Sequence[Turn], json: bool, trace: bool) -> None:
    if json:
        from turnwise.serving.answers import decide_answer

        print_json(decide_answer(made, turns))
        return
    if made.question is not None:
        print(f"bot> {made.question.text}")
    print(f"{SAID[made.kind]}{'' if made.sure else ', not sure'}: {made.why}")
    if made.kind in ("accept", "escalate", "hand_off"):
        chosen = made.choices.items()
        print(", ".join(f"{name} {one.label} {percent(one.confidence)}" for name, one in chosen))
    if made.action is not None:
        print(f"Route to {made.action.target} (rule {made.action.name})")
    for action in made.next_actions:
        print(f"Then offer {action.target} (rule {action.name})")
    if made.note:
        print(f"Note: {made.note}")
    if trace:
        _trace(made)


def policy_scores(result: PolicyResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    print(f"Decided {result.turns:,} turns of {result.conversations:,} held-back conversations")
    names = list(result.arms[0].accuracy)
    rows = [
        (
            one.name,
            *(percent(one.accuracy[name]) for name in names),
            percent(one.asked),
            " / ".join(f"{took:.1f}" for took in one.milliseconds),
        )
        for one in result.arms
    ]
    print_table("Accuracy", ("", *names, "asked", "ms P50 / P90 / P99"), rows)
    if any(one.calls for one in result.arms):
        _costs(result, names)
    print(
        "Decisions: "
        + ", ".join(
            f"{kind.replace('_', ' ')} {percent(share)}" for kind, share in result.kinds.items()
        )
    )
    print(f"Sure of {percent(result.sure)} of the turns, and right: {_each(result.sure_accuracy)}")
    if result.asked_before:
        print(
            f"{result.by} was asked about the doubtful ones; right before "
            f"{_each(result.asked_before)}, after {_each(result.asked_after)}"
        )


def _costs(result: PolicyResult, names: Sequence[str]) -> None:
    rows = [
        (
            one.name,
            f"{one.calls:,}",
            f"{one.tokens:,}",
            f"{one.money:,.4f}",
            f"{1_000 * one.money / result.turns:,.4f}",
            *(f"{one.gain[name]:+.0f}" for name in names),
        )
        for one in result.arms
    ]
    head = ("", "calls", "tokens", "money", "a 1,000 turns", *names)
    print_table("Cost, and labels right beyond the model's of 1,000 turns", head, rows)
    print(
        f"This run made {result.calls:,} calls and paid {result.money:,.4f}; {result.reused:,} "
        "answers were kept already"
    )
    if result.stopped:
        print(f"{result.by} alone is left out: {result.stopped}")


def policy_plan(plan: PolicyPlan, json: bool) -> None:
    if json:
        print_json(plan)
        return
    print(
        f"{plan.by} would be asked about {percent(plan.asked)} of {plan.turns:,} turns by the "
        "policy, and about all of them once beside it"
    )
    if not plan.calls and not plan.reused:
        print("It costs nothing")
        return
    print(
        f"{plan.calls:,} calls, {plan.tokens_in:,} tokens in and {plan.tokens_out:,} out"
        + (f", {plan.money:,.4f} in money" if plan.money else "")
        + f"; {plan.reused:,} answers are kept from before and cost nothing"
    )
    if plan.seconds is not None:
        print(f"About {timedelta(seconds=round(plan.seconds))} at the endpoint's limits")
    print(f"Reckoned from {plan.sample:,} turns; repairs of unusable answers come on top")


def clarify_scores(result: ClarifyResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    print(f"A simulated customer who always knows answered on {result.turns:,} turns")
    rows = [
        (name, percent(result.coverage[name]), f"{size:.1f}")
        for name, size in result.mean_set.items()
    ]
    if rows:
        print_table("Sets of labels", ("", "hold the right one", "labels"), rows)
    print(f"Settled at once: {percent(result.at_once)}; asked about: {percent(result.asked)}")
    if not result.asked:
        return
    print(f"Of these right before: {_each(result.before)}; in the end: {_each(result.after)}")
    shares = ", ".join(f"{percent(one)} after {n + 1}" for n, one in enumerate(result.settled))
    print(
        f"In sure labels ended: {shares} questions at most; {result.questions:.1f} on average. "
        f"Sure and wrong: {percent(result.wrong)}; given to a person: {percent(result.handed_over)}"
    )


def _each(accuracy: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {percent(one)}" for name, one in accuracy.items()) or "none"


def _trace(made: Decision) -> None:
    rows = [
        (one.rule, "decides" if one.decided else "", one.why, f"{one.milliseconds:.2f}")
        for one in made.trace
    ]
    print_table("", ("rule", "", "why", "ms"), rows)
    print(", ".join(f"{part} {took:.1f} ms" for part, took in made.milliseconds.items()))
