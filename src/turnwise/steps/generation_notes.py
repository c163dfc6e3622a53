"""What a person should know of conversations that were made, before relying on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Sized
from contextlib import contextmanager

from turnwise.conversations import Conversation, examples
from turnwise.generated import GeneratedConversation
from turnwise.generation.asking import Tally
from turnwise.generation.config import GenerationConfig
from turnwise.generation.material import Material
from turnwise.llm import EndpointError, Spend

FEW = 30  # labelled conversations below which it is said how few they are
CHAINED = ("random", "hmm", "embedded", "llm")  # methods that follow a chain of labels


def answers(conversation: Conversation) -> bool:
    """Whether anybody answers the customer."""
    return any(turn.role != "customer" for turn in conversation.turns)


@contextmanager
def telling_progress(spend: Callable[[], Spend], made: Sized, tally: Tally) -> Iterator[None]:
    """Say of an endpoint that answers no more how far the conversations have come.

    Raises:
        EndpointError: as it was, with that.
    """
    try:
        yield
    except EndpointError as error:
        answered = spend().answered + spend().reused
        if not answered:
            raise
        ended = max(len(made), tally.outcomes.total())
        raise EndpointError(
            f"{error}. No set is written yet: {ended:,} conversations had come to their end, and "
            f"{answered:,} answers are kept. The same command goes on from there and pays for "
            "none of them again"
        ) from error


def teaches(
    config: GenerationConfig, material: Material, kept: Sequence[GeneratedConversation]
) -> bool:
    """Whether training can learn from these what the logs alone do not show."""
    if config.method in ("ambiguous", "random") or not kept:
        return False
    if _played_unseen(config, material):
        return False
    return any(len(one.customer) > 1 for one in kept)


def notes(config: GenerationConfig, material: Material) -> Iterator[str]:
    """What the logs do not show, and what to do about it."""
    logs = [one.conversation for one in material.logs]
    turns = [sum(1 for _ in examples(one)) for one in logs]
    if config.method in CHAINED and max(turns) == 1:
        yield (
            "the logs are single queries, so that nothing shows what follows what: these are "
            "conversations of one turn. Import whole conversations (of both sides, labelled or "
            "not, then 'turnwise label'), or make talks with --method clarify"
        )
    elif len(logs) < FEW:
        whose = f" of market {config.market}" if config.market else ""
        one = "conversation is" if len(logs) == 1 else "conversations are"
        yield (
            f"no more than {len(logs)} labelled {one} there{whose} to make these from: each "
            "weighs much, and much is said again. Label more before you rely on them"
        )
    if _played_unseen(config, material):
        yield (
            "nobody answers a customer in these logs, so that the agent has stock phrases alone. "
            "Import conversations of both sides, or have a model play: --by llm"
        )


def _played_unseen(config: GenerationConfig, material: Material) -> bool:
    """Whether rules play an agent without ever having seen one."""
    if config.method != "simulate" or config.asks:
        return False
    return not any(answers(one.conversation) for one in material.logs)
