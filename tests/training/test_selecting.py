"""The selector of a training: taught on one half of the conversations, shown the other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from training_samples import every, gold

from turnwise.conversations import ContextWindow
from turnwise.errors import TrainingError
from turnwise.training import train
from turnwise.training.preparing import prepare
from turnwise.training.selecting import halves, selector_for


def silent(what: str, done: int, total: int, note: str = "", /) -> None:
    """No news."""


def test_each_half_is_taught_and_shown_once_and_no_conversation_is_in_both(shop):
    labelled = gold(shop(40))
    shown = []
    for taught, others in halves(labelled):
        assert {one.example.key[0] for one in taught}.isdisjoint(
            one.example.key[0] for one in others
        )
        assert 0.25 < len(taught) / len(labelled) < 0.75
        shown += others
    assert sorted(one.example.key for one in shown) == sorted(one.example.key for one in labelled)


def test_contexts_that_select_nothing_need_no_selector(shop, taxonomy, encoder, config):
    for join in ("apart", "text"):
        settings = replace(config, context=ContextWindow("both", join=join))
        prepared = prepare(gold(shop(20)), [], taxonomy, settings)
        assert selector_for(prepared, encoder, silent) is None
    assert encoder.encoded == []


def test_the_selector_finds_the_turn_that_names_the_product(shop, taxonomy, encoder, config):
    window = ContextWindow("both", join="select")
    settings = replace(config, context=window)
    classifier = train(gold(shop(60)), [], taxonomy, encoder, settings)
    tested = [one for one in every(shop(80)[60:]) if one.index > 0]
    chosen = [classifier.selector.choose(one, window) for one in tested]
    assert sum(place == 0 for place in chosen) / len(chosen) > 0.8
    found = classifier.probabilities(tested, encoder)["product"].argmax(1)
    names = taxonomy["product"].names
    right = [names[at] == one.gold["product"][0] for at, one in zip(found, tested, strict=True)]
    assert sum(right) / len(right) > 0.8


def test_where_half_of_the_data_teaches_nothing_the_error_says_what_to_change(
    shop, taxonomy, encoder, config
):
    settings = replace(config, context=ContextWindow("both", join="select"))
    with pytest.raises(
        TrainingError, match=r"training\.context\.join.*one half.*too few.*join: text"
    ):
        train(gold(shop(12)), [], taxonomy, encoder, settings)
