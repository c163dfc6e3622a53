"""Made-up conversations with gold, and predictors of a chosen accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from turnwise.conversations import Conversation, Example, Turn, examples
from turnwise.taxonomy import Dimension, Label, Taxonomy

DOMAINS = ("Music", "Video", "Orders", "Account")
INTENTS = ("CANCEL", "REFUND", "QUESTION", "GREETING", "THANKS")


def dimension(name: str, labels: tuple[str, ...]) -> Dimension:
    return Dimension(name, tuple(Label(label, (label,)) for label in labels))


TAXONOMY = Taxonomy("shop", (dimension("domain", DOMAINS), dimension("intent", INTENTS)))


@dataclass(frozen=True)
class LabelledTurn:
    """What training hands to baselines."""

    example: Example
    labels: Mapping[str, str]
    weights: Mapping[str, float] = field(default_factory=dict)


def conversation(
    name: str, *golds: Mapping[str, tuple[str, ...]], text: str = "hello"
) -> Conversation:
    """Customer turns with the gold given, an agent's turn after each."""
    turns = []
    for place, gold in enumerate(golds):
        turns += [Turn("customer", f"{text} {place}", gold), Turn("agent", "I see.")]
    return Conversation(name, tuple(turns))


def customer_turns(*conversations: Conversation) -> list[Example]:
    return [example for one in conversations for example in examples(one)]


def many_turns(n_conversations: int, seed: int = 0) -> list[Example]:
    """Conversations of one to six customer turns with random gold in both dimensions."""
    rng = np.random.default_rng(seed)
    made = []
    for place in range(n_conversations):
        golds = [
            {"domain": (str(rng.choice(DOMAINS)),), "intent": (str(rng.choice(INTENTS)),)}
            for _ in range(rng.integers(1, 7))
        ]
        made.append(conversation(f"c-{place}", *golds))
    return customer_turns(*made)


def guesses(turns: list[Example], skill: float, seed: int = 0) -> dict[str, np.ndarray]:
    """Probabilities that lean towards gold, the more the greater the skill."""
    rng = np.random.default_rng(seed)
    answers = {}
    for one in TAXONOMY.dimensions:
        scores = rng.normal(size=(len(turns), len(one.names)))
        for row, turn in enumerate(turns):
            for label in turn.gold.get(one.name, ()):
                scores[row, one.index[label]] += skill
        chances = np.exp(scores)
        answers[one.name] = (chances / chances.sum(axis=1, keepdims=True)).astype(np.float32)
    return answers
