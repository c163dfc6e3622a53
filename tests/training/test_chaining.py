"""Chains are counted from consecutive labels, and weighed only by what they are worth."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from training_samples import every, gold, pseudo

from turnwise.bundle.transitions import Succession
from turnwise.taxonomy import Dimension, Label
from turnwise.training import train
from turnwise.training.chaining import Held, fit_chain, successions, transitions_of
from turnwise.training.operating import DEFAULT

NAMES = ("A", "B", "C")
TURNS = Dimension("turn", tuple(Label(name, (name,)) for name in NAMES))


def counts(found):
    return {(one.previous, one.label): one.count for one in found}


def test_what_opens_and_what_follows_is_counted(shop):
    talks = shop(1)
    (first, second, third) = (one.gold["wish"][0] for one in every(talks))
    assert sum(counts(successions(gold(talks), "wish")).values()) == 3
    assert counts(successions(gold(talks), "wish"))[None, first] == 1
    assert {(first, second), (second, third)} <= counts(successions(gold(talks), "wish")).keys()


def test_a_turn_without_a_label_parts_its_neighbours(shop):
    labelled = gold(shop(1))
    assert len(successions([labelled[0], labelled[2]], "wish")) == 1
    assert successions(labelled[1:2], "wish") == ()


def test_a_pair_counts_as_much_as_its_less_certain_label(shop):
    sure, unsure = gold(shop(1)), pseudo(shop(1), 0.6)
    found = successions([sure[0], unsure[1]], "product")
    product = sure[0].labels["product"]
    assert counts(found) == {(None, product): 1.0, (product, product): 0.6}


STEPS = (
    Succession(None, "A", 30),
    Succession("A", "B", 30),
    Succession("B", "C", 30),
    Succession("C", "A", 30),
)


def held(conversations, sure, chance=0.0):
    """Turns that go round A, B, C; the text tells each with a stated certainty, or errs."""
    draw, labels, rows = Random(0), [], []
    for _ in range(conversations):
        for at in range(4):
            label = at % 3
            told = (label + 1) % 3 if draw.random() < chance else label
            labels.append(label)
            rows.append([sure if place == told else (1 - sure) / 2 for place in range(3)])
    return Held(np.array(rows), np.array(labels), (4,) * conversations)


def test_where_the_text_leaves_doubt_the_chain_is_given_weight():
    found = fit_chain(STEPS, TURNS, held(30, 0.5, chance=0.3), DEFAULT)
    assert found.weight > 0
    assert found.loss < found.loss_text
    assert found.turns == 120
    assert found.conformal.turns == found.operating.turns == 120


def test_where_the_chain_misleads_it_is_given_none():
    wrong = tuple(Succession(one.label, one.previous or "A", 30.0) for one in STEPS)
    found = fit_chain(wrong, TURNS, held(30, 0.9, chance=0.1), DEFAULT)
    assert (found.weight, found.temperature) == (0.0, 1.0)
    assert found.conformal is found.operating is None
    assert found.loss == found.loss_text


def test_what_a_temperature_alone_would_mend_is_no_credit_of_the_chain():
    even = tuple(Succession(before, label, 1.0) for before in NAMES for label in NAMES)
    assert fit_chain(even, TURNS, held(30, 0.6), DEFAULT).weight == 0


def test_with_few_turns_it_is_given_none():
    assert fit_chain(STEPS, TURNS, held(12, 0.5, chance=0.3), DEFAULT).weight == 0


class Graph:
    """Stands for the packed graph: says what the float model says."""

    def __init__(self, classifier, encoder):
        self._classifier, self._encoder = classifier, encoder

    def outputs(self, examples, progress):
        vectors, logits = self._classifier.outputs(examples, self._encoder)
        return vectors, list(logits.values())


@pytest.fixture
def trained(shop, taxonomy, encoder, config):
    single = replace(config, context=replace(config.context, kind="single"), several=("wish",))
    return train(gold(shop(40)), every(shop(30, "held")), taxonomy, encoder, single)


def test_a_label_that_stays_is_worth_feeding_back(trained, encoder):
    """The product is named in the first turn only, and stays; the model sees the turn alone."""
    chains = transitions_of(trained, Graph(trained, encoder)).chains
    assert chains["product"].weight > 0
    assert chains["product"].loss < 0.8 * chains["product"].loss_text


def test_dimensions_of_several_labels_a_turn_have_no_chain(trained, encoder):
    assert transitions_of(trained, Graph(trained, encoder)).chains.keys() == {"product"}


def test_single_turns_make_no_chain(trained, encoder):
    opening = tuple(one for one in trained.trained if one.example.index == 0)
    assert transitions_of(replace(trained, trained=opening), Graph(trained, encoder)) is None
