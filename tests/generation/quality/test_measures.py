"""Measures of generated conversations: what each tells, and the laws that it keeps."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Turn
from turnwise.generated import GeneratedConversation, GeneratedTurn, LabelledConversation
from turnwise.generation.quality.lengths import divergence, mean
from turnwise.generation.quality.ngrams import NgramModel
from turnwise.generation.quality.proxies import measure, measure_logs
from turnwise.generation.quality.reference import Reference
from turnwise.generation.quality.variety import distinct, self_bleu
from turnwise.generation.quality.wording import words

THINGS = ("bell", "saddle", "frame", "chain", "pump", "lamp")
ASKED = (
    "how much is the {}",
    "where is the {} that i ordered",
    "can you repair my {} today",
    "the {} is broken again",
)


def held(number, *texts):
    turns = tuple(Turn("customer", text) for text in texts)
    labels = {at: {"intent": f"I{at}"} for at in range(len(turns))}
    return LabelledConversation(Conversation(f"log{number}", turns), labels)


def made(number, *texts, **more):
    turns = tuple(GeneratedTurn("customer", text, {"intent": "I0"}) for text in texts)
    return GeneratedConversation(f"made{number}", "hmm", turns, **more)


LOGS = [
    held(f"{thing}{shift}", *(ASKED[(at + shift) % 4].format(thing) for at in range(2 + shift % 3)))
    for thing in THINGS
    for shift in range(4)
]
REFERENCE = Reference.of(LOGS, ("intent",))
WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f"]), max_size=8).map(" ".join)


@given(st.lists(WORDS, min_size=1, max_size=6), WORDS)
def test_the_probabilities_of_all_next_words_sum_to_one(texts, start):
    model = NgramModel(texts)
    said = ("<s>", "<s>", *words(start))[-2:]
    known = {word for text in texts for word in words(text)} | {"</s>"}
    total = sum(math.exp(model._log(said, word)) for word in known)
    unknown = math.exp(model._log(said, "never seen"))
    assert total + unknown == pytest.approx(1)


@given(st.lists(WORDS, min_size=1, max_size=6), WORDS)
def test_perplexity_is_at_least_one_and_finite(texts, text):
    assert 1 <= NgramModel(texts).perplexity([text]) < math.inf


def test_shuffled_words_are_less_expected():
    model = NgramModel(asked.format(thing) for asked in ASKED for thing in THINGS)
    usual = model.perplexity(["where is the bell that i ordered"])
    assert model.perplexity(["ordered i that bell the is where"]) > 5 * usual


def test_a_model_of_nothing_tells_nothing():
    assert math.isnan(NgramModel([]).perplexity(["anything"]))


def test_nothing_has_no_perplexity():
    assert math.isnan(NgramModel(["a b"]).perplexity([]))


def test_distinct_is_one_where_no_word_comes_twice_and_falls_with_each_that_does():
    assert distinct([["a", "b"], ["c"]], 1) == 1
    assert distinct([["a", "b"], ["a", "b"]], 1) == 0.5
    assert distinct([["a", "b"], ["a", "b"]], 2) == 0.5


def test_distinct_is_taken_of_so_many_words_whatever_follows():
    texts = [["a", "b", "c"], ["d", "a"]]
    assert distinct(texts, 1, most=4) == distinct([*texts, ["a"] * 50], 1, most=4) == 1


def test_equal_texts_have_a_self_bleu_of_one_and_different_ones_almost_none():
    assert self_bleu([words("where is my bike now")] * 5) == pytest.approx(1)
    apart = [words("where is my bike now"), words("call me on monday please")]
    assert self_bleu(apart) < 0.01


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=6), min_size=2, max_size=5))
def test_self_bleu_is_a_share_and_does_not_hang_on_the_order(texts):
    found = self_bleu(texts)
    assert 0 <= found <= 1 + 1e-9
    assert self_bleu(texts[::-1]) == pytest.approx(found)


LENGTHS = st.dictionaries(st.integers(0, 9), st.integers(1, 50), min_size=1)


@given(LENGTHS, LENGTHS)
def test_divergence_is_symmetric_from_nothing_to_one_bit(some, others):
    assert divergence(some, others) == pytest.approx(divergence(others, some))
    assert 0 <= divergence(some, others) <= 1
    assert divergence(some, {key: 3 * count for key, count in some.items()}) < 1e-9


def test_lengths_without_overlap_diverge_by_one_bit():
    assert divergence({1: 5}, {2: 7}) == 1
    assert math.isnan(divergence({}, {2: 7}))
    assert mean({1: 1, 3: 1}) == 2


def test_a_fifth_of_the_logs_is_held_apart_by_their_ids_alone():
    again = Reference.of(LOGS[::-1], ("intent",))
    assert {talk.id for talk in again.held} == {talk.id for talk in REFERENCE.held}
    assert len(REFERENCE.held) == round(0.2 * len(LOGS))


def test_copies_are_told_from_new_texts():
    quality = measure("x", [made(1, "the bell is broken again"), made(2, "Is it new?")], REFERENCE)
    assert quality.copied_turns == 0.5


def test_copied_turns_do_not_make_a_set_fluent():
    learnt = sorted(REFERENCE.learnt.texts)[0]
    strange = "again order can bell repair much i"
    with_copies = measure("x", [made(1, strange), made(2, *[learnt] * 9)], REFERENCE)
    without = measure("x", [made(1, strange)], REFERENCE)
    assert with_copies.perplexity == without.perplexity


def test_lengths_are_compared_with_those_of_the_logs():
    quality = measure("x", [made(n, "one two three", "four") for n in range(3)], REFERENCE)
    assert (quality.conversations, quality.turns) == (3, 6)
    assert quality.words_mean == 2
    assert quality.words_more == pytest.approx(2 - mean(REFERENCE.words_per_turn))
    assert quality.turns_per_talk == {2: 3}
    assert quality.words_divergence == 1


def test_the_logs_have_a_row_of_their_own():
    row = measure_logs(REFERENCE)
    assert row.name == "logs"
    assert row.conversations == len(REFERENCE.held)
    assert abs(row.words_more) < 1


def test_transitions_weigh_alike_whatever_conversation_they_are_of():
    seen = []

    def log_likelihood(states):
        seen.append(states)
        return -float(len(states))

    reference = Reference.of(LOGS, ("intent",), log_likelihood=log_likelihood)
    quality = measure("x", [made(1, "a", "b"), made(2, "a", "b", "c"), made(3, "a")], reference)
    assert quality.transitions == pytest.approx(-(2 * 1 + 3 * 2) / 3)
    assert all(state == ("I0",) for states in seen for state in states)


def test_what_can_not_be_told_is_no_number():
    quality = measure("nothing", [], Reference.of([], ("intent",)))
    assert quality.conversations == quality.turns == 0
    unknown = (quality.perplexity, quality.self_bleu, quality.topic_flow, quality.rating)
    assert all(map(math.isnan, unknown))


def test_ratings_are_averaged_without_those_that_failed():
    conversations = [made(1, "a"), made(2, "b")]
    assert measure("x", conversations, REFERENCE, ratings=(6.0, math.nan)).rating == 6


def test_measuring_does_not_hang_on_the_order_of_conversations():
    conversations = [made(n, ASKED[n % 4].format("lock"), "and now") for n in range(12)]
    assert measure("x", conversations, REFERENCE) == measure("x", conversations[::-1], REFERENCE)
