"""Texts become vectors: each once, in their order, whatever stands beside them."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.encoder_export import DEFAULT_ENCODER, prepare_encoder
from turnwise.encoders import BATCH_TOKENS, KeptEncoder, OnnxEncoder, Vectors, vector_key
from turnwise.errors import EncoderError
from turnwise.progress import Progress, silent

CACHE = Path(os.environ["TURNWISE_CACHE"])  # set in conftest.py
TEXTS = [
    "I want my money back",
    "when does it arrive?",
    "",
    "I want my money back",
    "the second one, please, and could you send it to my office instead of my home address",
    "thanks",
]


@pytest.fixture(scope="module")
def folder() -> Path:
    return prepare_encoder(DEFAULT_ENCODER, CACHE)


@pytest.fixture(scope="module")
def encoder(folder: Path) -> OnnxEncoder:
    return OnnxEncoder(folder, threads=1)


class DictStore:
    """Vectors in a dict, counting what is asked and kept."""

    def __init__(self) -> None:
        self.held: dict[bytes, bytes] = {}
        self.puts: list[int] = []

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        return {key: self.held[key] for key in keys if key in self.held}

    def put(self, items: Mapping[bytes, bytes]) -> None:
        self.puts.append(len(items))
        self.held.update(items)


class LengthEncoder:
    """A stand-in whose vectors tell the text: (length, 1), brought to unit length."""

    id, size = "length-1", 2

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Vectors:
        self.seen += texts
        vectors = np.array([(len(text), 1) for text in texts], np.float32).reshape(-1, 2)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def count_tokens(self, text: str) -> int:
        return len(text.split())


def test_rows_are_of_unit_length_and_in_the_order_of_the_texts(encoder: OnnxEncoder):
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.size)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for text, vector in zip(TEXTS, vectors, strict=True):
        np.testing.assert_allclose(encoder.encode([text])[0], vector, atol=0.01)


def test_like_texts_are_nearer_than_unlike_ones(encoder: OnnxEncoder):
    asked, near, far = encoder.encode(
        ["I want my money back", "please give me a refund", "is it going to rain on Sunday"]
    )
    assert asked @ near > asked @ far + 0.3


def test_a_vector_does_not_depend_on_what_else_is_in_the_batch(encoder: OnnxEncoder):
    crowd = [f"{word} {number}" for word in ("order", "refund", "hello") for number in range(40)]
    alone = np.vstack([encoder.encode([text]) for text in TEXTS])
    together = encoder.encode([*crowd, *TEXTS, "LOUD " * 30])[len(crowd) : -1]
    assert (alone * together).sum(axis=1).min() > 0.9999


def test_no_texts_give_no_rows(encoder: OnnxEncoder):
    assert encoder.encode([]).shape == (0, encoder.size)


def test_each_distinct_text_is_encoded_once(encoder: OnnxEncoder):
    calls: list[tuple[int, int]] = []
    encoder.encode(TEXTS * 50, lambda what, done, total: calls.append((done, total)))
    assert calls[-1] == (len(set(TEXTS)), len(set(TEXTS)))


def test_batches_hold_texts_of_like_length_within_the_token_budget(encoder: OnnxEncoder):
    texts = [" ".join(["order"] * (1 + number % 60)) for number in range(500)]
    batches = list(encoder.batches(texts))
    assert sorted(row for batch in batches for row in batch.rows) == list(range(500))
    assert all(batch.ids.size <= BATCH_TOKENS for batch in batches)
    padded = sum(int((batch.mask == 0).sum()) for batch in batches)
    assert padded < 0.05 * sum(batch.ids.size for batch in batches)


def test_a_text_is_read_up_to_its_token_limit(encoder: OnnxEncoder):
    long = "order " * 300
    assert encoder.count_tokens(long) == 300
    (batch,) = encoder.batches([long])
    assert batch.ids.shape == (1, encoder.max_tokens)
    np.testing.assert_allclose(encoder.encode([long + "refund"]), encoder.encode([long]), atol=1e-5)


def test_a_text_of_a_megabyte_and_broken_characters_are_read(encoder: OnnxEncoder):
    vectors = encoder.encode(["x" * 1_000_000, "broken \ud800 character", "\x00", "好的 👍"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert encoder.count_tokens("broken \ud800 character") > 0


def test_tokens_are_counted_without_special_tokens(encoder: OnnxEncoder):
    assert encoder.count_tokens("") == 0
    assert encoder.count_tokens("my order") == 2


@pytest.mark.parametrize("name", ["encoder.json", "tokenizer.json", "model.onnx"])
def test_a_damaged_folder_names_the_file(folder: Path, tmp_path: Path, name: str):
    for file in ("encoder.json", "tokenizer.json", "model.onnx"):
        (tmp_path / file).symlink_to((folder / file).resolve())
    (tmp_path / name).unlink()
    with pytest.raises(EncoderError, match=name):
        OnnxEncoder(tmp_path)
    (tmp_path / name).write_text("{", encoding="utf-8")
    with pytest.raises(EncoderError, match=name):
        OnnxEncoder(tmp_path)


def test_an_encoder_runs_without_torch(folder: Path, tmp_path: Path):
    program = (
        "import sys; from pathlib import Path; from turnwise.encoders import OnnxEncoder;"
        f"OnnxEncoder(Path({str(folder)!r}), 1).encode(['hello']);"
        "print([name for name in ('torch', 'transformers', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
    assert done.stderr == ""


def test_kept_vectors_are_not_made_again():
    store, maker = DictStore(), LengthEncoder()
    first = KeptEncoder(maker, store).encode(["a", "bb", "a"])
    again = KeptEncoder(maker, store).encode(["ccc", "bb", "a"])
    assert maker.seen == ["a", "bb", "ccc"]
    np.testing.assert_array_equal(again[[2, 1]], first[[0, 1]])


def test_another_encoder_does_not_find_the_vectors_of_the_first():
    store, maker = DictStore(), LengthEncoder()
    KeptEncoder(maker, store).encode(["a"])
    maker.id = "length-2"
    KeptEncoder(maker, store).encode(["a"])
    assert maker.seen == ["a", "a"]
    assert vector_key("x", "ya") != vector_key("xy", "a")


def test_what_was_encoded_before_a_crash_is_kept():
    store = DictStore()
    texts = [f"text {number}" for number in range(5000)]

    def stop(what: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        KeptEncoder(LengthEncoder(), store).encode(texts, stop)
    assert len(store.held) == store.puts[0] < len(texts)
    maker = LengthEncoder()
    resumed = KeptEncoder(maker, store).encode(texts)
    assert len(maker.seen) == len(texts) - store.puts[0]
    np.testing.assert_array_equal(resumed, KeptEncoder(LengthEncoder(), DictStore()).encode(texts))


def test_a_kept_encoder_is_an_encoder(encoder: OnnxEncoder):
    kept = KeptEncoder(encoder, DictStore())
    assert (kept.id, kept.size) == (encoder.id, encoder.size)
    assert kept.count_tokens("my order") == 2
    np.testing.assert_allclose(kept.encode(TEXTS), encoder.encode(TEXTS), atol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(kept.encode(TEXTS), axis=1), 1, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=8), max_size=12), st.lists(st.text(max_size=8), max_size=12))
def test_keeping_changes_no_vector(before: list[str], texts: list[str]):
    store = DictStore()
    KeptEncoder(LengthEncoder(), store).encode(before)
    warm = KeptEncoder(LengthEncoder(), store).encode(texts)
    cold = KeptEncoder(LengthEncoder(), DictStore()).encode(texts)
    np.testing.assert_array_equal(warm, cold)


def test_the_description_says_what_was_made(folder: Path, encoder: OnnxEncoder):
    card = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    assert card["id"] == encoder.id
    assert (card["size"], card["max_tokens"], card["pooling"]) == (384, 256, "mean")
    assert card["gate"]["cosine_mean"] > 0.99
