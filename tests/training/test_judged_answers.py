"""Answers that a judge told apart, as the ranking task of training learns them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_encoders import make_encoder
from training_samples import every, gold
from tuning_samples import GOLD, WORDS, conversations, taxonomy, tuned

from turnwise.training import LabelledExample, TrainingConfig, finetune
from turnwise.training.data import Answers
from turnwise.training.preparing import prepare

GOOD, BAD = "fifty coins", "on monday"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> str:
    return str(make_encoder(tmp_path_factory.mktemp("source") / "bert", "bert", WORDS))


def silent(answers: Answers = ()) -> list[LabelledExample]:
    """Turns that nobody answered, with answers that were judged."""
    talks = [replace(talk, turns=talk.turns[:1]) for talk in conversations(40)]
    return [replace(one, answers=answers) for one in gold(talks)]


def test_judged_answers_teach_the_encoder_where_no_answer_followed(encoder, tmp_path):
    def weights(name: str, answers: Answers) -> tuple[dict[str, torch.Tensor], tuple[str, ...]]:
        folder: Path = tmp_path / name
        config = tuned(ranking="contrastive", ranking_weight=2.0)
        labelled = silent(answers)
        found = finetune(labelled, every(GOLD), taxonomy(), encoder, config, folder=folder)
        notes = found.classifier.record.notes
        return load_file(folder / "bert-tuned" / "model.safetensors"), notes

    none, told = weights("none", ())
    judged, notes = weights("judged", (GOOD, BAD))
    swapped, _ = weights("swapped", (BAD, GOOD))
    assert any("no turn has an answer" in note for note in told)
    assert not any("no turn has an answer" in note for note in notes)
    assert any(not torch.equal(none[name], judged[name]) for name in none)
    assert any(not torch.equal(swapped[name], judged[name]) for name in judged)


def test_a_turn_that_was_given_twice_keeps_its_answers():
    plain, judged = silent()[:20], silent((GOOD, BAD))[:20]
    prepared = prepare([*plain, *judged], [], taxonomy(), TrainingConfig())
    assert {one.answers for one in (*prepared.kept, *prepared.held)} == {(GOOD, BAD)}
