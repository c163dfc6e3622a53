"""Encoder and heads trained together: rates, early stopping, and what goes wrong on the way."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tiny_encoders import make_encoder
from training_samples import gold
from tuning_samples import WORDS, conversations, taxonomy, tuned

from turnwise.conversations import ContextWindow
from turnwise.encoders import find_source
from turnwise.errors import EncoderError, TrainingError
from turnwise.training import EncoderTuning, plan_training
from turnwise.training.finetuning import plan_course
from turnwise.training.preparing import prepare
from turnwise.training.text_encoder import TextEncoder
from turnwise.training.tuning import Course, _rate, tune

SHORT = EncoderTuning(epochs=2, learning_rate=1e-3, batch=16, precision="fp32")
ABSURD = replace(SHORT, learning_rate=1e30, heads_rate=1e30, warmup=0.0)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source") / "bert"
    return find_source(str(make_encoder(folder, "bert", WORDS)))


def silent(what: str, done: int, total: int, note: str = "", /) -> None:
    """No news."""


def course_of(source, folder, tuning=SHORT, talks=None) -> tuple[Course, TextEncoder]:
    labelled = gold(talks or conversations(24))
    prepared = prepare(labelled, [], taxonomy(), tuned(tuning=tuning))
    course, encoder, _ = plan_course(prepared, source, folder, silent)
    return course, encoder


@given(st.integers(1, 500), st.floats(0, 0.99))
def test_rates_rise_then_fall_and_every_step_learns(steps, warmup):
    rates = [_rate(step, steps, warmup) for step in range(steps)]
    assert all(0 < rate <= 1 for rate in rates)
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_an_epoch_with_more_batches_than_the_first_never_climbs_the_loss(source, tmp_path):
    """Conversations of unlike length fill more batches in one order than in another."""
    talks = [conversations(1, f"c{at}-", turns=1 + at * 7 % 10)[0] for at in range(24)]
    seen: list[tuple[int, int]] = []

    def watch(what: str, done: int, total: int, note: str = "", /) -> None:
        seen.append((done, total))

    tuning = replace(SHORT, epochs=4, batch=8)
    course, encoder = course_of(source, tmp_path, tuning, talks)
    lowest: list[float] = []
    step = torch.optim.AdamW.step

    def spied(self, *rest):
        lowest.append(min(float(group["lr"]) for group in self.param_groups))
        return step(self, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", spied)
        tune(course, encoder, watch)
    from turnwise.training.tuning import Run

    counts = {len(Run(course, encoder, silent).batches(epoch)) for epoch in range(4)}
    assert len(counts) > 1  # else this proves nothing
    assert min(lowest) > 0
    assert all(done <= total for done, total in seen)


@pytest.mark.parametrize("batch", [8, 1000])
def test_a_loss_that_is_no_number_says_what_to_lower(source, tmp_path, batch):
    """With one batch, only the loss after the last step can tell."""
    course, encoder = course_of(source, tmp_path, replace(ABSURD, batch=batch, epochs=1))
    with pytest.raises(TrainingError, match=r"Lower training\.tune\.learning_rate and heads_rate"):
        tune(course, encoder, silent)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 99 bytes"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
        MemoryError(),
    ],
)
def test_too_little_memory_says_which_setting_to_lower(source, tmp_path, monkeypatch, error):
    course, encoder = course_of(source, tmp_path)

    def full(self, tokens):
        raise error

    monkeypatch.setattr(TextEncoder, "forward", full)
    with pytest.raises(TrainingError, match=r"step of 16 examples\. Lower training\.tune\.batch"):
        tune(course, encoder, silent)


def test_any_other_error_of_torch_stays_what_it_is(source, tmp_path, monkeypatch):
    course, encoder = course_of(source, tmp_path)

    def broken(self, tokens):
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(TextEncoder, "forward", broken)
    with pytest.raises(RuntimeError, match="shapes differ"):
        tune(course, encoder, silent)


def test_training_ends_when_nothing_is_gained_and_keeps_the_best_weights(source, tmp_path):
    tuning = replace(SHORT, epochs=12, patience=2, learning_rate=0.05, heads_rate=0.05)
    course, encoder = course_of(source, tmp_path, tuning)
    model, fitted = tune(course, encoder, silent)
    assert len(fitted.losses) == fitted.epoch + 2 < 12
    assert fitted.losses[fitted.epoch - 1] == min(fitted.losses)
    kept = load_file(tmp_path / "checkpoint.safetensors")
    for name, value in model.state_dict().items():
        assert torch.equal(value, kept[f"best/{name}"])
    assert not model.training


def test_a_finished_training_run_again_gives_the_same_weights_at_once(source, tmp_path):
    course, encoder = course_of(source, tmp_path)
    first, _ = tune(course, encoder, silent)
    again_course, again_encoder = course_of(source, tmp_path)
    steps: list[str] = []
    again, _ = tune(again_course, again_encoder, lambda what, *rest: steps.append(what))
    assert steps == []
    for one, same in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, same)


def test_texts_are_encoded_the_same_however_they_are_grouped(source):
    encoder = TextEncoder(source).eval()
    texts = ["broken wheels", "my mast", "", "is it ready now please " * 20, "cost"]
    together = encoder.encode(texts)
    for row, text in zip(together, texts, strict=True):
        assert torch.allclose(torch.tensor(row), torch.tensor(encoder.encode([text])[0]), atol=1e-5)
        assert float((row * row).sum()) == pytest.approx(1, abs=1e-5)


def test_weights_that_a_file_lacks_are_drawn_alike_and_leave_the_caller_alone(source, tmp_path):
    """Encoders are often saved without the pooler, which transformers then draws anew."""
    from turnwise.training import finetune

    folder = make_encoder(tmp_path / "bare", "bert", WORDS)
    whole = load_file(folder / "model.safetensors")
    some = {name: value for name, value in whole.items() if "pooler" not in name}
    assert len(some) < len(whole)
    save_file(some, folder / "model.safetensors", metadata={"format": "pt"})
    found = []
    for place in ("one", "other"):
        torch.manual_seed(len(place))
        expected = torch.rand(3)
        torch.manual_seed(len(place))
        config = tuned(tuning=replace(SHORT, epochs=1))
        run = tmp_path / place
        finetune(gold(conversations(24)), [], taxonomy(), str(folder), config, folder=run)
        assert torch.equal(torch.rand(3), expected)
        found.append(load_file(run / "bare-tuned" / "model.safetensors"))
    assert found[0].keys() == found[1].keys()
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_a_look_at_what_is_held_apart_encodes_its_texts_alone(source, tmp_path):
    course, encoder = course_of(source, tmp_path)
    seen: list[tuple[str, int]] = []

    def watch(what: str, done: int, total: int, note: str = "", /) -> None:
        seen.append((what, total))

    tune(course, encoder, watch)
    taught, held = (
        len({int(at) for at in data.turns[data.roles > 0]}) for data in (course.taught, course.held)
    )
    assert held < taught < len(course.taught.tokens)
    totals = [total for what, total in seen if what == "encoding"]
    assert totals == [taught, held, held, held]  # the first heads, then each of two epochs


def test_an_encoder_that_transformers_does_not_know_is_an_encoder_error(source, tmp_path):
    folder = tmp_path / "odd"
    shutil.copytree(source.folder, folder)
    said = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(said | {"model_type": "odd"}), "utf-8")
    with pytest.raises(EncoderError, match="can't open this encoder"):
        TextEncoder(find_source(str(folder)))


def test_a_plan_says_which_setting_to_lower_before_anything_is_paid(source, monkeypatch):
    def full(self, tokens):
        raise MemoryError

    monkeypatch.setattr(TextEncoder, "forward", full)
    with pytest.raises(TrainingError, match=r"Lower training\.tune\.batch"):
        plan_training(
            gold(conversations(24)), [], taxonomy(), str(source.folder), tuned(tuning=SHORT)
        )


def test_a_plan_counts_what_is_read_before_the_epochs(source):
    def hours(logs=(), **before) -> float:
        tuning = replace(SHORT, epochs=0, **before)
        config = tuned(ContextWindow("single"), tuning)
        labelled = gold(conversations(24))
        return plan_training(labelled, [], taxonomy(), str(source.folder), config, logs=logs).hours

    assert hours() == 0
    assert hours(contrast_epochs=2) > 0
    assert hours(["is it ready now"], masked_epochs=1) > 0
