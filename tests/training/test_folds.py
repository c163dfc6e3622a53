from __future__ import annotations

from dataclasses import replace

import numpy as np
from training_samples import gold

from turnwise.conversations import ContextWindow
from turnwise.training import train
from turnwise.training.preparing import prepare

SINGLE = ContextWindow("single")


def test_each_fold_stops_by_other_conversations_and_utterances_stop_nothing(shop, taxonomy, config):
    prepared = prepare(gold(shop(60)), [], taxonomy, replace(config, context=SINGLE))
    folds = prepared.folds()
    ids = np.array([one.example.key[0] for one in (*prepared.taught, *prepared.held)])
    assert len(folds) > 1
    assert (np.sum(folds, axis=0) <= 1).all()
    for stops in folds:
        assert not set(ids[stops]) & set(ids[~stops])
    assert set(ids[folds[0]]) == {one.example.key[0] for one in prepared.held}


def test_with_a_history_one_training_will_do(shop, taxonomy, config):
    assert prepare(gold(shop(60)), [], taxonomy, config).folds() == []


def test_the_mean_of_several_trainings_is_as_good_as_one(shop, taxonomy, encoder, config):
    classifier = train(gold(shop(60)), [], taxonomy, encoder, replace(config, context=SINGLE))
    assert classifier.record.scores["stopping"]["wish"].accuracy > 0.95
