"""The shop's conversations as labelled examples."""

from __future__ import annotations

from collections.abc import Sequence

from turnwise.conversations import Conversation, Example, examples
from turnwise.training import LabelledExample


def every(conversations: Sequence[Conversation]) -> list[Example]:
    return [one for conversation in conversations for one in examples(conversation)]


def gold(conversations: Sequence[Conversation]) -> list[LabelledExample]:
    return [_labelled(one, 1.0) for one in every(conversations)]


def pseudo(conversations: Sequence[Conversation], confidence: float = 0.6) -> list[LabelledExample]:
    return [_labelled(one, confidence) for one in every(conversations)]


def _labelled(example: Example, weight: float) -> LabelledExample:
    labels = {name: found[0] for name, found in example.gold.items()}
    return LabelledExample(example, labels, dict.fromkeys(labels, weight))
