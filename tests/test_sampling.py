from collections import Counter
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Turn, examples
from turnwise.sampling import (
    cap_per_label,
    hold_apart,
    split_conversations,
    stable_hash,
    stratified_sample,
)

ids = st.sets(st.text(min_size=1, max_size=8), max_size=40)


@given(ids, ids, st.one_of(st.none(), st.integers(0, 20)), st.one_of(st.none(), st.integers(0, 20)))
def test_a_split_has_every_conversation_exactly_once(gold, others, seed, test):
    split = split_conversations(gold, others, seed, test)
    parts = [*split.seed, *split.test, *split.unlabelled]
    assert len(parts) == len(set(parts))
    assert set(parts) == gold | others


@given(ids, ids)
def test_added_data_never_moves_a_conversation_between_seed_and_test(gold, added):
    before = split_conversations(gold)
    after = split_conversations(gold | added)
    assert set(before.seed) <= set(after.seed)
    assert set(before.test) <= set(after.test)


def test_counts_take_the_lowest_hashes_first():
    names = [f"c{number}" for number in range(50)]
    split = split_conversations(names, seed=10, test=5)
    ordered = sorted(names, key=stable_hash)
    assert split.seed == tuple(ordered[:10])
    assert split.test == tuple(ordered[10:15])
    assert set(split.unlabelled) == set(ordered[15:])


@given(ids, st.floats(0, 1))
def test_holding_apart_divides_and_leaves_something_on_both_sides(names, share):
    kept, held = hold_apart(sorted(names), share)
    assert sorted([*kept, *held]) == sorted(names)
    if len(names) > 1:
        assert kept
        assert held


def talk(number: int, month: int, label: str) -> Conversation:
    turn = Turn("customer", f"text {number}", {"domain": (label,)})
    return Conversation(f"c{number}", (turn,), datetime(2026, month, 1, tzinfo=UTC))


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from("AB")), max_size=40), st.integers(0, 50)
)
def test_a_stratified_sample_gives_each_month_and_domain_its_share(rows, size):
    talks = [talk(number, month, label) for number, (month, label) in enumerate(rows)]
    chosen = stratified_sample(talks, size)
    assert len(chosen) == len(set(chosen)) == min(size, len(talks))
    totals, taken = Counter(rows), Counter(rows[int(one[1:])] for one in chosen)
    for stratum, total in totals.items():
        assert abs(taken[stratum] - len(chosen) * total / len(talks)) < 1


def test_a_cap_holds_per_label_and_prefers_low_hashes():
    talks = [talk(number, 1, "A" if number % 3 else "B") for number in range(30)]
    every = [example for one in talks for example in examples(one)]
    capped = list(cap_per_label(every, lambda one: {"domain": one.gold["domain"][0]}, cap=5))
    assert Counter(labels["domain"] for _, labels in capped) == {"A": 5, "B": 5}
    chosen = {example.key[0] for example, labels in capped if labels["domain"] == "A"}
    possible = [one.id for one in talks if one.turns[0].gold["domain"] == ("A",)]
    assert chosen == set(sorted(possible, key=stable_hash)[:5])
