"""The simulated reader and the figures of the ablations."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.discovery_ablation import Reading, readings
from benchmarks.discovery_ablation_readers import Reader, agreement, gold_name
from benchmarks.discovery_ablation_roles import hidden, right_share, truth_of
from benchmarks.discovery_data import GoldSet
from tests.labelling.conftest import WordEncoder
from turnwise.clusters import Space
from turnwise.conversations import Conversation, Turn
from turnwise.discovery.naming import EmbeddedNamer
from turnwise.discovery.naming.llm import LlmNamer
from turnwise.discovery.roles import Sides
from turnwise.llm import Background

INTENTS = ("card_arrival",) * 40 + ("lost_card",) * 10
GOLD = GoldSet("some", tuple(f"text {n}" for n in range(50)), INTENTS)
MIXED, PURE = np.arange(50), np.arange(40)


def space() -> Space:
    """The 40 texts of one intent lie near each other, the other 10 opposite."""
    spread = np.linspace(0.0, 0.5, 50)
    vectors = np.stack([np.cos(spread), np.sin(spread)], axis=1).astype(np.float32)
    vectors[40:] *= -1
    return Space(GOLD.utterances, vectors, vectors)


def verdicts(reading: Reading, clusters, seed: int = 0) -> tuple[list[bool], int]:
    with Background() as background:
        judge, reader = reading.judge(GOLD, seed, background)
        return [one.good for one in judge.judge(space(), clusters)], reader.asked


def test_a_reader_judges_what_it_is_shown_and_not_the_cluster() -> None:
    assert verdicts(Reading("nearest", 15), [MIXED]) == ([True], 1)
    assert verdicts(Reading("farthest", 15), [MIXED]) == ([False], 1)


def test_repeats_are_asked_where_the_draws_differ() -> None:
    assert verdicts(Reading("random", 10, repeats=3), [PURE])[1] == 3
    assert verdicts(Reading("nearest", 10, repeats=3), [PURE])[1] == 1


def test_a_reader_errs_as_often_as_it_is_told_and_alike_when_asked_again() -> None:
    clusters = [PURE[start : start + 5] for start in range(36)] * 2
    said, _ = verdicts(Reading("random", 10, wrong=0.25), clusters)
    assert said[:36] == said[36:]
    assert 0 < said[:36].count(False) < 20
    assert verdicts(Reading("random", 10, wrong=1.0), [PURE[:5]])[0] == [False]


def test_agreement_counts_both_kinds_of_error() -> None:
    with Background() as background:
        judge, _ = Reading("nearest", 5).judge(GOLD, 0, background)
        lenient = agreement(judge, space(), [PURE, np.arange(10, 50)], GOLD.gold)
    assert lenient == {
        "accuracy": 0.5,
        "missed": 0.0,
        "let_through": 1.0,
        "coherent": 0.5,
        "clusters": 2,
    }


def test_a_name_is_the_intents_own_words() -> None:
    assert gold_name("card_arrival").name == "card-arrival"
    assert gold_name("alarm").name == "inquire-alarm"
    assert gold_name("a_b_c_d_e_f_g").name == "a-b-c-d-e-f"


def test_a_namer_that_asks_gives_two_clusters_of_one_intent_one_name() -> None:
    with Background() as background:
        namer = LlmNamer(Reader.of(GOLD), background, EmbeddedNamer(WordEncoder()))
        names = [one.name for one in namer.name(space(), [PURE[:20], PURE[20:]])]
    assert names == ["card-arrival", "card-arrival"]


def test_the_rows_without_an_error_are_there_for_every_sampling_and_size() -> None:
    rows = readings(quick=False)
    assert {(one.sampling, one.sample) for one in rows if one.repeats == 1 and not one.wrong} == {
        (sampling, sample)
        for sampling in ("random", "nearest", "farthest", "convex")
        for sample in (5, 10, 20)
    }
    assert len(set(rows)) == len(rows)


def test_an_intent_begins_where_the_customers_turn_before_had_another() -> None:
    def said(role, *labels: str) -> Turn:
        return Turn(role, "words", {"intent": labels} if labels else {})

    turns = (
        said("customer", "Bank_1/Pay"),
        said("agent"),
        said("customer", "Bank_1/Pay"),
        said("customer", "Bank_1/NONE"),
        said("customer", "Bank_1/Pay"),
        said("customer", "Bank_1/Pay", "Bank_1/See"),
    )
    talk = Conversation("c", turns)
    known = truth_of([talk])
    assert [known["c", at].begins for at in (0, 2, 4)] == [True, False, True]
    assert [known["c", at].intent for at in (1, 3, 5)] == ["", "", ""]
    assert {one.role for one in hidden(talk).turns} == {"customer"}
    sides = Sides(np.array([0, 1, 2]), np.array([3, 4, 5]))
    assert right_share(sides, [known["c", at] for at in range(6)]) == pytest.approx(2 / 6)
