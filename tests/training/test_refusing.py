"""Refusal fitted on what the packed graph says of gold, and on nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from training_samples import every, gold

from turnwise.training import train
from turnwise.training.refusing import refusal_of


class Graph:
    """What a packed model says, by the classifier itself; counts what it was asked."""

    def __init__(self, classifier, encoder) -> None:
        self.classifier, self.encoder, self.asked = classifier, encoder, []

    def outputs(self, examples, progress=None):
        self.asked.append({one.key[0] for one in examples})
        if not examples:
            return np.zeros((0, 48), np.float32), [np.zeros((0, 3), np.float32)] * 2
        vectors, logits = self.classifier.outputs(examples, self.encoder)
        return vectors, list(logits.values())


@pytest.fixture
def trained(shop, taxonomy, encoder, config):
    def make(calibration: int, **settings):
        held = every(shop(60 + calibration)[60:])
        classifier = train(gold(shop(60)), held, taxonomy, encoder, replace(config, **settings))
        return classifier, Graph(classifier, encoder)

    return make


def test_it_is_fitted_on_the_gold_that_calibrates_not_on_what_stops_the_training(trained):
    classifier, graph = trained(20)
    found, arrays = refusal_of(classifier, graph)
    held, taught = graph.asked
    assert held == {f"c{at}" for at in range(60, 80)}
    assert held.isdisjoint(taught)
    assert taught == {one.example.key[0] for one in classifier.trained}
    assert found.conformal["wish"].turns == found.out_of_domain.turns == 60
    assert arrays.means.shape == (len(arrays.classes), 48)


def test_a_dimension_of_several_labels_has_no_sets_and_no_threshold(trained):
    classifier, graph = trained(20, several=("wish",))
    found, _ = refusal_of(classifier, graph)
    assert found.conformal.keys() == found.operating.keys() == {"product"}
    assert found.out_of_domain.dimension == "product"
    assert not any("wish" in name for name in found.out_of_domain.scales)


def test_where_every_dimension_takes_several_labels_nothing_is_fitted(trained):
    classifier, graph = trained(20, several=("product", "wish"))
    found, arrays = refusal_of(classifier, graph)
    assert (found.conformal, found.operating, found.out_of_domain, arrays) == ({}, {}, None, None)


def test_without_gold_nothing_is_fitted_and_the_notes_say_why(trained):
    classifier, graph = trained(0)
    found, arrays = refusal_of(classifier, graph)
    assert (found.conformal, found.operating, found.out_of_domain, arrays) == ({}, {}, None, None)
    assert len(found.notes) == 5


def test_the_same_classifier_gives_the_same_refusal(trained):
    classifier, graph = trained(20)
    (one, arrays), (other, same) = (refusal_of(classifier, graph) for _ in range(2))
    assert one == other
    assert np.array_equal(arrays.neighbours, same.neighbours)
