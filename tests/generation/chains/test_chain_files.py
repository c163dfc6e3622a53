"""Chain statistics are read back as they were, or refused with the field that is wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.generation.chains.labelled_logs import DIMENSIONS, LOGS, NONE, TAXONOMY, A, B, C, logs
from turnwise.errors import GenerationError, TurnwiseError
from turnwise.generation.chains import (
    ChainSampler,
    estimate_chains,
    load_statistics,
    save_statistics,
)
from turnwise.generation.chains import files as chain_files
from turnwise.taxonomy import Dimension, Label, Taxonomy


@pytest.fixture
def written(tmp_path):
    given = [*logs([A, NONE, B], [C, C, A]), *logs([B, A], market="de")]
    statistics = estimate_chains(given, DIMENSIONS, intent="intent")
    path = tmp_path / "statistics.json"
    save_statistics(statistics, path)
    return path, statistics


def changed(path, *place, to):
    values = json.loads(path.read_text())
    inner = values
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = to
    path.write_text(json.dumps(values))


def test_what_is_read_is_what_was_written(written):
    path, statistics = written
    assert load_statistics(path, TAXONOMY) == statistics


@given(LOGS, st.sampled_from(["intent", None]))
def test_whatever_was_counted_is_read_back(tmp_path_factory, conversations, intent):
    statistics = estimate_chains(logs(*conversations), DIMENSIONS, intent=intent)
    path = tmp_path_factory.mktemp("chains") / "statistics.json"
    save_statistics(statistics, path)
    assert load_statistics(path, TAXONOMY) == statistics


def test_statistics_of_another_taxonomy_are_refused_with_what_it_lacks(written):
    path, _ = written
    intents = Dimension("intent", (Label("ASK", ("ASK",)), Label("BOOK", ("BOOK",))))
    with pytest.raises(GenerationError) as refused:
        load_statistics(path, Taxonomy("other", (intents,)))
    assert "other lacks the dimension domain; of intent: CANCEL." in str(refused.value)


@pytest.mark.parametrize(
    ("place", "to", "told"),
    [
        (("format",), "something else", "field format"),
        (("version",), 2, "field version: it is 2, and this program reads 1"),
        (("intent",), "topic", "field intent: there is no dimension 'topic'"),
        (("states", 0), ["TRIP"], "field states.0: 1 labels for 2 dimensions"),
        (("states", 0), ["TRIP", "FLY"], "field states.0: intent has no label 'FLY'"),
        (("states", 0), ["", ""], "field states.0: it has no label"),
        (("states", 0), list(A), "field states: one stands there twice"),
        (("together", "lengths"), [], "field together.lengths"),
        (("together", "lengths"), [[0, 3]], "field together.lengths.0.0"),
        (("together", "lengths"), [[10**7, 3]], "field together.lengths.0.0"),
        (("together", "lengths"), [[2, 3], [2, 1]], "field together.lengths: one stands"),
        (("together", "first"), [[0, -1]], "field together.first.0.1"),
        (("together", "first"), [[9, 1]], "field together.first.0: there is no state 9"),
        (("together", "turns"), [[0, 1], [0, 2]], "field together.turns.1: its state"),
        (("together", "transitions"), [[0, 0.5, 1]], "field together.transitions.0.1"),
        (("together", "transitions"), [[0, 1, 1], [0, 1, 1]], "field together.transitions.1"),
        (("together", "openings"), [[[0, 0, 0, 0], 1]], "field together.openings.0.0"),
        (("together", "openings"), [[[0], 1], [[0], 2]], "field together.openings: one stands"),
        (("markets", "de", "turns"), [[0, 1]], "field markets.de.transitions.0: no turn is"),
        (("markets", "de", "more"), 1, "field markets.de.more"),
    ],
)
def test_a_malformed_file_is_refused_with_its_field(written, place, to, told):
    path, _ = written
    changed(path, *place, to=to)
    with pytest.raises(GenerationError) as refused:
        load_statistics(path, TAXONOMY)
    assert told in str(refused.value)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"\xff{}", b'{"format":', b"[" * 99_999])
def test_what_is_no_such_file_is_refused(tmp_path, content):
    path = tmp_path / "statistics.json"
    path.write_bytes(content)
    with pytest.raises(GenerationError, match="turnwise stats"):
        load_statistics(path, TAXONOMY)


def test_a_missing_and_a_huge_file_are_refused(tmp_path, monkeypatch):
    with pytest.raises(GenerationError, match="can't be read"):
        load_statistics(tmp_path / "none.json", TAXONOMY)
    monkeypatch.setattr(chain_files, "MOST_BYTES", 3)
    (tmp_path / "large.json").write_text("{   }")
    with pytest.raises(GenerationError, match="larger than"):
        load_statistics(tmp_path / "large.json", TAXONOMY)


@given(st.data())
def test_a_damaged_file_is_refused_or_gives_chains(tmp_path_factory, data):
    statistics = estimate_chains(logs([A, NONE, B], [C, C, A]), DIMENSIONS, intent="intent")
    path = tmp_path_factory.mktemp("chains") / "statistics.json"
    save_statistics(statistics, path)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.sampled_from(b'0123456789[]{},"-x'))
    path.write_bytes(content)
    try:
        read = load_statistics(path, TAXONOMY)
    except TurnwiseError:
        return
    chain = ChainSampler(read).chain(0, 0)
    assert {*chain} <= {*read.together.states}
