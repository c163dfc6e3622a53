"""Conversations played to their end, many side by side, turn by turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from turnwise.generation.clarification.talk import (
    TURN_LIMIT,
    Assistant,
    Customer,
    Failed,
    Played,
    Start,
    Talk,
)

Check = Callable[[str], str]  # what is wrong with a customer's text; empty for nothing

NOT_OFFERED = "the assistant chose a label that was not offered"


def play(
    starts: Sequence[Start],
    assistant: Assistant,
    customer: Customer,
    check: Check = lambda text: "",
    limit: int = TURN_LIMIT,
) -> list[Played | Failed]:
    """Play conversations until the assistant decides, or has had so many turns.

    Args:
        check: of the customer's answers.
        limit: turns of the assistant, 1 or more.

    Returns:
        One result for each, in their order.
    """
    ended: dict[int, Played | Failed] = {}
    going = dict(enumerate(map(Talk, starts)))
    for turn in range(limit):
        asked = _take_turns(going, assistant, ended, last=turn == limit - 1)
        going = _hear(asked, customer, check, ended)
    return [ended[at] for at in range(len(starts))]


def _take_turns(
    going: dict[int, Talk], assistant: Assistant, ended: dict[int, Played | Failed], *, last: bool
) -> dict[int, Talk]:
    """Those that go on, with a question at their end."""
    asked = {}
    moves = assistant.moves(list(going.values())) if going else []
    for (at, talk), move in zip(going.items(), moves, strict=True):
        if isinstance(move, Failed):
            ended[at] = move
        elif move.kind == "question":
            asked[at] = talk.asked(move)
        elif move.kind == "label" and move.label not in talk.start.offered:
            ended[at] = Failed(NOT_OFFERED)
        else:
            ended[at] = Played(talk, move)
    if not last:
        return asked
    ended |= {at: Played(talk, None) for at, talk in asked.items()}
    return {}


def _hear(
    asked: dict[int, Talk], customer: Customer, check: Check, ended: dict[int, Played | Failed]
) -> dict[int, Talk]:
    """Those that go on, with an answer at their end."""
    going = {}
    answers = customer.answers(list(asked.values())) if asked else []
    for (at, talk), answer in zip(asked.items(), answers, strict=True):
        if isinstance(answer, Failed):
            ended[at] = answer
        elif fault := check(answer):
            ended[at] = Failed(f"the customer's answer: {fault}")
        else:
            going[at] = talk.answered(answer)
    return going
