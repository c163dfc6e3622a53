"""What the discovery benchmark computes of its own: labels, mapping, growth, intents found."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from benchmarks.discovery_cost import exponent
from benchmarks.discovery_data import GoldSet, RawLogs, words_of
from benchmarks.discovery_raw import raw_figures
from benchmarks.discovery_rivals import neighbour_labels, neighbours, rows_of, ward
from benchmarks.discovery_use import Job, gold_clusters, in_use, majority_names
from turnwise.clusters import Cluster, ClusterName, Discovery, SetAside, Utterance

AXES = np.eye(3, dtype=np.float32)


def test_intents_are_told_in_words() -> None:
    assert words_of("ReportBillingIssue") == "report billing issue"
    assert words_of("card_arrival") == "card arrival"


def test_a_cut_set_keeps_its_order_and_takes_the_same_texts_when_it_grows() -> None:
    gold = GoldSet("some", tuple(f"text {n}" for n in range(50)), ("a", "b") * 25)
    few, more = gold.capped(10), gold.capped(20)
    assert len(few.texts) == 10
    assert set(few.texts) < set(more.texts)
    assert list(few.texts) == [text for text in gold.texts if text in few.texts]
    assert set(gold.of_intents(1).gold) in ({"a"}, {"b"})


def test_a_row_is_its_own_nearest_neighbour() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert neighbours(vectors, 2)[:, 0].tolist() == [0, 1, 2]


def test_a_label_holds_what_tells_a_neighbourhood_from_the_others() -> None:
    texts = ["lost my card", "my card was lost", "open an account", "an account to open"] * 6
    vectors = np.repeat(AXES[:2], 2, axis=0)[[0, 1, 2, 3] * 6]
    labels = neighbour_labels(texts, vectors)
    assert set(labels[0].split()) == {"lost", "card"}
    assert set(labels[2].split()) == {"open", "account"}


def test_a_rival_gives_as_many_clusters_as_it_is_told() -> None:
    vectors = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    clusters = rows_of(ward(vectors, 5, seed=0))
    assert len(clusters) == 5
    assert sorted(np.concatenate(clusters)) == list(range(30))


def test_a_classifier_that_learns_gold_clusters_answers_with_gold_names() -> None:
    gold = GoldSet("some", tuple("abcdef"), ("x", "x", "y", "y", "z", "z"))
    vectors = np.repeat(AXES, 2, axis=0)
    work = Job(gold, vectors, gold, vectors)
    perfect = in_use(work, gold_clusters(gold.gold))
    assert perfect["accuracy"] == perfect["one_to_one"] == 1.0
    merged = in_use(work, [np.arange(4), np.arange(4, 6)])
    assert merged["accuracy"] == pytest.approx(4 / 6)


def test_splitting_an_intent_gains_nothing_where_each_stands_for_one_cluster() -> None:
    gold = GoldSet("some", tuple("abcdef"), ("x",) * 6)
    vectors = np.repeat(AXES, 2, axis=0)
    split = in_use(Job(gold, vectors, gold, vectors), [np.array([0, 1]), np.array([2, 3, 4, 5])])
    assert split["accuracy"] == 1.0
    assert float(str(split["one_to_one"])) < 1.0


def test_a_tie_of_a_majority_goes_by_name() -> None:
    assert majority_names(["b", "a"], [np.array([0, 1])]) == ["a"]


def test_growth_in_proportion_has_exponent_one_above_30_thousand() -> None:
    assert exponent({10_000: 99, 30_000: 3, 60_000: 6, 150_000: 15}) == pytest.approx(1.0)
    assert exponent({10_000: 99, 30_000: 3}) is None


def test_an_intent_is_found_where_a_cluster_is_mostly_it_and_holds_a_fifth_of_it() -> None:
    labels = {
        "pay my bill": Counter(viewbill=30),
        "see my bill": Counter(viewbill=10, contentonly=5),
        "stop it": Counter(cancel=25, confirmation=40),
        "hello": Counter(openinggreeting=50),
        "more data": Counter(upgrade=3),
    }
    logs = RawLogs("media", (), labels)
    figures = raw_figures(logs, _found([("see-bill", (0, 1)), ("stop-it", (2,))], unclustered=(3,)))
    assert figures["names"] == {"viewbill": "see-bill"}
    assert (figures["found"], figures["of"]) == (1, 2)
    assert figures["missed"] == "cancel (25)"
    assert figures["held"] == {"cancel": 0.0, "viewbill": 1.0}
    assert figures["few"] == "upgrade (3)"
    assert figures["set_aside_tasks"] == 0.0
    assert figures["unclustered_tasks"] == pytest.approx(3 / 68)


def _found(clusters: list[tuple[str, tuple[int, ...]]], unclustered: tuple[int, ...]) -> Discovery:
    texts = ("pay my bill", "see my bill", "stop it", "more data")
    made = []
    for name, members in clusters:
        action, _, objective = name.partition("-")
        named = ClusterName(action, objective)
        made.append(Cluster(named, (name,), members, members, 1.0, True, 0.1, 1, len(members)))
    return Discovery(
        utterances=tuple(Utterance(text) for text in texts),
        vectors=np.zeros((4, 2), np.float32),
        clusters=tuple(made),
        unclustered=unclustered,
        set_aside=(SetAside("hello", 50, "greeting"),),
        rounds=(),
        merges=(),
        judge="",
        final_judge="",
        namer="",
        goodness=0.0,
    )
