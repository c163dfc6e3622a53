"""Labels of the logs are settled by what follows what, and the gap closed is told over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from benchmarks.generation_data import gold_of, switches
from benchmarks.generation_gap import gap_closed, summary
from benchmarks.generation_made import Plan, to_learn
from turnwise.conversations import Conversation, Example, Turn, examples
from turnwise.generated import GeneratedConversation, GeneratedTurn, Probabilities
from turnwise.generation.chains.settling import settled
from turnwise.taxonomy import Dimension, Label, Taxonomy

TAXONOMY = Taxonomy(
    "shop",
    (
        Dimension(
            "intent",
            (
                Label("book", ("room", "book")),
                Label("search", ("room", "search")),
                Label("pay", ("bill", "pay")),
            ),
        ),
    ),
)
SURE = {"book a room": 0, "find a room": 1, "pay the bill": 2}


class ReadsWords:
    """Knows the turns that say what they mean, and nothing of `yes`."""

    def probabilities(self, examples: Sequence[Example]) -> Mapping[str, Probabilities]:
        rows = [np.full(3, 1 / 3) for _ in examples]
        for row, one in zip(rows, examples, strict=True):
            if one.text in SURE:
                row[:] = np.where(np.arange(3) == SURE[one.text], 0.9, 0.05)
        return {"intent": np.array(rows, np.float32)}


def talk(name: str, *texts: str) -> Conversation:
    return Conversation(name, tuple(Turn("customer", text) for text in texts))


SEARCHES = [talk(f"s{n}", "find a room", "find a room") for n in range(20)]


def test_a_turn_that_says_nothing_by_itself_takes_the_label_of_its_neighbours():
    talks = [
        *(talk(f"b{n}", "book a room", "yes", "yes") for n in range(20)),
        *(talk(f"p{n}", "pay the bill", "yes") for n in range(20)),
        *SEARCHES,
    ]
    labels = {one.conversation.id: one.labels for one in settled(talks, TAXONOMY, ReadsWords())}
    assert [one["intent"] for one in labels["b0"].values()] == ["book", "book", "book"]
    assert [one["intent"] for one in labels["p0"].values()] == ["pay", "pay"]


def test_a_sure_turn_keeps_its_label_whatever_stands_around_it():
    talks = [talk(f"t{n}", "book a room", "pay the bill", "book a room") for n in range(20)]
    one = settled([*talks, *SEARCHES], TAXONOMY, ReadsWords())[0]
    assert [labels["intent"] for labels in one.labels.values()] == ["book", "pay", "book"]


def test_agents_turns_are_not_labelled():
    turns = (Turn("customer", "find a room"), Turn("agent", "here"), Turn("customer", "yes"))
    one = settled([Conversation("a", turns)], TAXONOMY, ReadsWords())[0]
    assert {*one.labels} == {0, 2}


@pytest.mark.parametrize(("method", "closed"), [("hmm", 0.5), ("single", 0.0), ("real", 1.0)])
def test_the_gap_closed_is_told_from_single_to_real(method: str, closed: float):
    shares = {"single": 0.2, "hmm": 0.4, "real": 0.6}
    assert gap_closed(shares, method) == pytest.approx(closed)


def test_without_a_gap_nothing_is_said_of_closing_it():
    assert gap_closed({"single": 0.5, "hmm": 0.6, "real": 0.505}, "hmm") is None


def test_seeds_are_summed_by_data_dimension_and_part():
    cells = [
        {
            "key": {"data": "sgd", "seed": seed, **key},
            "figures": {"intent": dict.fromkeys(("all", "undecided", "switches"), share)},
            "seconds": 1.0,
            "code": "",
        }
        for seed, moved in ((0, 0.0), (1, 0.1))
        for key, share in (
            ({"method": "single"}, 0.2),
            ({"method": "real"}, 0.6),
            (Plan("hmm", "settled", 0.3).key, 0.4 + moved),
            ({"fact": "speed"}, 0.0),
        )
    ]
    found = summary(cells)["sgd intent undecided"]["hmm/settled/switching 0.3"]
    assert found["gap_closed"]["mean"] == pytest.approx(0.625)
    assert (found["accuracy"]["low"], found["accuracy"]["high"]) == pytest.approx((0.4, 0.5))


def test_generated_turns_are_learnt_with_their_history_and_weigh_less_than_real_ones():
    turns = (
        GeneratedTurn("customer", "find a room", {"intent": "search"}),
        GeneratedTurn("agent", "here is one"),
        GeneratedTurn("customer", "yes", {"intent": "book"}),
    )
    learnt = [*to_learn(GeneratedConversation("hmm-0-0", "hmm", turns), 0.5)]
    assert [one.labels["intent"] for one in learnt] == ["search", "book"]
    assert [len(one.example.history) for one in learnt] == [0, 2]
    assert all(one.weights == {"intent": 0.5} and not one.is_gold for one in learnt)


def test_a_switch_is_a_label_other_than_the_customers_last_one():
    turns = tuple(
        Turn(role, "", {"intent": (label,)} if label else {})
        for role, label in (("customer", "a"), ("agent", ""), ("customer", "a"), ("customer", "b"))
    )
    asked = [*examples(Conversation("a", turns))]
    assert switches(asked, "intent").tolist() == [False, False, True]


def test_a_turn_of_several_labels_counts_by_the_first():
    turns = (
        Turn("customer", "", {"intent": ("a", "b")}),
        Turn("customer", "", {"intent": ("a",)}),
    )
    assert gold_of(Conversation("a", turns)) == {0: {"intent": "a"}, 1: {"intent": "a"}}
