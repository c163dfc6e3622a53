"""Utterances -> their space."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import pytest

from turnwise.clusters import Space, Utterance
from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.vectors import make_space
from turnwise.discovery.vectors_words import word_vectors
from turnwise.errors import ConfigError

REQUESTS = (
    "cancel my subscription today",
    "change the billing address of my account",
    "where is my parcel with the blue shoes",
    "reset the password of my account",
    "book a table for two persons",
    "report a damaged window",
)
OPENINGS = ("please", "hello", "i want you to", "can you", "good morning", "hey there", "so")
TEXTS = [f"{opening} {request}" for request in REQUESTS for opening in OPENINGS]


class HashedEncoder:
    """Texts -> unit vectors by their words; reads 50 of them."""

    id, size, max_tokens = "hashed", 48, 50

    def encode(self, texts: Sequence[str], progress: object = None) -> np.ndarray:
        rows = np.full((len(texts), self.size), 0.5, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.split()[: self.max_tokens]:
                row[sum(map(ord, word)) % self.size] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


def space_of(texts: Sequence[str], **settings: bool) -> Space:
    utterances = [Utterance(text) for text in texts]
    return make_space(utterances, HashedEncoder(), DiscoveryConfig(**settings))


def test_without_settings_the_vectors_are_the_encoders():
    space = space_of(TEXTS, adapt=False, keyphrases=False)
    assert space.vectors is space.plain
    assert (space.plain == HashedEncoder().encode(TEXTS)).all()


@pytest.mark.parametrize("keyphrases", [False, True])
def test_plain_vectors_stay_the_encoders(keyphrases):
    space = space_of(TEXTS, adapt=True, keyphrases=keyphrases)
    assert (space.plain == HashedEncoder().encode(TEXTS)).all()
    assert space.vectors.shape[0] == len(TEXTS)
    assert space.vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(space.vectors, axis=1), 1, atol=1e-4)


def test_one_request_in_other_words_lies_nearer_in_the_adapted_space():
    space = space_of(TEXTS)
    same = np.kron(np.eye(len(REQUESTS)), np.ones((len(OPENINGS),) * 2)) > 0

    def contrast(vectors):
        cosines = vectors @ vectors.T
        return cosines[same].mean() - cosines[~same].mean()

    assert contrast(space.vectors) > contrast(space.plain)


def test_the_turn_before_is_read_where_the_text_alone_says_nothing():
    said = Utterance("the second one", before="which plan do you want")
    space = make_space([said], HashedEncoder(), DiscoveryConfig())
    assert (space.plain == HashedEncoder().encode([said.whole])).all()


def test_the_same_utterances_give_the_same_space():
    assert (space_of(TEXTS).vectors == space_of(TEXTS).vectors).all()


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["one"],
        ["one", "two"],
        ["all the same"] * 40,
        [*TEXTS, "", "   "],
        [*TEXTS, "word " * 10_000],
        [f"word{number}" for number in range(40)],
        ["你好，我想取消订单。谢谢"] * 3 + [f"第{number}个问题" for number in range(30)],
    ],
    ids=["none", "one", "two", "equal", "empty", "long", "nothing-shared", "chinese"],
)
def test_odd_texts_have_finite_vectors_of_unit_length(texts):
    space = space_of(texts, keyphrases=True)
    assert len(space) == len(space.vectors) == len(space.plain) == len(texts)
    assert np.isfinite(space.vectors).all()
    assert np.allclose(np.linalg.norm(space.vectors, axis=1), 1, atol=1e-4)


def test_words_that_few_texts_share_are_told_from_each_other():
    words = word_vectors(TEXTS, seed=0)
    assert words is not None
    cosines = words @ words.T
    assert cosines[0, 1] > cosines[0, len(OPENINGS)], "the request tells more than the opening"


def test_texts_without_shared_words_have_no_word_vectors():
    assert word_vectors([f"word{number}" for number in range(40)], seed=0) is None
    assert word_vectors(TEXTS[:5], seed=0) is None


def test_without_scikit_learn_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    with pytest.raises(ConfigError, match=r"pip install 'turnwise\[discover\]'"):
        space_of(TEXTS)
