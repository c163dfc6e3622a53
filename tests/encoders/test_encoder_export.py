"""An export is the model it came from, made once and whole."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_encoder import save_tiny_encoder, say_pooling

from turnwise.encoders import DEFAULT_ENCODER, OnnxEncoder, Vectors, export, gate
from turnwise.encoders.export import prepare_encoder
from turnwise.encoders.source import EncoderSource, encoder_source
from turnwise.errors import EncoderError

CACHE = Path(os.environ["TURNWISE_CACHE"])  # set in conftest.py
TEXTS = ["where is my order", "hello", "", "the card is late, thanks", "refunds"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_encoder(tmp_path_factory.mktemp("source") / "tiny")


@pytest.fixture
def own_tiny(tiny: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(tiny, tmp_path / "tiny"))


def by_torch(source: Path, pooling: str) -> Vectors:
    """The vectors as transformers gives them, one text at a time."""
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModel

    model = AutoModel.from_pretrained(source).eval()
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    rows = []
    for text in TEXTS:
        with torch.no_grad():
            hidden = model(input_ids=torch.tensor([tokenizer.encode(text).ids])).last_hidden_state
        pooled = hidden[0, 0] if pooling == "cls" else hidden[0].mean(0)
        rows.append(torch.nn.functional.normalize(pooled, dim=0).numpy())
    return np.stack(rows)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_fp32_gives_the_vectors_of_the_model(own_tiny: Path, tmp_path: Path, pooling: str):
    say_pooling(own_tiny, cls_token=pooling == "cls", mean_tokens=pooling == "mean")
    folder = prepare_encoder(str(own_tiny), tmp_path / "cache", precision="fp32")
    vectors = OnnxEncoder(folder, threads=1).encode(TEXTS)
    np.testing.assert_allclose(vectors, by_torch(own_tiny, pooling), atol=1e-5)
    assert json.loads((folder / "encoder.json").read_text())["pooling"] == pooling


def test_int8_is_near_the_model_and_says_how_near(tiny: Path, tmp_path: Path):
    folder = prepare_encoder(str(tiny), tmp_path)
    card = json.loads((folder / "encoder.json").read_text())
    assert card["precision"] == "int8"
    assert card["gate"]["cosine_min"] >= gate.LOWEST_COSINE
    vectors = OnnxEncoder(folder, threads=1).encode(TEXTS)
    assert (vectors * by_torch(tiny, "mean")).sum(axis=1).min() > 0.98


def test_int8_that_fails_the_gate_is_dropped(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(gate, "LOWEST_MEAN_COSINE", 1.1)
    folder = prepare_encoder(str(tiny), tmp_path)
    card = json.loads((folder / "encoder.json").read_text())
    assert card["precision"] == "fp32"
    assert card["gate"]["cosine_mean"] < 1.1
    assert sorted(path.name for path in folder.iterdir()) == [
        "encoder.json",
        "model.onnx",
        "tokenizer.json",
    ]
    vectors = OnnxEncoder(folder, threads=1).encode(TEXTS)
    np.testing.assert_allclose(vectors, by_torch(tiny, "mean"), atol=1e-5)


def test_an_export_is_made_once(tiny: Path, tmp_path: Path):
    told: list[int] = []
    first = prepare_encoder(str(tiny), tmp_path, lambda _, done, __: told.append(done))
    steps = len(told)
    again = prepare_encoder(str(tiny), tmp_path, lambda _, done, __: told.append(done))
    assert first == again
    assert len(told) == steps > 0
    assert [path.name for path in tmp_path.iterdir()] == [first.name]


def test_other_weights_get_another_folder_and_id(tiny: Path, tmp_path: Path):
    other = save_tiny_encoder(tmp_path / "elsewhere" / "tiny", seed=1)
    folders = [prepare_encoder(str(one), tmp_path / "cache") for one in (tiny, other)]
    ids = {json.loads((folder / "encoder.json").read_text())["id"] for folder in folders}
    assert len(set(folders)) == len(ids) == 2


def test_an_export_that_another_overtakes_uses_what_the_other_made(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made: list[Path] = []
    honest = export.export_fp32

    def overtaken(source: EncoderSource, target: Path) -> int:
        monkeypatch.setattr(export, "export_fp32", honest)
        made.append(prepare_encoder(str(tiny), tmp_path))
        return honest(source, target)

    monkeypatch.setattr(export, "export_fp32", overtaken)
    assert prepare_encoder(str(tiny), tmp_path) == made[0]
    assert [path.name for path in tmp_path.iterdir()] == [made[0].name]
    assert OnnxEncoder(made[0], threads=1).encode(TEXTS).shape == (len(TEXTS), 64)


def test_a_killed_export_leaves_no_folder_that_looks_whole(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(export, "quantize_rows", killed)
        patched.setattr(export.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            prepare_encoder(str(tiny), tmp_path)
    (left,) = tmp_path.iterdir()
    folder = prepare_encoder(str(tiny), tmp_path)
    assert folder != left
    assert OnnxEncoder(folder, threads=1).encode(TEXTS).shape == (len(TEXTS), 64)


def test_what_a_killed_export_left_is_swept_up_later(tiny: Path, tmp_path: Path):
    old, new = tmp_path / ".making-old", tmp_path / ".making-new"
    for left in (old, new):
        left.mkdir()
        (left / "model.onnx").write_bytes(b"half a model")
    os.utime(old, (0, 0))
    prepare_encoder(str(tiny), tmp_path)
    assert not old.exists()
    assert new.exists()  # its owner may be at work


def test_a_model_that_is_none_is_refused(own_tiny: Path, tmp_path: Path):
    (own_tiny / "model.safetensors").write_bytes(b"no weights at all")
    with pytest.raises(EncoderError, match="can't be exported"):
        prepare_encoder(str(own_tiny), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_default_encoder_is_found_under_both_names():
    assert encoder_source(DEFAULT_ENCODER) == encoder_source(
        f"sentence-transformers/{DEFAULT_ENCODER}"
    )


def test_the_default_encoder_passes_the_gate():
    card = json.loads((prepare_encoder(DEFAULT_ENCODER, CACHE) / "encoder.json").read_text())
    assert gate.GateFigures(**card["gate"]).passed or card["precision"] == "fp32"
