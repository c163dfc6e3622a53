"""Rivals see of the history what their features say, and answer in the taxonomy's order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks import rivals
from turnwise.conversations import ContextWindow, Conversation, Example, Turn, examples
from turnwise.encoders import Vectors
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Dimension, Label, Taxonomy

WORDS = ("book", "cancel", "flight", "hello", "agent")
TALK = Conversation(
    "talk",
    (
        Turn("customer", "hello"),
        Turn("agent", "agent"),
        Turn("customer", "book"),
        Turn("agent", "agent"),
        Turn("customer", "flight"),
    ),
)


class WordEncoder:
    """One place per word of WORDS: which of them a text holds."""

    id, size, max_tokens = "words", len(WORDS), 256

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Vectors:
        held = [[float(word in text) for word in WORDS] for text in texts]
        return np.array(held, np.float32).reshape(len(texts), self.size)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


def test_history_is_one_mean_a_side_that_fades_by_half_from_turn_to_turn():
    last = list(examples(TALK))[-1]
    window = ContextWindow("both")
    vector = rivals.history_features(WordEncoder(), window)([last])[0].reshape(3, len(WORDS))
    turn, customer, agent = (dict(zip(WORDS, row.tolist(), strict=True)) for row in vector)
    assert {word for word, value in turn.items() if value} == {"flight"}
    assert customer["book"] == pytest.approx(2 / 3)
    assert customer["hello"] == pytest.approx(1 / 3)
    assert agent["agent"] == pytest.approx(1)


def test_a_first_turn_has_a_history_of_zeros():
    first = next(iter(examples(TALK)))
    for make in (rivals.history_features, rivals.context_features):
        vector = make(WordEncoder(), ContextWindow("customer"))([first])[0]
        assert vector[: len(WORDS)].any()
        assert not vector[len(WORDS) :].any()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("customer", "hello, book"),
        ("both", "customer: hello\nagent: agent\ncustomer: book\nagent: agent"),
    ],
)
def test_the_history_as_text_leaves_the_current_turn_out(kind, text):
    last = list(examples(TALK))[-1]
    assert rivals.history_text(last, ContextWindow(kind), WordEncoder()) == text


def test_a_label_that_train_never_holds_keeps_its_place_with_no_probability():
    names = ("book", "cancel", "refund")
    taxonomy = Taxonomy(
        "made", (Dimension("intent", tuple(Label(name, (name,)) for name in names)),)
    )

    def said(word: str) -> Example:
        return Example(Conversation(word, (Turn("customer", word, {"intent": (word,)}),)), 0)

    seen = [said("book"), said("cancel")] * 5
    task = rivals.Task(taxonomy, seen, seen, [said("cancel")])
    answer = rivals.logistic(task, rivals.turn_features(WordEncoder()))
    probabilities = answer.probabilities["intent"][0]
    assert probabilities.argmax() == names.index("cancel")
    assert probabilities[2] == 0
    assert probabilities.sum() == pytest.approx(1)
