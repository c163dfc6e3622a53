"""Response ranking: which pairs are made, how they are joined, and what the losses reward."""

import math
from pathlib import Path
from random import Random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_encoders import ANGLES, BRACKETS, word_tokenizer

from turnwise.conversations import ContextWindow, Conversation, Example, Turn, examples
from turnwise.encoders import TextReader
from turnwise.training.ranking import (
    PAIR_SPECIALS,
    join_pair,
    ranking_loss,
    response_pairs,
)

BOTH = ContextWindow("both", 6, 256)
scores = st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=8)


def words(text: str) -> int:
    return len(text.split())


@pytest.fixture
def asked(shop) -> list[Example]:
    return [one for conversation in shop(20) for one in examples(conversation)]


def test_a_context_is_the_customers_turns_and_the_answer_is_what_came_next(asked):
    pairs = response_pairs(asked, BOTH, seed=1)
    turns = asked[2].conversation.turns
    assert pairs.contexts[2] == ", ".join(turn.text for turn in turns[0:5:2])
    assert pairs.right[2] == turns[5].text


def test_a_single_window_pairs_the_turn_alone(asked):
    assert response_pairs(asked, ContextWindow("single"), 1).contexts[2] == asked[2].text


def test_the_window_limits_the_customers_turns(asked):
    one_before = response_pairs(asked, ContextWindow("both", max_turns=1), 1)
    assert one_before.contexts[2] == f"{asked[1].text}, {asked[2].text}"


def test_no_wrong_answer_has_the_text_of_the_right_one(asked):
    pairs = response_pairs(asked, BOTH, 1)
    assert len(pairs) == len(asked)
    assert all(right != wrong for right, wrong in zip(pairs.right, pairs.wrong, strict=True))


def test_a_wrong_answer_comes_from_another_conversation():
    told = [
        Conversation(name, (Turn("customer", "hi"), Turn("agent", f"{name} one"),
                            Turn("customer", "so"), Turn("agent", f"{name} two")))
        for name in "abc"
    ]  # fmt: skip
    pairs = response_pairs([one for each in told for one in examples(each)], BOTH, 3)
    assert len(pairs) == 6
    assert all(r[0] != w[0] for r, w in zip(pairs.right, pairs.wrong, strict=True))


def test_an_example_without_an_answer_is_left_out_and_shifts_no_row():
    def told(name: str, *answers: str) -> Conversation:
        turns = [Turn("customer", "hi")] + [Turn("bot", text) for text in answers]
        return Conversation(name, tuple(turns))

    given_ = [told("a", "one"), told("b"), told("c", "  "), told("d", "two")]
    pairs = response_pairs([Example(each, 0) for each in given_], BOTH, 0)
    assert pairs.rows.tolist() == [0, 3]
    assert (pairs.right, pairs.wrong) == (("one", "two"), ("two", "one"))


def test_judged_answers_stand_in_the_place_of_what_followed_and_of_what_is_drawn(asked):
    drawn = response_pairs(asked, BOTH, 1)
    pairs = response_pairs(asked, BOTH, 1, {2: ("good", "bad")})
    assert (pairs.right[2], pairs.wrong[2]) == ("good", "bad")
    assert pairs.contexts == drawn.contexts
    assert (pairs.right[:2], pairs.wrong[3:]) == (drawn.right[:2], drawn.wrong[3:])


def test_a_turn_that_nobody_answered_has_the_pair_that_was_judged():
    silent = [Example(Conversation(name, (Turn("customer", "hi"),)), 0) for name in "ab"]
    pairs = response_pairs(silent, BOTH, 0, {1: ("good", "bad")})
    assert pairs.rows.tolist() == [1]
    assert (pairs.contexts, pairs.right, pairs.wrong) == (("hi",), ("good",), ("bad",))


def test_where_all_answers_are_the_same_there_are_no_pairs():
    turns = (Turn("customer", "hi"), Turn("agent", "Yes"))
    other = (Turn("customer", "hi"), Turn("agent", "yes "))
    same = [Example(Conversation("a", turns), 0), Example(Conversation("b", other), 0)]
    assert len(response_pairs(same, BOTH, 0)) == 0
    assert len(response_pairs([], BOTH, 0)) == 0


