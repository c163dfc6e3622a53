"""Two processes on one processor stand for two graphics cards."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
from tiny_encoders import make_encoder
from training_samples import every, gold

from turnwise.encoders import OnnxEncoder
from turnwise.errors import ConfigError, TrainingError
from turnwise.training import EncoderTuning, finetune
from turnwise.training.devices import device_count, on_devices

WORDS = [
    "about",
    "my",
    "bike",
    "boat",
    "kite",
    "please",
    "and",
    "now",
    "can",
    "you",
    "repair",
    "it",
    "how",
    "much",
    "is",
    "when",
    "ready",
]
TUNE = EncoderTuning(epochs=2, learning_rate=1e-3, batch=8, precision="fp32", devices=2)


def test_two_devices_learn_what_one_learns(shop, taxonomy, config, tmp_path):
    source = make_encoder(tmp_path / "encoder", "bert", WORDS)
    path = source / "config.json"  # no dropout, which each process draws for itself
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | still), encoding="utf-8")
    probabilities = []
    for devices in (1, 2):
        tuned = replace(config, dropout=0.0, tune=replace(TUNE, devices=devices))
        folder = tmp_path / f"on{devices}"
        made = finetune(gold(shop(16)), [], taxonomy, str(source), tuned, folder=folder)
        encoder = OnnxEncoder(made.encoder, threads=1)
        found = made.classifier.probabilities(every(shop(20)[16:]), encoder)
        probabilities.append(np.hstack(list(found.values())))
    assert np.abs(probabilities[0] - probabilities[1]).max() < 1e-3


def fail(place, progress):
    raise ValueError("the card is gone")


def fail_alone(place, progress):
    if place.is_first:
        place.wait()
    raise ValueError("the card is gone")


@pytest.mark.parametrize("work", [fail, fail_alone])
def test_a_process_that_fails_says_why_though_the_other_only_knows_that_it_is_gone(work):
    with pytest.raises(TrainingError, match="the card is gone"):
        on_devices(2, work, lambda *told: None)


def die(place, progress):
    os.kill(os.getpid(), signal.SIGKILL)


def die_alone(place, progress):
    if place.is_first:
        place.wait()
    die(place, progress)


@pytest.mark.parametrize("work", [die, die_alone])
def test_a_process_that_is_killed_says_what_may_be_the_matter(work):
    with pytest.raises(TrainingError, match=r"lower training\.tune\.batch") as raised:
        on_devices(2, work, lambda *told: None)
    assert "SIGKILL" in str(raised.value)


def test_more_processes_than_graphics_cards_are_refused(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    assert device_count(None) == device_count(1) == 1
    with pytest.raises(ConfigError, match="graphics card"):
        device_count(2)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert device_count(2) == 2
