"""Training on unlabelled logs: what is hidden, that it is learnt, and that a kill costs nothing."""

import json
import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file
from tiny_encoders import FAMILIES, make_encoder, word_tokenizer

from turnwise.encoders.source import find_source
from turnwise.errors import EncoderError, TrainingError
from turnwise.training.masking import Masker, masker_of
from turnwise.training.pretraining import pretrain

THINGS = ("bike", "boat", "kite", "lamp")
WISHES = ("repair", "price", "refund")
WORDS = (*THINGS, *WISHES, "my", "the", "is", "what", "please")


def logs(count: int = 40) -> list[str]:
    """Distinct texts; each thing has one wish, so that one tells the other."""
    lines = []
    for number in range(count):
        place, ending = number % len(THINGS), " please" * (number % 3)
        said = f"my {THINGS[place]} what is the {WISHES[place % 3]}{ending}"
        lines.append(f"{said} {number} {number}" if number > 11 else said)
    return Random(0).sample(lines, count)


class Killed(BaseException):
    """What a SIGKILL is to the code that runs: nothing is cleaned up."""


def killing(at: int):
    """Progress that ends the process at a step."""

    def progress(what: str, done: int, total: int, note: str = "", /) -> None:
        if done == at:
            raise Killed

    return progress


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("source") / "bert", "bert", WORDS)


def weights(folder: Path) -> dict[str, np.ndarray]:
    return load_file(folder / "model.safetensors")


def same(one: Path, other: Path) -> bool:
    left, right = weights(one), weights(other)
    return left.keys() == right.keys() and all(np.array_equal(left[k], right[k]) for k in left)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_learns_from_logs_and_stays_the_encoder_that_it_was(family, tmp_path):
    source = make_encoder(tmp_path / family, family, WORDS)
    found = pretrain(
        source, logs(), tmp_path / "read", epochs=10, learning_rate=3e-3, batch=8, seed=1
    )
    assert len(found.losses) == 10
    assert found.losses[-1] < found.losses[0] - 0.5
    read = find_source(str(found.folder))
    assert (read.pooling, read.max_tokens) == ("mean", find_source(str(source)).max_tokens)
    before, after = weights(source), weights(found.folder)
    assert {name: one.shape for name, one in before.items()} == {
        name: one.shape for name, one in after.items()
    }
    assert not same(source, found.folder)
    assert (source / "tokenizer.json").read_bytes() == (read.folder / "tokenizer.json").read_bytes()


