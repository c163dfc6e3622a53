"""Chat-format files for instruction tuning: system, user and assistant messages.

Structured as in S3, appendix C: instructions with the labels to choose from, the query, any
clarifying questions with their answers, and what the assistant is to find in the end. A message
of the assistant has `weight` 1 where it is to be learnt and 0 where it is but part of the history.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from random import Random

from turnwise.formats.streams import replacing
from turnwise.generated import GeneratedConversation, GeneratedTurn, Labels
from turnwise.llm import load_template
from turnwise.llm.templates import render
from turnwise.taxonomy import Taxonomy

KEPT = 256  # system messages
MOST_OFFERED = 60  # labels of a dimension; of more, the right one and others that are drawn
OUT_OF_DOMAIN = "out_of_domain"  # as the outcome of a clarification, and its answer

Offered = tuple[tuple[str, tuple[str, ...]], ...]  # dimension, labels


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `learnt` says whether an assistant's is to be learnt."""

    role: str
    content: str
    learnt: bool = False

    def values(self) -> dict[str, object]:
        """As it is written."""
        written: dict[str, object] = {"role": self.role, "content": self.content}
        return written | ({"weight": int(self.learnt)} if self.role == "assistant" else {})


class Instructions:
    """The system message for what is offered, made once for each such choice."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self.message = lru_cache(KEPT)(self._message)

    def _message(self, offered: Offered) -> Message:
        described = tuple(
            {
                "name": name,
                "labels": tuple(
                    {"name": label, "description": self._description(name, label)}
                    for label in labels
                ),
            }
            for name, labels in offered
        )
        return Message("system", render(_template(), {"offered": described})[0]["content"])

    def _description(self, dimension: str, label: str) -> str:
        known = label in self.taxonomy[dimension].index
        return self.taxonomy[dimension].label(label).description if known else ""


def chat_example(
    conversation: GeneratedConversation, instructions: Instructions
) -> tuple[Message, ...] | None:
    """Return what is to be learnt of a conversation as messages; None where there is nothing.

    Of a clarification all of the assistant's questions are learnt, and what it ends in; one that
    reached its limit gives none. Of any other conversation it is the labels of one customer
    turn, drawn by the conversation's id, with what was said before; of ambiguous queries nothing,
    as they have no answer.
    """
    if conversation.method == "clarify":
        place, answer = _last(conversation), _settled(conversation)
        labels = {} if conversation.outcome == OUT_OF_DOMAIN else _asked_for(conversation)
    else:
        drawn = _drawn(conversation)
        place, labels = drawn or (0, {})
        answer = None if drawn is None else _answer({"labels": dict(labels)})
    if answer is None:
        return None
    offered = _offered(conversation, labels, instructions.taxonomy)
    said = _messages(conversation.turns[: place + 1], ask=conversation.method == "clarify")
    return (instructions.message(offered), *said, answer)


def write_chat(
    conversations: Iterable[GeneratedConversation], taxonomy: Taxonomy, path: Path
) -> int:
    """Write the examples of conversations, one a line: `{"id", "messages"}`. Returns how many.

    Raises:
        FormatError: the disk is full, or the folder can't be written to.
    """
    instructions, written = Instructions(taxonomy), 0
    with replacing(path) as stream:
        for one in conversations:
            if (messages := chat_example(one, instructions)) is not None:
                values = {"id": one.id, "messages": [message.values() for message in messages]}
                stream.write(json.dumps(values, ensure_ascii=False) + "\n")
                written += 1
    return written


def _drawn(conversation: GeneratedConversation) -> tuple[int, Labels] | None:
    """The position and the labels of a labelled customer turn; None of ambiguous queries."""
    turns = enumerate(conversation.turns)
    labelled = [(at, one.labels) for at, one in turns if one.role == "customer" and one.labels]
    if conversation.method == "ambiguous" or not labelled:
        return None
    return Random(f"chat {conversation.id}").choice(labelled)


def _settled(conversation: GeneratedConversation) -> Message | None:
    """The last answer of a clarification; None where it came to none."""
    if conversation.outcome == OUT_OF_DOMAIN:
        return _answer({OUT_OF_DOMAIN: True})
    labels = _asked_for(conversation)
    return _answer({"labels": dict(labels)}) if conversation.outcome == "label" and labels else None


def _asked_for(conversation: GeneratedConversation) -> Labels:
    """What the customer of a clarification wants; it is the same from first to last."""
    return next((turn.labels for turn in conversation.customer if turn.labels), {})


def _last(conversation: GeneratedConversation) -> int:
    """The position of the last customer turn."""
    return max(place for place, one in enumerate(conversation.turns) if one.role == "customer")


def _messages(turns: Sequence[GeneratedTurn], *, ask: bool) -> Iterator[Message]:
    """Turns as messages; what the other side says is a question to learn, or history.

    What one side says in several turns is one message, as chat templates want sides to alternate.
    """
    for customer, some in groupby(turns, key=lambda turn: turn.role == "customer"):
        text = "\n".join(turn.text for turn in some)
        if customer:
            yield Message("user", text)
        else:
            yield _answer({"question": text}) if ask else Message("assistant", text)


def _answer(values: Mapping[str, object]) -> Message:
    return Message("assistant", json.dumps(values, ensure_ascii=False), learnt=True)


def _offered(conversation: GeneratedConversation, labels: Labels, taxonomy: Taxonomy) -> Offered:
    """What can be chosen from, of the dimensions that are asked for: as the conversation says, or
    the whole taxonomy; not too much."""
    found = []
    for dimension in taxonomy.dimensions:
        if dimension.name not in (labels or conversation.offered):
            continue
        names = conversation.offered.get(dimension.name, dimension.names)
        if len(names) > MOST_OFFERED:
            random = Random(f"offered {conversation.id} {dimension.name}")
            drawn = {*random.sample(names, MOST_OFFERED - 1)}
            names = tuple(one for one in names if one in drawn or one == labels.get(dimension.name))
        found.append((dimension.name, tuple(names)))
    return tuple(found)


@cache
def _template() -> str:
    return load_template("turnwise.generation.corpus", "prompts/chat.j2")
