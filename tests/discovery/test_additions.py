"""What tells the turns that a taxonomy explains, and what it lacks."""

from dataclasses import dataclass

import numpy as np
import pytest
from found_samples import found

from turnwise.conversations import Conversation, Example, Turn
from turnwise.discovery.additions import (
    KnownByLabels,
    KnownByModel,
    Readings,
    check_labels,
    find_additions,
)
from turnwise.errors import ConfigError
from turnwise.taxonomy import Dimension, Label


@dataclass(frozen=True)
class WordEncoder:
    """Texts to the words of a small list that they hold."""

    words: tuple[str, ...] = ("order", "refund", "money", "parcel", "cancel", "track", "other")
    id: str = "words"
    size: int = 7
    max_tokens: int = 100

    def encode(self, texts, progress=None):
        rows = np.array([[word in text.lower() for word in self.words] for text in texts])
        rows = np.maximum(rows.astype(np.float32), 1e-3)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


LABELS = Dimension(
    "intent",
    (
        Label("REFUND", ("REFUND",), "money back", ("i want a refund", "money back please")),
        Label("CANCEL", ("CANCEL",), "cancel an order", ("cancel my order",)),
    ),
)


def turns(*texts: str) -> list[Example]:
    return [Example(Conversation("c", (Turn("customer", text),)), 0) for text in texts]


def test_a_model_explains_turns_that_it_is_sure_of_and_that_are_not_strange():
    said = Readings(np.array([0.9, 0.4, 0.9, 0.5]), np.array([0.1, 0.1, 2.0, 1.0]))
    known = KnownByModel(lambda some: said, 0.5, 1.0)
    assert known(turns("a", "b", "c", "d")) == [True, False, False, True]


def test_a_model_that_can_not_tell_strangers_explains_what_it_is_sure_of():
    known = KnownByModel(lambda some: Readings(np.array([0.9, 0.4])), 0.5)
    assert known(turns("a", "b")) == [True, False]


def test_labels_explain_turns_near_what_they_say_of_themselves():
    known = KnownByLabels(LABELS, WordEncoder())
    assert known(turns("please cancel the order", "where is my parcel")) == [True, False]


def test_how_near_is_learnt_from_examples_where_there_are_enough():
    few = KnownByLabels(LABELS, WordEncoder()).least
    texts = tuple(f"refund my money {number}" for number in range(30))
    many = KnownByLabels(Dimension("intent", (Label("R", ("R",), "", texts),)), WordEncoder()).least
    assert few == 0.5
    assert many == pytest.approx(1.0, abs=1e-3)


def test_each_addition_stands_beside_its_nearest_label_with_its_share_of_the_traffic():
    sample = found()
    additions = find_additions(sample, LABELS, WordEncoder(), turns=100)
    assert [(one.name, one.nearest) for one in additions][:2] == [
        ("cancel-order", "CANCEL"),
        ("ask-refund", "REFUND"),
    ]
    assert additions[0].turns == 6
    assert additions[0].share == 0.06
    assert additions[0].nearness > 0.9
    assert additions[2].nearness < 0.2


def test_labels_that_say_nothing_explain_nothing():
    check_labels(LABELS)
    with pytest.raises(ConfigError, match="no label of intent has a description or an example"):
        check_labels(Dimension("intent", (Label("A", ("A",)),)))
