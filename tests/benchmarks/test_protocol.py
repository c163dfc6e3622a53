"""The measuring protocol on small made data, and on the public data where they are there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import data, protocol, runner
from turnwise.conversations import Conversation, Example, Turn
from turnwise.sampling import stable_hash
from turnwise.taxonomy import Taxonomy

IDS = st.sets(st.text("abcdef0123456789", min_size=1, max_size=6), min_size=1, max_size=40)


def talk(id: str, *said: tuple[str, str], dimension: str = "intent") -> Conversation:
    """A conversation of customer turns, each a text with its label."""
    turns = (Turn("customer", text, {dimension: (label,)}) for text, label in said)
    return Conversation(id, tuple(turns))


def turns_of(text: str, **uses: int) -> list[Example]:
    """`uses[label]` turns of one text."""
    talks = [
        talk(f"{label}{n}", (text, label)) for label, count in uses.items() for n in range(count)
    ]
    return protocol.labelled(talks, "intent")


def a_turn(text: str) -> Example:
    return Example(talk("x", (text, "any")), 0)


def test_a_text_whose_label_agrees_in_under_80_percent_of_its_uses_is_undecided():
    seen = turns_of("I would like that one please", book=7, cancel=3)
    assert protocol.Undecided(seen, "intent")(a_turn("I would like that one please"))


def test_a_text_whose_label_agrees_in_80_percent_of_its_uses_is_decided():
    seen = turns_of("I would like that one please", book=8, cancel=2)
    assert not protocol.Undecided(seen, "intent")(a_turn("I would like that one please"))


def test_case_and_punctuation_do_not_hide_a_known_text():
    seen = turns_of("i would like that one please", book=1, cancel=1)
    assert protocol.Undecided(seen, "intent")(a_turn("I would like THAT one, please!"))


@pytest.mark.parametrize(
    ("text", "undecided"),
    [("Yes, that one.", True), ("yes", True), ("Book me a flight", False), ("?!", True)],
)
def test_three_words_or_fewer_are_undecided_even_when_train_never_saw_them(text, undecided):
    assert protocol.Undecided([], "intent")(a_turn(text)) is undecided


def made_set(conversations: list[Conversation], test: list[Conversation]) -> data.DataSet:
    splits = {"train": tuple(conversations), "test": tuple(test)}
    return data.DataSet("made", splits, Taxonomy("made", ()))


@given(IDS)
def test_the_tuning_split_is_the_tenth_with_hash_0_and_shares_nothing_with_train(ids):
    parts = protocol.parts(made_set([talk(one, ("hello", "a")) for one in ids], []))
    tuning = {one.id for one in parts.tuning}
    assert tuning == {one for one in ids if stable_hash(one) % 10 == 0}
    assert tuning.isdisjoint(one.id for one in parts.train)
    assert len(parts.train) + len(parts.tuning) == len(parts.known) == len(ids)


@given(IDS, IDS)
def test_added_data_moves_no_conversation_between_train_and_tuning(ids, more):
    before = protocol.parts(made_set([talk(one, ("hello", "a")) for one in ids], []))
    after = protocol.parts(made_set([talk(one, ("hello", "a")) for one in ids | more], []))
    assert {one.id for one in before.tuning} <= {one.id for one in after.tuning}
    assert {one.id for one in before.train} <= {one.id for one in after.train}


@given(IDS, IDS, st.integers(1, 20))
def test_a_capped_sample_keeps_its_members_but_for_the_highest_when_data_are_added(ids, more, cap):
    def sample(chosen: set[str]) -> list[str]:
        return [one.id for one in protocol.lowest([talk(i, ("hello", "a")) for i in chosen], cap)]

    before, after = sample(ids), sample(ids | more)
    assert before == sorted(before, key=stable_hash)
    stayed = [one for one in after if one in ids]
    assert stayed == before[: len(stayed)]


def test_a_sample_is_counted_in_customer_turns_and_never_cuts_a_conversation():
    talks = [talk(str(n), ("one", "a"), ("two", "a"), ("three", "a")) for n in range(10)]
    assert len(protocol.lowest(talks, 10)) == 3


def test_a_turn_with_two_labels_is_left_out():
    both = Conversation("x", (Turn("customer", "hi", {"intent": ("a", "b")}),))
    assert protocol.labelled([both, talk("y", ("hi", "a"))], "intent") == [
        Example(talk("y", ("hi", "a")), 0)
    ]


def test_services_never_seen_in_train_are_out_of_domain_and_a_new_label_of_a_known_one_is_not():
    train = (talk("t", ("find me a room", "Hotels_1/Find")),)
    test = (
        talk("a", ("find me a room", "Hotels_1/Find")),
        talk("b", ("thanks", "Hotels_1/NONE")),
        talk("c", ("wake me at six", "Alarm_1/Add")),
    )
    found = protocol.scope(protocol.Parts("sgd", train, (), test, train), "intent")
    assert [one.key[0] for one in found.inside] == ["a"]
    assert [one.key[0] for one in found.between] == ["b"]
    assert [one.key[0] for one in found.out_of_domain] == ["c"]


def test_few_shot_draws_take_the_lowest_texts_and_share_none_between_seeds():
    texts = [f"utterance number {n}" for n in range(20)]
    train = protocol.labelled([talk(text, (text, "a")) for text in texts], "intent")
    draws = [protocol.few_shot(train, 5, seed) for seed in protocol.SEEDS]
    ordered = sorted(texts, key=stable_hash)
    assert [one.text for one in draws[0]] == ordered[:5]
    assert [one.text for draw in draws for one in draw] == ordered[:15]


def test_few_shot_draws_give_what_a_small_label_has_once_each():
    train = protocol.labelled([talk(str(n), (f"text {n % 3}", "a")) for n in range(9)], "intent")
    for seed in protocol.SEEDS:
        assert len({one.text for one in protocol.few_shot(train, 5, seed)}) == 3


def test_the_larkspur_split_is_60_60_and_the_rest():
    talks = data.larkspur()
    split = protocol.larkspur_split(talks)
    assert (len(split.seed), len(split.test), len(split.unlabelled)) == (60, 60, 130)
    ordered = sorted((one.id for one in talks), key=stable_hash)
    assert [*split.seed, *split.test, *split.unlabelled] == ordered


def test_first_and_later_turns_are_told_apart():
    turns = protocol.labelled([talk("x", ("hi", "a"), ("yes", "b"), ("bye", "c"))], "intent")
    assert dict(protocol.by_position(turns)) == {"first": [0], "later": [1, 2]}


def test_a_spread_is_the_mean_and_the_range():
    assert protocol.spread([0.5, 0.7, 0.6]) == protocol.Spread(pytest.approx(0.6), 0.5, 0.7, 3)


def test_a_difference_counts_only_when_the_ranges_do_not_touch():
    low, touching, high = map(protocol.spread, ([0.5, 0.6], [0.6, 0.7], [0.61, 0.7]))
    assert not protocol.differs(low, touching)
    assert protocol.differs(low, high)
    assert protocol.differs(high, low)


def test_a_finished_cell_is_not_measured_again_and_a_cut_one_is(tmp_path):
    path = tmp_path / "out" / "made.jsonl"
    assert runner.Table(path).cell({"seed": 0}, lambda: {"accuracy": 0.5}) == {"accuracy": 0.5}
    with path.open("a") as file:
        file.write('{"key": {"seed": 1}, "figu')
    table = runner.Table(path)
    assert table.cell({"seed": 0}, lambda: {"accuracy": 0.0}) == {"accuracy": 0.5}
    assert table.cell({"seed": 1}, lambda: {"accuracy": 0.7}) == {"accuracy": 0.7}
    assert [cell["key"] for cell in table.asked()] == [{"seed": 0}, {"seed": 1}]
    again = runner.Table(path)
    assert again.cell({"seed": 1}, lambda: {"accuracy": 0.0}) == {"accuracy": 0.7}


def test_missing_data_end_a_benchmark_with_2_and_say_where_they_were_looked_for(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.main_job", "--quick", "--data", str(tmp_path)],
        cwd=data.REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert str(tmp_path) in done.stderr
    assert "--data" in done.stderr
    assert "Traceback" not in done.stderr


def public_data() -> Path:
    try:
        return data.data_folder()
    except data.DataError as error:
        pytest.skip(str(error))


def test_the_ambiguous_banking77_texts_of_the_test_split_are_100():
    found = data.cicc(public_data(), "banking77")
    assert len(found) == 100
    assert all(one.gold for one in found)


def test_multidogo_keeps_consecutive_customer_turns_apart_with_a_domain_and_intents_each():
    found = data.multidogo(public_data())
    assert {name: len(part) for name, part in found.splits.items()} == {
        "train": 6592,
        "dev": 941,
        "test": 1887,
    }
    assert sum(len(one.turns) for one in found.train) == 52_616
    assert all(set(turn.gold) == {"domain", "intent"} for turn in found.train[0].turns)


def test_clinc150_has_150_labels_in_scope_under_10_domains():
    labels = data.utterances(public_data(), "clinc150").taxonomy["intent"].labels
    assert len(labels) == 150
    assert len({label.path[0] for label in labels}) == 10
