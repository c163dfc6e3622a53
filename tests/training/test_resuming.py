"""A training of an encoder that was killed, and checkpoints that are another's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_encoders import make_encoder
from training_samples import every, gold
from tuning_samples import GOLD, SHORT, WORDS, conversations, taxonomy, tune, tuned

from turnwise.conversations import ContextWindow, Turn
from turnwise.errors import TrainingError
from turnwise.training import TrainingConfig, finetune
from turnwise.training.checkpoints import CHECKPOINT

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> str:
    return str(make_encoder(tmp_path_factory.mktemp("source") / "bert", "bert", WORDS))


KILLED = """
import os, signal, sys
sys.path[:0] = [sys.argv[1], os.path.dirname(sys.argv[1])]
from pathlib import Path
from test_resuming import killed_config
from tuning_samples import tune
from turnwise.training.checkpoints import CHECKPOINT

folder = Path(sys.argv[3])

def kill(what, done, total, note="", /):
    if what == "training" and (folder / CHECKPOINT).exists() and done == int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)

tune(sys.argv[2], folder, killed_config(1e-6), progress=kill)
"""


def killed_config(minutes: float) -> TrainingConfig:
    """Of two epochs with dropout, saved as often as is said."""
    tuning = replace(SHORT, epochs=2, batch=8, checkpoint_minutes=minutes)
    return tuned(ContextWindow("both", max_turns=2), tuning, epochs=2, ranking="contrastive")


def test_killed_in_the_middle_of_an_epoch_it_ends_with_the_same_weights(encoder, tmp_path):
    step = 14  # of 18
    folder = tmp_path / "killed"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(HERE), encoder, str(folder), str(step)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not list(folder.glob("*tuned*"))
    steps: list[tuple[int, int]] = []

    def watch(what: str, at: int, total: int, note: str = "", /) -> None:
        if what == "training":
            steps.append((at, total))

    resumed = tune(encoder, folder, killed_config(60.0), progress=watch)
    assert steps[0] == (step, steps[-1][1])  # the heads' own training isn't run again
    whole = tune(encoder, tmp_path / "whole", killed_config(60.0))
    for one, same in zip(
        (*resumed.classifier.model.state_dict().values(),),
        (*whole.classifier.model.state_dict().values(),),
        strict=True,
    ):
        assert torch.equal(one, same)
    paths = [tmp_path / run / "bert-tuned" / "model.safetensors" for run in ("killed", "whole")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert resumed.classifier.record == whole.classifier.record


@pytest.fixture(scope="module")
def checkpointed(encoder, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("checkpointed")
    tune(encoder, folder, tuned(tuning=SHORT))
    return folder


@pytest.mark.parametrize("other", ["taxonomy", "settings", "labels", "answers", "encoder"])
def test_the_checkpoint_of_another_training_is_refused(checkpointed, encoder, tmp_path, other):
    labels, config, labelled = taxonomy(), tuned(tuning=SHORT), gold(conversations(40))
    if other == "taxonomy":
        labels = replace(labels, dimensions=labels.dimensions[::-1])
    if other == "settings":
        config = replace(config, seed=1)
    if other == "labels":
        labelled = labelled[:-2]
    if other == "answers":
        last = labelled[-1].example
        turns = (*last.conversation.turns[:-1], Turn("agent", "another answer"))
        talk = replace(last.conversation, turns=turns)
        labelled[-1] = replace(labelled[-1], example=replace(last, conversation=talk))
    if other == "encoder":
        encoder = str(make_encoder(tmp_path / "bert", "bert", WORDS, seed=1))
    before = (checkpointed / CHECKPOINT).read_bytes()
    with pytest.raises(TrainingError, match=r"checkpoint of another training.*Delete it"):
        finetune(labelled, every(GOLD), labels, encoder, config, folder=checkpointed)
    assert (checkpointed / CHECKPOINT).read_bytes() == before


def test_a_checkpoint_serves_however_often_it_is_saved_and_on_whatever_devices(
    checkpointed, encoder
):
    tune(encoder, checkpointed, tuned(tuning=replace(SHORT, checkpoint_minutes=3.0, devices=1)))
