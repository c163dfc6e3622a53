"""Rounds of discovery on disk."""

from dataclasses import replace

from turnwise.clusters import Round, Trial
from turnwise.workspace.rounds import FolderRounds

FIRST = Round(
    number=1,
    trials=(Trial(10.0, 6, 4, 60, 40), Trial(0.5, 1, 0, 5, 0)),
    chosen=0,
    kept=((0, 3, 5), (1, 2)),
    scores=(0.9, 1.0),
    left=(4, 6),
    predicted=(12.5,),
)


def test_a_round_comes_back_as_it_was_put(tmp_path):
    store = FolderRounds(tmp_path / "key")
    assert store.get(1) is None
    store.put(FIRST)
    store.put(replace(FIRST, number=2, kept=(), scores=(), left=(), predicted=()))
    again = FolderRounds(tmp_path / "key")
    assert again.get(1) == FIRST
    assert again.get(2) == replace(FIRST, number=2, kept=(), scores=(), left=(), predicted=())
    assert again.get(3) is None


def test_a_damaged_round_counts_as_absent(tmp_path):
    store = FolderRounds(tmp_path)
    store.put(FIRST)
    path = next(tmp_path.glob("*.json"))
    for content in ("", "{", "[]", '{"number": 1}', path.read_text()[:-20]):
        path.write_text(content)
        assert store.get(1) is None


def test_a_round_under_another_ones_name_counts_as_absent(tmp_path):
    store = FolderRounds(tmp_path)
    store.put(FIRST)
    next(tmp_path.glob("*.json")).rename(tmp_path / "round-002.json")
    assert store.get(2) is None


def test_what_is_left_of_a_write_that_was_killed_is_no_round(tmp_path):
    (tmp_path / "round-001.json.part").write_text('{"number": 1')
    assert FolderRounds(tmp_path).get(1) is None
