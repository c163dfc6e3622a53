"""The embedded judges: on clusters that anybody can tell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.clusters import Space, Utterance
from turnwise.discovery.judging import EmbeddedJudge, WordingJudge
from turnwise.discovery.judging.classifier import learnt
from turnwise.discovery.judging.halves import halve
from turnwise.discovery.judging.statistics import GEOMETRY, Surroundings, describe
from turnwise.discovery.judging.wording import WORDING, Worded, describe_wording

INTENTS, EACH = 8, 30
WISHES = (
    ("where is my {}", ("parcel", "order", "delivery")),
    ("please cancel the {}", ("contract", "subscription", "plan")),
    ("how much does {} cost", ("shipping", "insurance", "roaming")),
    ("i forgot my {} again", ("password", "pin", "login")),
    ("my {} does not switch on", ("screen", "phone", "router")),
    ("change the {} of my account", ("address", "email", "owner")),
    ("can i pay by {}", ("card", "cheque", "invoice")),
    ("the driver was {} to us", ("rude", "unfriendly", "late")),
)
TAILS = (
    "",
    " please",
    " today",
    " and why",
    " now",
    " thanks",
    " or not",
    " at last",
    " sir",
    " ok",
)


def texts_of(wish: int) -> list[str]:
    pattern, fillings = WISHES[wish]
    return [pattern.format(one) + tail for one in fillings for tail in TAILS]


@pytest.fixture(scope="module")
def space() -> Space:
    """Eight intents, each around a direction of its own, its members spread about it."""
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(INTENTS, 48))
    rows = np.repeat(centres, EACH, axis=0) + 0.6 * generator.normal(size=(INTENTS * EACH, 48))
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    utterances = tuple(Utterance(text) for wish in range(INTENTS) for text in texts_of(wish))
    return Space(utterances, vectors, vectors)


def intents() -> list[np.ndarray]:
    return [np.arange(EACH) + EACH * wish for wish in range(INTENTS)]


def mixtures() -> list[np.ndarray]:
    """Each half of one intent and half of the next."""
    return [np.sort((rows + EACH // 2) % (INTENTS * EACH)) for rows in intents()]


def pieces() -> list[np.ndarray]:
    """Sixths of intents, at random."""
    generator = np.random.default_rng(1)
    return [part for rows in intents() for part in np.split(generator.permutation(rows), 6)]


def share_good(judge, space, clusters) -> float:
    return float(np.mean([one.good for one in judge.judge(space, clusters)]))


def test_the_loops_judge_tells_intents_from_mixtures_and_from_pieces(space):
    judge = EmbeddedJudge()
    assert share_good(judge, space, intents()) >= 0.8
    assert share_good(judge, space, mixtures()) <= 0.2
    assert share_good(judge, space, pieces()) <= 0.2


def test_the_final_judge_tells_intents_from_mixtures_by_their_words_alone(space):
    judge = WordingJudge()
    blind = Space(space.utterances, space.vectors[::-1], space.plain[::-1])
    assert share_good(judge, space, intents()) >= 0.8
    assert share_good(judge, space, mixtures()) <= 0.4
    assert judge.judge(blind, intents()) == judge.judge(space, intents())


def test_the_judges_share_neither_statistics_nor_sets():
    kept = learnt()
    assert set(kept.loop.statistics) == set(GEOMETRY)
    assert set(kept.final.statistics) == set(WORDING)
    names = [{part.split(" (")[0] for part in kept.origin[one].split("; ")} for one in JUDGES]
    assert not names[0] & names[1]


JUDGES = ("loop", "final")


def test_a_score_agrees_with_its_verdict_and_a_reason_names_the_pull(space):
    for judge in (EmbeddedJudge(), WordingJudge()):
        for verdict in judge.judge(space, [*pieces(), intents()[0][:1]]):
            assert 0 <= verdict.score <= 1
            assert verdict.good == (verdict.score > 0.5)
            assert verdict.heard
            assert "members" in verdict.reason
    reasons = [one.reason for one in EmbeddedJudge().judge(space, pieces())]
    assert any("lie with “" in reason for reason in reasons)


def test_a_verdict_depends_neither_on_the_order_of_clusters_nor_on_that_of_rows(space):
    for judge in (EmbeddedJudge(), WordingJudge()):
        clusters = [*intents()[:3], *mixtures()[3:5]]
        turned = [rows[::-1].copy() for rows in reversed(clusters)]
        found = [one.score for one in judge.judge(space, clusters)]
        assert [one.score for one in judge.judge(space, turned)][::-1] == pytest.approx(found)


def test_no_cluster_no_verdict(space):
    assert EmbeddedJudge().judge(space, []) == []
    assert WordingJudge().judge(space, []) == []


@settings(deadline=None, max_examples=25)
@given(
    n=st.integers(2, 40),
    alike=st.booleans(),
    text=st.sampled_from(["", "?", "私の注文はどこですか", "where is it", "a " * 3000]),
    seed=st.integers(0, 99),
)
def test_whatever_comes_is_described_in_finite_figures(n, alike, text, seed):
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(n, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    if alike:
        vectors[:] = vectors[0]
    owner = generator.integers(-1, 3, n)
    clusters = [rows for at in range(3) if len(rows := np.flatnonzero(owner == at))]
    if not clusters:
        return
    assert np.isfinite(describe(Surroundings.of(vectors), clusters).statistics).all()
    assert np.isfinite(describe_wording(Worded.of([text] * n), clusters)).all()


def test_two_heaps_are_halved_where_they_part_and_equal_points_are_not():
    generator = np.random.default_rng(0)
    heaps = np.vstack([np.eye(6)[0] + 0.1 * generator.normal(size=(20, 6)) for _ in range(2)])
    heaps[20:] += 2 * np.eye(6)[1]
    side = halve(heaps)
    assert set(side[:20]) != set(side[20:])
    assert len(set(side[:20])) == len(set(side[20:])) == 1
    assert not halve(np.ones((9, 4))).any()
