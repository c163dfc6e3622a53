"""Selection: each turn at most once, duplicates last, the same again, never over the budget."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Example, Turn, examples
from turnwise.errors import ConfigError
from turnwise.labelling.selection import Pool, rounds, select
from turnwise.labelling.selection.clusters import cluster
from turnwise.labelling.selection.contexts import normalised

WORDS = ("bike", "boat", "price", "repair", "yes", "Yes!", "no", "no thanks")
HOW = ("all", "novel", "uncertain")
talks = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5), min_size=1, max_size=20)


class WordsEncoder:
    """A bag of hashed words; hypothesis cannot share the fixture of the other tests."""

    id, size, max_tokens = "words", 1024, 256

    def encode(self, texts: Sequence[str], progress: object = None) -> np.ndarray:
        rows = np.full((len(texts), self.size), 1e-3, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[zlib.crc32(word.encode()) % self.size] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


def said(*conversations: Sequence[str]) -> list[Example]:
    """Conversations of customer turns as the turns of a pool."""
    return [
        one
        for number, texts in enumerate(conversations)
        for one in examples(
            Conversation(f"talk-{number}", tuple(Turn("customer", text) for text in texts))
        )
    ]


def by_length(turns: Sequence[Example]) -> Mapping[str, np.ndarray]:
    """Beliefs that are the less sure the longer a text is."""
    sure = np.array([1 / (1 + len(one.text) / 20) for one in turns], np.float32)
    rest = (1 - sure) / 2
    return {"wish": np.stack([sure, rest, rest], axis=1)}


def pool_of(turns: Sequence[Example], seed: int = 0) -> Pool:
    return Pool(turns, WordsEncoder(), seed=seed)


@settings(max_examples=40, deadline=None)
@given(talks, st.sampled_from(HOW), st.booleans(), st.integers(1, 120), st.integers(0, 3))
def test_no_turn_is_chosen_twice_and_the_budget_is_kept(spoken, how, believes, calls, seed):
    turns = said(*spoken)
    beliefs = by_length if believes else None
    choices = select(pool_of(turns, seed), how, calls, beliefs=beliefs)
    assert len(choices) == min(calls, len(turns))
    assert len({one.key for one in choices}) == len(choices)
    assert all(turns[one.row].key == one.key for one in choices)


@settings(max_examples=40, deadline=None)
@given(talks, st.sampled_from(HOW[1:]), st.booleans(), st.data())
def test_duplicates_come_last_and_name_what_is_labelled_before_them(spoken, how, believes, data):
    turns = said(*spoken)
    labelled = set(data.draw(st.lists(st.sampled_from([one.key for one in turns]), max_size=5)))
    beliefs = by_length if believes else None
    choices = select(pool_of(turns), how, 1000, labelled=labelled, beliefs=beliefs)
    assert {one.key for one in choices} == {one.key for one in turns} - labelled
    repeated = [one.why == "duplicate" for one in choices]
    assert repeated == sorted(repeated)
    first = labelled | {one.key for one in choices if one.why != "duplicate"}
    assert all(one.of in first for one in choices if one.why == "duplicate")
    assert all(one.of is None for one in choices if one.why != "duplicate")


@settings(max_examples=20, deadline=None)
@given(talks, st.sampled_from(HOW), st.integers(0, 3))
def test_a_second_run_chooses_the_same(spoken, how, seed):
    turns = said(*spoken)
    once, again = (select(pool_of(turns, seed), how, 30, beliefs=by_length) for _ in range(2))
    assert once == again


@settings(max_examples=20, deadline=None)
@given(talks, st.sampled_from(HOW), st.integers(1, 20))
def test_a_larger_budget_begins_with_the_smaller_one(spoken, how, calls):
    pool = pool_of(said(*spoken))
    few, many = (select(pool, how, size, beliefs=by_length) for size in (calls, 3 * calls))
    assert many[: len(few)] == few


@settings(max_examples=20, deadline=None)
@given(talks, st.integers(1, 60))
def test_rounds_label_every_turn_once_over_all(spoken, calls):
    pool, labelled = pool_of(said(*spoken)), set()
    for size in rounds(calls):
        chosen = {
            one.key
            for one in select(
                pool, "uncertain", size, labelled=labelled, beliefs=by_length if labelled else None
            )
        }
        assert not chosen & labelled
        labelled |= chosen
    assert len(labelled) == min(calls, len(pool.turns))


@given(st.integers(1, 100_000))
def test_rounds_spend_the_budget(calls):
    sizes = rounds(calls)
    assert sum(sizes) == calls
    assert min(sizes) > 0
    assert len(sizes) <= 12


def test_the_same_words_after_other_words_are_not_a_duplicate():
    turns = said(["repair bike", "yes"], ["price boat", "yes"], ["Repair, bike!", "YES"])
    choices = {one.key: one for one in select(pool_of(turns), "novel", 6)}
    again = {key: one.of for key, one in choices.items() if one.why == "duplicate"}
    pairs = {frozenset((key, of)) for key, of in again.items()}
    assert pairs == {
        frozenset({("talk-0", 0), ("talk-2", 0)}),
        frozenset({("talk-0", 1), ("talk-2", 1)}),
    }


def test_what_repeats_a_labelled_turn_is_its_duplicate():
    turns = said(["repair bike"], ["repair bike"], ["price boat"])
    for labelled in (("talk-0", 0), ("talk-1", 0)):
        first, last = select(pool_of(turns), "novel", 3, labelled={labelled})
        assert first.key == ("talk-2", 0)
        assert last.reason == f"duplicate of {labelled[0]}, turn 0"


def test_near_duplicates_are_asked_once():
    long = " ".join(f"word{number}" for number in range(60))
    turns = said([long], [f"{long} more"], ["price boat"])
    choices = select(pool_of(turns), "novel", 3)
    assert [one.why for one in choices].count("duplicate") == 1
    assert choices[-1].why == "duplicate"


def test_novel_covers_every_cluster_before_a_second_turn_of_a_small_one():
    kinds = ["bike", "boat", "sledge"]
    texts = [[f"{kind} {kind} {kind} {number}"] for kind in kinds for number in range(12)]
    choices = select(pool_of(said(*texts)), "novel", 12)
    assert {said(*texts)[one.row].text.split()[0] for one in choices} == set(kinds)


def test_uncertain_prefers_what_the_model_is_unsure_of():
    sure = [[f"a{number}"] for number in range(40)]
    unsure = [[f"b{number} {'x' * 100}{number}"] for number in range(40)]

    def beliefs(turns: Sequence[Example]) -> Mapping[str, np.ndarray]:
        one = np.array([0.98 if one.text.startswith("a") else 0.5 for one in turns], np.float32)
        return {"wish": np.stack([one, 1 - one], axis=1)}

    choices = select(pool_of(said(*sure, *unsure)), "uncertain", 40, beliefs=beliefs)
    assert sum(one.uncertainty > 0.9 for one in choices) >= 38
    assert choices[0].reason.startswith("uncertain ")


def test_the_same_words_are_asked_once_a_round_while_there_are_others():
    turns = said(*([f"word{number} other", "yes"] for number in range(10)))
    choices = select(pool_of(turns), "uncertain", 11, beliefs=by_length)
    assert [turns[one.row].text for one in choices].count("yes") == 1


def test_a_dimension_of_one_label_leaves_nothing_to_doubt():
    def beliefs(turns: Sequence[Example]) -> Mapping[str, np.ndarray]:
        return {"only": np.ones((len(turns), 1), np.float32)}

    choices = select(pool_of(said(["bike"], ["boat"])), "uncertain", 2, beliefs=beliefs)
    assert [one.reason for one in choices] == ["uncertain .00"] * 2


def test_wrong_settings_are_refused():
    pool = pool_of(said(["bike"]))
    with pytest.raises(ConfigError, match="no selection 'best'"):
        select(pool, "best", 1)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="0 calls"):
        select(pool, "novel", 0)


@pytest.mark.parametrize("how", HOW)
def test_an_empty_pool_gives_nothing(how):
    assert select(pool_of([]), how, 5, beliefs=by_length) == []


def test_clusters_count_every_turn_once():
    rows = np.random.default_rng(0).normal(size=(500, 16))
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    found = cluster(vectors, np.arange(500))
    assert found.sizes.sum() == 500
    assert (np.bincount(found.of, minlength=len(found.sizes)) == found.sizes).all()


def test_texts_are_compared_without_case_and_punctuation():
    assert normalised("  Yes,  PLEASE! ") == normalised("yes please")
    assert normalised("?!") == "?!"
