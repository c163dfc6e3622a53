"""What was encoded once is looked up, and the vectors stay the same."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.encoders import KeptEncoder, OnnxEncoder, Vectors, vector_key
from turnwise.progress import Progress, silent


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

    id, size, max_tokens = "length-1", 2, 256

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Vectors:
        self.seen += texts
        vectors = np.array([(len(text), 1) for text in texts], np.float32).reshape(-1, 2)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def count_tokens(self, text: str) -> int:
        return len(text.split())


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
    texts = ["I want my money back", "thanks", "", "thanks"]
    np.testing.assert_allclose(kept.encode(texts), encoder.encode(texts), atol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(kept.encode(texts), axis=1), 1, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=8), max_size=12), st.lists(st.text(max_size=8), max_size=12))
def test_keeping_changes_no_vector(before: list[str], texts: list[str]):
    store = DictStore()
    KeptEncoder(LengthEncoder(), store).encode(before)
    warm = KeptEncoder(LengthEncoder(), store).encode(texts)
    cold = KeptEncoder(LengthEncoder(), DictStore()).encode(texts)
    np.testing.assert_array_equal(warm, cold)
