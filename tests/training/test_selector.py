"""Fitting the selector: it learns to take the turn that helps, and none where none does."""

from dataclasses import replace

import numpy as np
import pytest

from turnwise.context_selection import FEATURES, candidates
from turnwise.conversations import ContextWindow, Conversation, Example, Turn, examples
from turnwise.errors import TrainingError
from turnwise.training import LabelledExample, train
from turnwise.training.selector import fit_selector, gains

BOTH = ContextWindow("both", 6, 64)


def labelled(conversations) -> list[LabelledExample]:
    return [
        LabelledExample(
            one, {name: found[0] for name, found in one.gold.items()}, dict.fromkeys(one.gold, 1.0)
        )
        for conversation in conversations
        for one in examples(conversation)
    ]


@pytest.fixture
def taught(shop, taxonomy, encoder, config):
    return train(labelled(shop(60)), [], taxonomy, encoder, config)


def test_it_learns_to_take_the_turn_that_names_the_product(taught, shop, encoder):
    apart = labelled(shop(30, "held"))
    found = gains(taught, apart, encoder)
    selector = fit_selector([one.example for one in apart], found, BOTH)
    fresh = [one.example for one in labelled(shop(20, "fresh"))]
    later = [one for one in fresh if one.index > 0]
    chosen = [selector.choose(one, BOTH) for one in later]
    assert np.mean([at == 0 for at in chosen]) > 0.95


def test_gains_are_of_the_turn_that_names_the_product(taught, shop, encoder):
    apart = labelled(shop(20, "held"))
    found = gains(taught, apart, encoder)
    assert [len(row) for row in found] == [
        len(candidates(one.example, taught.config.context)) for one in apart
    ]
    assert all(row.dtype == np.float32 for row in found)
    later = [row for row, one in zip(found, apart, strict=True) if one.example.index > 0]
    assert np.mean([row.argmax() == len(row) - 1 for row in later]) > 0.9
    assert np.mean([row[-1] for row in later]) > 0.5


def test_many_examples_are_weighed_piece_by_piece(taught, shop, encoder, monkeypatch):
    apart = labelled(shop(20, "held"))
    whole = gains(taught, apart, encoder)
    told: list[int] = []
    monkeypatch.setattr("turnwise.training.selector.EXAMPLES_AT_ONCE", 7)
    parts = gains(taught, apart, encoder, lambda what, done, *rest: told.append(done))
    assert told[-1] == len(apart) > told[0] == 7
    for one, same in zip(whole, parts, strict=True):
        assert np.allclose(one, same, atol=1e-5)


def test_unlabelled_dimensions_and_weights_count_as_they_say(taught, shop, encoder):
    one = labelled(shop(1))[2]
    wish_only = LabelledExample(one.example, {"wish": one.labels["wish"]}, {"wish": 1.0})
    product_only = LabelledExample(one.example, {"product": one.labels["product"]}, {"product": 1})
    half = LabelledExample(one.example, one.labels, dict.fromkeys(one.labels, 0.5))
    whole, wish, product, halved, none = gains(
        taught,
        [one, wish_only, product_only, half, LabelledExample(one.example, {}, {})],
        encoder,
    )
    assert whole == pytest.approx(wish + product, abs=1e-5)
    assert halved == pytest.approx(whole / 2, abs=1e-5)
    assert not none.any()


def test_of_several_labels_each_counts(shop, taxonomy, encoder, config):
    told = replace(config, several=("wish",), epochs=5)
    classifier = train(labelled(shop(30)), [], taxonomy, encoder, told)
    one = labelled(shop(1, "held"))[2]
    other = "PRICE" if one.labels["wish"] != "PRICE" else "WAIT"
    wish = LabelledExample(one.example, {"wish": one.labels["wish"]}, {"wish": 1.0})
    both = replace(wish, also={"wish": (other,)})
    single, several = gains(classifier, [wish, both], encoder)
    turns = one.example.conversation.turns
    pair = [Example(Conversation("p", some), len(some) - 1) for some in ((turns[4],), turns[3:5])]
    chances = classifier.probabilities(pair, encoder)["wish"][:, taxonomy["wish"].index[other]]
    odds = np.log(chances / (1 - chances))
    assert several[0] - single[0] == pytest.approx(odds[1] - odds[0], abs=1e-4)


def test_nothing_to_score_gives_nothing(taught, encoder):
    assert gains(taught, [], encoder) == []
    assert fit_selector([], [], BOTH).weights == (0.0,) * len(FEATURES)


def test_where_every_turn_harms_none_is_taken(shop):
    some = [one.example for one in labelled(shop(20))]
    harm = [-np.ones(len(candidates(one, BOTH)), np.float32) for one in some]
    selector = fit_selector(some, harm, BOTH)
    assert {selector.choose(one, BOTH) for one in some} == {None}


def test_where_gains_are_noise_around_a_loss_none_is_taken(shop):
    some = [one.example for one in labelled(shop(60))]
    draw = np.random.default_rng(0)
    noise = [draw.normal(-0.3, 1, len(candidates(one, BOTH))).astype(np.float32) for one in some]
    selector = fit_selector(some, noise, BOTH)
    taken = [selector.choose(one, BOTH) is not None for one in some if one.index]
    assert np.mean(taken) < 0.25


def test_the_same_gains_give_the_same_selector(shop):
    some = [one.example for one in labelled(shop(10))]
    draw = np.random.default_rng(1)
    found = [draw.normal(0, 1, len(candidates(one, BOTH))).astype(np.float32) for one in some]
    assert fit_selector(some, found, BOTH) == fit_selector(some, found, BOTH)


def test_a_single_window_fits_a_selector_that_takes_nothing(shop):
    some = [one.example for one in labelled(shop(3))]
    single = ContextWindow("single")
    selector = fit_selector(some, [np.zeros(0, np.float32)] * len(some), single)
    assert {selector.choose(one, BOTH) for one in some} == {None}


def test_gains_of_another_window_are_refused():
    turns = (Turn("customer", "a"), Turn("agent", "b"), Turn("customer", "c"))
    example = Example(Conversation("c", turns), 2)
    with pytest.raises(TrainingError, match="conversation c, turn 2: 2 earlier turns"):
        fit_selector([example], [np.zeros(1, np.float32)], BOTH)
    with pytest.raises(TrainingError, match="0 rows"):
        fit_selector([example], [], BOTH)
