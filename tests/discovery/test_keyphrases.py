"""Keyphrases: a text's own clauses, weighed by what their words tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from turnwise.discovery.keyphrases import (
    LEAD_IN,
    MOST_PHRASES,
    add_wants,
    mix_phrases,
    phrases,
    telling_words,
)
from turnwise.encoders import KeptEncoder

RAMBLING = "Well hello there my dear, I was at the lake last week. I want to cancel my plan"


class Told:
    """Remembers what work told of itself."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def __call__(self, what: str, done: int, total: int, note: str = "", /) -> None:
        self.told.append((what, done, total))


class NoStore:
    """A store that keeps nothing."""

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        return {}

    def put(self, items: Mapping[bytes, bytes]) -> None:
        pass


class WordEncoder:
    """Texts -> unit vectors with a direction for each of a few words."""

    id, size, max_tokens = "words", 4, 256
    words = ("lake", "cancel", "plan")

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str], progress: object = None) -> np.ndarray:
        self.seen.extend(texts)
        rows = [[1e-3, *(text.lower().count(word) for word in self.words)] for text in texts]
        found = np.array(rows, np.float32).reshape(-1, self.size)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


def test_a_turn_is_parted_at_signs_lines_and_conjunctions():
    assert phrases("I moved house last week, and I need a new policy. Can you help me?") == [
        "I moved house last week,",
        "and I need a new policy.",
        "Can you help me?",
    ]
    assert phrases("第一句话。第二句话") == ["第一句话。 第二句话"]
    assert phrases("a first line\nand a second line") == ["a first line", "and a second line"]


def test_short_pieces_join_what_stands_before_them():
    assert phrases("Hi. I want to pay, please") == ["Hi. I want to pay, please"]


@given(st.text(max_size=300))
@example("？0")  # a text is parted at signs that no space follows, too
def test_phrases_lose_no_letter(text):
    assert "".join("".join(phrases(text)).split()) == "".join(text.split())


def test_words_of_one_text_and_of_all_texts_tell_nothing():
    told = telling_words(["the plan Jo", "the plan", "the bill", "the bill too"])
    assert told["jo"] == 0
    assert told["the"] == 0
    assert told["plan"] > 0.3


def test_the_phrase_that_other_callers_share_counts_most():
    encoder = WordEncoder()
    texts = [RAMBLING, "cancel my plan", "I want to cancel", "pay a bill", "a new card", "hello"]
    plain = encoder.encode(texts)
    expanded = mix_phrases(texts, plain, encoder)
    lake, cancel = 1, 2
    assert expanded[0, cancel] > plain[0, cancel]
    assert expanded[0, lake] < plain[0, lake]
    assert np.allclose(np.linalg.norm(expanded, axis=1), 1, atol=1e-5)


def test_a_text_of_one_phrase_keeps_its_vector_and_is_not_encoded_again():
    encoder = WordEncoder()
    texts = ["cancel my plan", "go to the lake"]
    plain = WordEncoder().encode(texts)
    assert (mix_phrases(texts, plain, encoder) == plain).all()
    assert not encoder.seen


def test_a_very_long_turn_costs_a_few_phrases():
    encoder = WordEncoder()
    texts = [" ".join(f"I want thing {number}." for number in range(2500)), "cancel my plan"]
    mix_phrases(texts, WordEncoder().encode(texts), encoder)
    assert len(encoder.seen) <= MOST_PHRASES


def test_nothing_comes_of_nothing():
    encoder = WordEncoder()
    nothing = np.empty((0, 4), np.float32)
    plain = encoder.encode(["", " "])
    for change in (add_wants, mix_phrases):
        assert change([], nothing, encoder).shape == (0, 4)
        assert np.allclose(change(["", " "], plain, encoder), plain)


def test_every_english_text_is_read_a_second_time_for_what_is_wanted():
    encoder = WordEncoder()
    texts = ["i want to cancel my plan", "how do i go to the lake"]
    added = add_wants(texts, encoder.encode(texts), encoder)
    assert encoder.seen == [*texts, *(f"{LEAD_IN}{text}" for text in texts)]
    assert np.allclose(np.linalg.norm(added, axis=1), 1, atol=1e-5)


def test_texts_of_another_language_are_not_read_behind_english_words():
    encoder = WordEncoder()
    texts = ["ich möchte meine rechnung nicht bezahlen", "wie kann ich das ändern"]
    plain = WordEncoder().encode(texts)
    assert (add_wants(texts, plain, encoder) == plain).all()
    assert not encoder.seen


def test_the_second_encoding_tells_that_it_is_of_the_lead_in():
    texts = ["I want to cancel my plan", "where is the lake, and how do I get to it?"]
    once, kept, told = Told(), KeptEncoder(WordEncoder(), NoStore()), Told()
    vectors = kept.encode(texts, once)
    add_wants(texts, vectors, kept, told)
    assert {what for what, *_ in told.told}.isdisjoint(what for what, *_ in once.told)
    assert told.told[-1] == ("encoding with the lead-in", 2, 2)
