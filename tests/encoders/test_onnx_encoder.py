"""Texts become vectors: each once, in their order, whatever stands beside them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from turnwise.encoders import OnnxEncoder
from turnwise.encoders.token_batches import BATCH_TOKENS
from turnwise.errors import EncoderError

TEXTS = [
    "I want my money back",
    "when does it arrive?",
    "",
    "I want my money back",
    "the second one, please, and could you send it to my office instead of my home address",
    "thanks",
]


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


def test_the_description_says_what_was_made(folder: Path, encoder: OnnxEncoder):
    card = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    assert card["id"] == encoder.id
    assert (card["size"], card["max_tokens"], card["pooling"]) == (384, 256, "mean")
    assert card["gate"]["cosine_mean"] > 0.99
