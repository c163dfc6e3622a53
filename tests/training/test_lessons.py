"""What an encoder learns from: every example once a pass, conversations whole, lengths together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from training_samples import every, gold
from tuning_samples import conversations, taxonomy

from turnwise.context_arrays import NO_TURN, context_arrays
from turnwise.conversations import ContextWindow
from turnwise.training.data import Targets, targets
from turnwise.training.lessons import Lessons, batches, lessons, wanted_of


def words(text: str) -> int:
    return len(text.split())


def made(group_of: list[int], lengths: list[int]) -> Lessons:
    """One text for each example, of a stated length."""
    count = len(group_of)
    turns = np.stack([np.arange(count), np.zeros(count, np.int64)], 1)
    roles = np.stack([np.ones(count, np.int64), np.full(count, NO_TURN)], 1)
    nothing = Targets(np.zeros((count, 1), np.int64), np.ones((count, 1), np.float32))
    tokens = [np.full(length, at) for at, length in enumerate(lengths)]
    return Lessons(tokens, turns, roles, wanted_of(nothing), np.array(group_of, np.int64))


examples_with_groups = st.integers(1, 60).flatmap(
    lambda count: st.tuples(
        st.lists(st.integers(0, 12), min_size=count, max_size=count),
        st.lists(st.integers(1, 20), min_size=count, max_size=count),
    )
)


@given(examples_with_groups, st.integers(1, 9), st.integers(0, 3))
def test_every_example_comes_once_and_groups_stay_whole(given_examples, size, seed):
    groups, lengths = given_examples
    data = made(groups, lengths)
    found = batches(data, size, np.random.default_rng(seed))
    assert sorted(np.concatenate(found).tolist()) == list(range(len(groups)))
    for group in set(groups):
        rows = {at for at, one in enumerate(groups) if one == group}
        assert sum(bool(rows & set(batch.tolist())) for batch in found) == 1
    largest = max(groups.count(group) for group in groups)
    assert all(0 < len(batch) < size + largest for batch in found)


@given(examples_with_groups, st.integers(1, 9))
def test_the_same_draw_gives_the_same_batches_and_another_others(given_examples, size):
    data = made(*given_examples)
    one, same = (batches(data, size, np.random.default_rng(1)) for _ in range(2))
    assert [batch.tolist() for batch in one] == [batch.tolist() for batch in same]


def test_another_draw_gives_another_order():
    data = made(list(range(40)), [3] * 40)
    one, other = (batches(data, 4, np.random.default_rng(seed)) for seed in (1, 2))
    assert [batch.tolist() for batch in one] != [batch.tolist() for batch in other]


def test_texts_of_like_length_go_together():
    lengths = np.random.default_rng(0).integers(1, 100, 2_000).tolist()
    found = batches(made(list(range(2_000)), lengths), 8, np.random.default_rng(0))
    padded = sum(len(batch) * max(lengths[row] for row in batch) for batch in found)
    assert padded < 1.1 * sum(lengths)


def test_no_example_meets_the_same_companions_in_every_epoch():
    lengths = np.random.default_rng(0).integers(1, 100, 400).tolist()
    data, draw = made(list(range(400)), lengths), np.random.default_rng(0)
    companions = [set(batch.tolist()) for _ in range(8) for batch in batches(data, 8, draw)]
    for row in range(0, 400, 50):
        met = set[int]().union(*(batch for batch in companions if row in batch))
        assert len(met) > 4 * 8


def test_a_step_takes_each_of_its_texts_once():
    examples = every(conversations(4, turns=3))
    arrays = context_arrays(examples, ContextWindow("both", 3), words)
    tokens = [np.array([at]) for at in range(len(arrays.texts))]
    found = targets(gold(conversations(4, turns=3)), taxonomy())
    data = lessons(tokens, arrays, found, examples, shared=True)
    for batch in batches(data, 3, np.random.default_rng(0)):
        used, places, roles = data.part(batch)
        ids = [int(one[0]) for one in used]
        assert len(set(ids)) == len(ids)
        for row, line, who in zip(batch, places.tolist(), roles.tolist(), strict=True):
            shown = [ids[place] for place, role in zip(line, who, strict=True) if role]
            wanted = arrays.turns[row][arrays.roles[row] != NO_TURN]
            assert shown == wanted.tolist()
        assert len(ids) == len({place for row in batch for place in _there(arrays, row)})


def _there(arrays, row: int) -> list[int]:
    return arrays.turns[row][arrays.roles[row] != NO_TURN].tolist()


def test_only_examples_that_share_texts_are_kept_together():
    examples = every(conversations(3))
    arrays = context_arrays(examples, ContextWindow("single"), words)
    tokens = [np.array([1])] * len(arrays.texts)
    found = targets(gold(conversations(3)), taxonomy())
    apart = lessons(tokens, arrays, found, examples, shared=False)
    together = replace(lessons(tokens, arrays, found, examples, shared=True))
    assert apart.groups.tolist() == [0, 1, 2, 3, 4, 5]
    assert together.groups.tolist() == [0, 0, 1, 1, 2, 2]
