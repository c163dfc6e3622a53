"""Vectors are kept on disk and found again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.encoders import VectorStore, vector_key
from turnwise.errors import WorkspaceError
from turnwise.workspace import SqliteVectorStore

ENCODERS = ("minilm-int8", "minilm-fp32")


def fill(path: Path, *texts: str) -> None:
    for encoder in ENCODERS:
        store = SqliteVectorStore(path, encoder)
        store.put({vector_key(encoder, text): text.encode() * 400 for text in texts})
        store.close()


def test_what_was_put_is_there_after_closing(tmp_path: Path) -> None:
    store: VectorStore = SqliteVectorStore(tmp_path / "v.db", "encoder")
    many = {number.to_bytes(16, "big"): bytes([number % 256]) * 768 for number in range(1_500)}
    store.put(many)
    again = SqliteVectorStore(tmp_path / "v.db", "encoder")
    assert again.get([*many, b"unknown"]) == many


def test_a_store_holds_what_a_dict_would(tmp_path: Path) -> None:
    store = SqliteVectorStore(tmp_path / "v.db", "encoder")
    expected: dict[bytes, bytes] = {}
    keys = st.binary(min_size=1, max_size=2)

    @settings(max_examples=50, deadline=None)
    @given(st.dictionaries(keys, st.binary(max_size=4), max_size=5), st.lists(keys, max_size=5))
    def law(items: dict[bytes, bytes], asked: list[bytes]) -> None:
        store.put(items)
        expected.update(items)
        assert store.get(asked) == {key: expected[key] for key in asked if key in expected}

    law()


def test_only_vectors_of_the_texts_that_remain_are_kept(tmp_path: Path) -> None:
    fill(tmp_path / "v.db", "keep me", "drop me")
    store = SqliteVectorStore(tmp_path / "v.db")
    assert store.keep_only(iter(["keep me", "never seen"])) == 2
    for encoder in ENCODERS:
        kept, dropped = vector_key(encoder, "keep me"), vector_key(encoder, "drop me")
        assert store.get([kept, dropped]) == {kept: b"keep me" * 400}
    assert not any(b"drop me" in path.read_bytes() for path in tmp_path.iterdir())


def test_vectors_of_an_encoder_that_was_not_named_are_dropped(tmp_path: Path) -> None:
    store = SqliteVectorStore(tmp_path / "v.db")
    store.put({vector_key("unnamed", "text"): b"vector"})
    assert store.keep_only(["text"]) == 1


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "v.db", "text")
    with sqlite3.connect(tmp_path / "v.db") as connection:
        connection.execute("PRAGMA user_version=2")
    with pytest.raises(WorkspaceError, match="newer Turnwise"):
        SqliteVectorStore(tmp_path / "v.db")


def test_a_damaged_file_may_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "v.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(WorkspaceError, match="made again when the file is deleted"):
        SqliteVectorStore(tmp_path / "v.db")