def test_pooling_files_go_along(source, tmp_path):
    pooled = shutil.copytree(source, tmp_path / "pooled")
    (pooled / "1_Pooling").mkdir()
    (pooled / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    (pooled / "sentence_bert_config.json").write_text('{"max_seq_length": 24}')
    found = pretrain(pooled, logs(8), tmp_path / "read", epochs=1)
    read = find_source(str(found.folder))
    assert (read.pooling, read.max_tokens) == ("cls", 24)


def test_parts_that_no_guess_goes_through_stay_as_they_were(source, tmp_path):
    found = pretrain(source, logs(8), tmp_path / "read", epochs=1)
    pooler = [name for name in weights(source) if name.startswith("pooler")]
    assert pooler
    for name in pooler:
        assert np.array_equal(weights(source)[name], weights(found.folder)[name])


@pytest.mark.parametrize("step", [4, 7, 9])
def test_a_killed_training_goes_on_to_the_same_weights(source, tmp_path, step):
    settings = {"epochs": 3, "batch": 16, "learning_rate": 1e-3}
    whole = pretrain(source, logs(), tmp_path / "whole", **settings)
    with pytest.raises(Killed):
        pretrain(source, logs(), tmp_path / "killed", **settings, progress=killing(step))
    assert not (tmp_path / "killed").exists()
    steps: list[int] = []
    resumed = pretrain(
        source,
        logs(),
        tmp_path / "killed",
        **settings,
        progress=lambda what, done, total, note="": steps.append(done),
    )
    assert steps[0] == (step - 1) // 3 * 3 + 1  # three steps an epoch
    assert resumed.losses == whole.losses
    assert same(whole.folder, resumed.folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["killed", "whole"]


def test_the_order_and_the_copies_of_texts_do_not_matter(source, tmp_path):
    one = pretrain(source, logs(20), tmp_path / "one", epochs=1)
    other = pretrain(source, [*logs(20)[::-1], *logs(5), " "], tmp_path / "other", epochs=1)
    assert same(one.folder, other.folder)
    seeded = pretrain(source, logs(20), tmp_path / "seeded", epochs=1, seed=1)
    assert not same(one.folder, seeded.folder)


def test_numbers_of_half_the_size_compute_where_they_are_asked_for(source, tmp_path):
    whole, half = (
        pretrain(source, logs(20), tmp_path / precision, epochs=1, precision=precision)
        for precision in ("fp32", "bf16")
    )
    assert not same(whole.folder, half.folder)
    assert all(value.dtype == np.float32 for value in weights(half.folder).values())


def test_what_is_finished_is_returned_and_never_overwritten(source, tmp_path):
    first = pretrain(source, logs(8), tmp_path / "read", epochs=1)
    again = pretrain(source, logs(8), tmp_path / "read", epochs=1, progress=killing(1))
    assert again == first
    with pytest.raises(TrainingError, match="Delete it"):
        pretrain(source, logs(9), tmp_path / "read", epochs=1)


def test_a_tokenizer_without_a_mask_token_is_refused(source, tmp_path):
    bare = shutil.copytree(source, tmp_path / "bare")
    specials = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
    word_tokenizer(specials, WORDS).save(str(bare / "tokenizer.json"))
    with pytest.raises(TrainingError, match="no mask token"):
        pretrain(bare, logs(8), tmp_path / "read", epochs=1)


def test_an_architecture_that_guesses_no_words_is_refused(source, tmp_path):
    other = shutil.copytree(source, tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    config["model_type"] = "vit"
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(TrainingError, match="masked language model"):
        pretrain(other, logs(8), tmp_path / "read", epochs=1)


def test_an_incomplete_encoder_and_empty_logs_are_refused(source, tmp_path):
    with pytest.raises(EncoderError):
        pretrain(tmp_path, logs(8), tmp_path / "read", epochs=1)
    for texts in ([], [" ", ""], ["unheard", "of"]):
        with pytest.raises(TrainingError, match="one text"):
            pretrain(source, texts, tmp_path / "read", epochs=1)


def test_nothing_is_printed(source, tmp_path, capfd):
    pretrain(source, logs(8), tmp_path / "read", epochs=1)
    said = capfd.readouterr()
    assert said.out + said.err == ""


MASKER = Masker(4, np.arange(5), np.arange(5, 100))


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 12))
def test_special_tokens_and_padding_are_never_hidden(seed, rows, length):
    draw = np.random.default_rng(seed)
    ids = draw.integers(0, 12, (rows, length))
    there = draw.random(ids.shape) < 0.8
    shown, hidden = MASKER.hide(ids, there, draw)
    assert not hidden[ids < 5].any()
    assert not hidden[~there].any()
    assert np.array_equal(shown[~hidden], ids[~hidden])
    assert not np.isin(shown[hidden], np.arange(4)).any()
    assert hidden.any() == ((ids >= 5) & there).any()


def test_shares_of_hidden_tokens_are_those_of_bert():
    draw = np.random.default_rng(0)
    ids = draw.integers(5, 100, (400, 100))
    shown, hidden = MASKER.hide(ids, np.ones(ids.shape, bool), draw)
    assert hidden.mean() == pytest.approx(0.15, abs=0.01)
    assert (shown[hidden] == 4).mean() == pytest.approx(0.8, abs=0.02)
    assert (shown[hidden] == ids[hidden]).mean() == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_the_mask_token_is_found_by_its_name(family, tmp_path):
    folder = make_encoder(tmp_path / family, family, WORDS)
    masker = masker_of(folder / "tokenizer.json")
    assert masker.mask == 4
    assert masker.specials.tolist() == [0, 1, 2, 3, 4]
    assert masker.others.tolist() == list(range(5, 5 + len(WORDS)))
