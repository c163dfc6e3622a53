"""Labels of turns that say little are settled by the turns around them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Turn
from turnwise.generation.chains.settling import settled
from turnwise.taxonomy import Dimension, Label, Taxonomy

NAMES = ("CANCEL", "TRACK", "PAY")
TAXONOMY = Taxonomy("shop", (Dimension("intent", tuple(Label(one, (one,)) for one in NAMES)),))


class Words:
    """Reads a label's own word for sure, and nothing out of any other."""

    def probabilities(self, examples):
        rows = [[0.9 if name.lower() in one.text else 0.05 for name in NAMES] for one in examples]
        found = np.array(rows, np.float32).reshape(-1, len(NAMES))
        return {"intent": found / found.sum(axis=1, keepdims=True)}


def talk(number: int, *texts: str) -> Conversation:
    return Conversation(f"talk {number}", tuple(Turn("customer", text) for text in texts))


def test_a_bare_yes_means_what_the_talk_is_about():
    talks = [
        talk(at, f"{name.lower()} it please", "yes", "the second one")
        for at, name in enumerate(NAMES * 20)
    ]
    for one, name in zip(settled(talks, TAXONOMY, Words()), NAMES * 20, strict=True):
        assert [labels["intent"] for labels in one.labels.values()] == [name] * 3


def test_what_a_turn_says_plainly_is_not_overruled():
    talks = [talk(at, "cancel it", "track it", "yes") for at in range(30)]
    for one in settled(talks, TAXONOMY, Words()):
        assert [one.labels[at]["intent"] for at in (0, 1)] == ["CANCEL", "TRACK"]


@given(st.lists(st.lists(st.sampled_from(["cancel", "pay", "yes", ""]), max_size=4), max_size=5))
def test_every_turn_gets_a_label_and_nothing_else_does(said):
    talks = [talk(at, *texts) for at, texts in enumerate(said)]
    for one, texts in zip(settled(talks, TAXONOMY, Words()), said, strict=False):
        assert set(one.labels) == set(range(len(texts)))
        assert all(labels["intent"] in NAMES for labels in one.labels.values())
