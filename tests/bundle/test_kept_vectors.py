"""Vectors of earlier turns: what is kept, for how long, and that nobody's answer changes by it."""

from __future__ import annotations

import numpy as np

from turnwise.bundle.kept_vectors import ENTRY_BYTES, KeptVectors

SIZE = 4
ROOM = 4 * SIZE + ENTRY_BYTES  # of one vector


def vectors_of(*numbers: int) -> np.ndarray:
    return np.repeat(np.array(numbers, np.float32)[:, None], SIZE, 1)


def test_what_was_kept_is_told_from_what_is_missing():
    kept = KeptVectors(SIZE, 10 * ROOM)
    kept.keep(["a", "b"], vectors_of(1, 2))
    found, there, missing = kept.known(["c", "b", "d", "a"])
    assert found.tolist() == vectors_of(2, 1).tolist()
    assert there.tolist() == [1, 3]
    assert missing.tolist() == [0, 2]


def test_where_nothing_is_known_there_are_no_vectors():
    found, there, missing = KeptVectors(SIZE, 10 * ROOM).known(["a"])
    assert found.shape == (0, SIZE)
    assert (there.tolist(), missing.tolist()) == ([], [0])


def test_no_more_is_kept_than_there_is_room_and_what_was_asked_for_last_stays():
    kept = KeptVectors(SIZE, 2 * ROOM)
    kept.keep(["a", "b"], vectors_of(1, 2))
    kept.known(["a"])
    kept.keep(["c"], vectors_of(3))
    assert len(kept) == 2
    assert kept.known(["a", "b", "c"])[1].tolist() == [0, 2]


def test_without_room_nothing_is_kept():
    kept = KeptVectors(SIZE, 0)
    kept.keep(["a"], vectors_of(1))
    assert len(kept) == 0


def test_a_text_that_no_encoding_takes_has_a_key_of_its_own():
    kept = KeptVectors(SIZE, 10 * ROOM)
    kept.keep(["\ud800", "\ud801"], vectors_of(1, 2))
    assert kept.known(["\ud801"])[0].tolist() == vectors_of(2).tolist()


def test_no_text_stays_in_memory():
    kept = KeptVectors(SIZE, 10 * ROOM)
    kept.keep(["my number is 1234"], vectors_of(1))
    assert all(type(key) is bytes and len(key) == 16 for key in kept._kept)