def test_draws_repeat_and_do_not_depend_on_the_order_of_examples(asked):
    pairs = response_pairs(asked, BOTH, 1)
    again = response_pairs(asked, BOTH, 1)
    assert pairs.wrong == again.wrong
    order = list(range(len(asked)))
    Random(5).shuffle(order)
    shuffled = response_pairs([asked[place] for place in order], BOTH, 1)
    assert shuffled.wrong == tuple(pairs.wrong[place] for place in order)
    assert pairs.wrong != response_pairs(asked, BOTH, 2).wrong


@pytest.mark.parametrize("kind", ["binary", "contrastive"])
def test_scores_of_zero_cost_log_2(kind):
    zero = torch.zeros(3)
    assert float(ranking_loss(zero, zero, kind)) == pytest.approx(math.log(2))


@given(scores)
def test_equal_scores_cost_the_contrastive_loss_log_2_whatever_they_are(found):
    same = torch.tensor(found)
    assert float(ranking_loss(same, same, "contrastive")) == pytest.approx(math.log(2))


@given(scores, st.floats(0.1, 20))
def test_the_right_order_costs_less_than_the_wrong_one(found, more):
    low, high = torch.tensor(found), torch.tensor(found) + more
    for kind in ("binary", "contrastive"):
        assert ranking_loss(high, low, kind) < ranking_loss(low, high, kind)


@given(scores)
def test_the_losses_are_those_of_their_formulas(found):
    right, wrong = torch.tensor(found).double(), torch.tensor(found[::-1]).double()
    ratio = right.exp() / (right.exp() + wrong.exp())
    contrastive = float(ranking_loss(right, wrong, "contrastive"))
    assert contrastive == pytest.approx(float(-ratio.log().mean()), rel=1e-4, abs=1e-5)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    both = (entropy(right, torch.ones_like(right)) + entropy(wrong, torch.zeros_like(wrong))) / 2
    assert float(ranking_loss(right, wrong, "binary")) == pytest.approx(float(both), rel=1e-4)


@pytest.mark.parametrize("kind", ["binary", "contrastive"])
@pytest.mark.parametrize("size", [0.0, 3.0, 1000.0])
def test_gradients_raise_the_right_score_and_lower_the_wrong_one(kind, size):
    right = torch.tensor([-size, 0.5], requires_grad=True)
    wrong = torch.tensor([size, 0.2], requires_grad=True)
    loss = ranking_loss(right, wrong, kind)
    loss.backward()
    assert torch.isfinite(loss)
    assert (right.grad < 0).all()
    assert (wrong.grad > 0).all()


@pytest.mark.parametrize("kind", ["binary", "contrastive"])
def test_no_pairs_cost_nothing(kind):
    none = torch.zeros(0, requires_grad=True)
    assert ranking_loss(none, none, kind).item() == 0


def test_a_pair_that_fits_is_joined_whole():
    assert join_pair("a, b c", "d e", "[SEP]", 9, words) == "a, b c [SEP] d e"


@given(st.integers(0, 40), st.integers(1, 40), st.integers(6, 30))
def test_a_long_pair_keeps_the_answer_and_the_nearest_of_the_context(context, answer, most):
    asked = " ".join(f"q{place}" for place in range(context))
    said = " ".join(f"a{place}" for place in range(answer))
    left, right = join_pair(asked, said, "[SEP]", most, words).split("[SEP]")
    room = most - PAIR_SPECIALS
    assert words(left) + words(right) <= room
    assert said.startswith(right.strip())
    assert words(right) >= min(answer, room // 2)
    assert asked.endswith(left.strip())
    assert words(left) + words(right) == min(context + answer, room)


@pytest.mark.parametrize(("specials", "wanted"), [(ANGLES, "</s>"), (BRACKETS, "[SEP]")])
def test_the_tokenizers_own_separator_is_read_as_one_token(specials, wanted, tmp_path: Path):
    word_tokenizer(specials, ["late", "sorry"]).save(str(tmp_path / "tokenizer.json"))
    reader = TextReader(tmp_path / "tokenizer.json", 16)
    assert reader.separator == wanted
    (ids,) = reader.tokens([join_pair("late", "sorry", reader.separator, 16, words)])
    assert len(ids) == 5  # the text's first and last token, two words, one separator
