"""What moved between a bundle's training and what it decides on, and what is but chance."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.bundle.reference import Profile, Sample
from turnwise.decision_log import GivenLabel, LoggedDecision
from turnwise.serving.drift import DriftWindow, measure, missing
from turnwise.serving.drift.shifts import (
    Known,
    difference_interval,
    js_distance,
    psi,
    shift,
)

LABELS = [f"L{at:02}" for at in range(12)]
USUAL = np.array([1 / (at + 1.5) for at in range(12)])
USUAL /= USUAL.sum()


def talk(rng, name, share, doubt, strange, turns):
    """A conversation's turns: labels and confidence of one are alike."""
    topic, mood = rng.choice(12, p=share), rng.normal(0, 0.5)
    for _ in range(turns):
        label = topic if rng.random() < 0.6 else rng.choice(12, p=share)
        confidence = 1 / (1 + np.exp(doubt - mood - rng.normal(0, 1.2)))
        score = rng.normal(2.0 if rng.random() < strange else 0.0, 0.5)
        yield name, {"intent": GivenLabel(LABELS[label], float(confidence))}, score, score > 1


def traffic(seed, turns, share=USUAL, doubt=-0.6, strange=0.05):
    """Conversations of six turns."""
    rng, made = np.random.default_rng(seed), Sample()
    for at in range(turns // 6 + 1):
        for one in talk(rng, f"c{at}", share, doubt, strange, 6):
            made.add(*one)
    return made.profile()


def verdicts(found):
    return {(one.kind, one.dimension): one.verdict for one in found.measures}


KINDS = [("labels", "intent"), ("confidence", "intent"), ("out_of_domain", ""), ("score", "")]


# Distributions

shares = (
    st.lists(st.floats(0.01, 1), min_size=2, max_size=20)
    .map(np.array)
    .map(lambda some: some / some.sum())
)
pairs = st.integers(2, 20).flatmap(
    lambda size: st.tuples(
        *(
            st.lists(st.floats(0.001, 1), min_size=size, max_size=size).map(
                lambda some: np.array(some) / sum(some)
            )
            for _ in range(2)
        )
    )
)


@given(pairs)
def test_a_stability_index_is_never_below_nought_and_the_same_both_ways(both):
    one, other = both
    assert psi(one, other) >= 0
    assert psi(one, other) == pytest.approx(psi(other, one))


@given(pairs)
def test_a_distance_is_symmetric_and_between_nought_and_one(both):
    one, other = both
    assert 0 <= js_distance(one, other) <= 1
    assert js_distance(one, other) == pytest.approx(js_distance(other, one))


def test_distributions_with_nothing_in_common_are_at_distance_one():
    assert js_distance(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(1)


@given(shares, st.floats(1, 1e5), st.floats(1, 1e5))
def test_equal_distributions_have_not_moved_whatever_they_are_known_from(some, n, m):
    found = shift(Known(some, n), Known(some, m))
    assert (found.psi, found.p) == (0, 1)
    assert found.distance == pytest.approx(0, abs=1e-6)


@given(pairs, st.floats(1, 1e4), st.floats(1, 1e4))
def test_a_shift_is_always_a_number_also_where_a_category_is_absent(both, n, m):
    one, other = both[0].copy(), both[1]
    one[one < one.max()] = 0
    found = shift(Known(one / one.sum(), n), Known(other, m))
    assert 0 <= found.psi < 100
    assert 0 <= found.p <= 1
    assert 0 <= found.distance <= 1


def test_rare_categories_are_pooled_with_their_neighbours():
    few = Known(np.array([0.01, 0.01, 0.02, 0.96]), 200)
    more = Known(np.array([0.02, 0.02, 0.01, 0.95]), 2_000)
    pooled = (Known(np.array(one), n) for one, n in (([0.02, 0.98], 200), ([0.04, 0.96], 2_000)))
    assert shift(few, more) == shift(*pooled)


@pytest.mark.parametrize("turns", [20, 2_000, 200_000])
def test_what_has_vanished_altogether_is_seen_however_much_there_is_now(turns):
    before, now = np.array([0.0, 0.1, 0.2, 0.7]), np.array([1.0, 0, 0, 0])
    found = shift(Known(before, 30), Known(now, turns))
    assert found.psi > 1
    assert found.p == 0.001
    assert found.distance == pytest.approx(1)


def test_p_is_that_of_the_chi_square_test_where_both_hold():
    scipy = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    for _ in range(20):
        counts = np.array([rng.multinomial(size, [0.1, 0.2, 0.3, 0.4]) for size in (300, 500)])
        both = (Known(np.sort(one / one.sum()), float(one.sum())) for one in counts)
        wanted = scipy.chi2_contingency(np.sort(counts, axis=1), correction=False).pvalue
        assert shift(*both).p == pytest.approx(wanted, abs=0.05)


def test_a_difference_has_the_interval_of_newcombe_s_first_example():
    low, high = difference_interval((48 / 80, 80), (56 / 70, 70), 1.959964)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


# Measures


@pytest.mark.parametrize(("turns", "windows"), [(200, 120), (2_000, 40)])
def test_when_nothing_changed_one_window_in_twenty_alarms_at_most(turns, windows):
    alarms = sum(
        measure(traffic(2 * at, 120), traffic(2 * at + 1, turns)).verdict != "steady"
        for at in range(windows)
    )
    assert alarms / windows <= 0.05


def test_without_minding_conversations_it_would_alarm_at_chance():
    """Conversations of one topic each: what the design effect is for."""

    def alone(profile: Profile) -> Profile:
        one = profile.dimensions["intent"]
        labels = replace(one.labels, effective=float(profile.turns))
        return replace(profile, dimensions={"intent": replace(one, labels=labels)})

    pairs = [(traffic(2 * at, 120), traffic(2 * at + 1, 200)) for at in range(40)]
    minded = sum(measure(*both).verdict != "steady" for both in pairs)
    naive = sum(measure(*map(alone, both)).verdict != "steady" for both in pairs)
    assert minded <= 2 < naive


@pytest.mark.parametrize("turns", [200, 2_000])
def test_what_changed_is_told_with_the_figure_that_moved(turns):
    before = traffic(1, 600)
    other = USUAL[::-1]
    found = measure(before, traffic(2, turns, share=other))
    assert verdicts(found)["labels", "intent"] == "strongly moved"
    assert verdicts(found)["score", ""] == "steady"
    assert {one.label for one in found.labels[:2]} == {LABELS[0], LABELS[-1]}
    grown = next(one for one in found.labels if one.label == LABELS[-1])
    assert grown.share.grew
    assert grown.share.low < grown.share.now - grown.share.before < grown.share.high

    found = measure(before, traffic(3, turns, strange=0.4))
    assert verdicts(found)["out_of_domain", ""] == verdicts(found)["score", ""] == "strongly moved"
    assert verdicts(found)["labels", "intent"] == "steady"

    found = measure(before, traffic(4, turns, doubt=1.0))
    assert verdicts(found)["confidence", "intent"] == "strongly moved"
    assert found.verdict == "strongly moved"
    change = next(one.change for one in found.measures if one.kind == "confidence")
    assert change.high < 0


def test_a_profile_has_not_moved_from_itself():
    same = traffic(1, 600)
    found = measure(same, same)
    assert [(one.kind, one.dimension) for one in found.measures] == KINDS
    assert {(one.psi, one.p, one.verdict) for one in found.measures} == {(0, 1, "steady")}
    assert not any(one.share.grew for one in found.labels)


def test_a_large_index_of_a_small_sample_is_no_alarm():
    before, now = Sample(), Sample()
    for at in range(20):
        before.add(f"a{at}", {"intent": GivenLabel("BUY" if at < 10 else "SELL", 0.5)})
    for at in range(20):
        now.add(f"b{at}", {"intent": GivenLabel("BUY" if at < 14 else "SELL", 0.5)})
    assert psi(np.array([0.5, 0.5]), np.array([0.7, 0.3])) > 0.1
    assert measure(before.profile(), now.profile()).verdict == "steady"


def test_what_one_side_can_not_tell_is_left_out():
    blind = replace(traffic(1, 200), out_of_domain=None, score=None)
    for both in ((blind, traffic(2, 200)), (traffic(2, 200), blind)):
        assert {one.kind for one in measure(*both).measures} == {"labels", "confidence"}


def test_it_says_why_nothing_can_be_measured():
    reference = traffic(1, 200)
    assert missing(reference, 100) == ""
    assert "99 decisions are too few" in missing(reference, 99)
    assert "Run 'turnwise train' again" in missing(None, 10_000)
    assert "no labelled turns were held apart" in missing(Sample().profile(), 10_000)


# The window of a running server


def decision(at, **changes):
    made = LoggedDecision(
        at=float(at),
        conversation=f"c{at}",
        owner="router",
        turn=0,
        arm="champion",
        experiment="",
        bundle="shop-1",
        taxonomy_version=1,
        kind="accept",
        sure=True,
        labels={"intent": GivenLabel("asked", 1.0)},
        model={"intent": GivenLabel(LABELS[at % 3], 0.5)},
        out_of_domain=0.0,
        strange=False,
        text="what the customer said",
    )
    return replace(made, **changes)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def window():
    reference = traffic(1, 600)
    clock = Clock()
    return DriftWindow("shop-1", reference, latest=150, clock=clock), clock


def test_a_window_tells_nothing_before_it_holds_a_hundred_decisions(window):
    held, clock = window
    for at in range(99):
        held.add(decision(at))
    assert held.measures() == {}
    held.add(decision(99))
    clock.now += 60
    assert held.measures()["decisions", ""] == 100


def test_it_shows_each_measure_with_its_verdict(window):
    held, _ = window
    for at in range(120):
        held.add(decision(at, model={"intent": GivenLabel("NEW", 0.05)}, strange=True))
    shown = held.measures()
    assert shown["labels_verdict", "intent"] == shown["confidence_verdict", "intent"] == 2
    assert shown["labels_psi", "intent"] > 0.25
    assert 0 < shown["labels_distance", "intent"] <= 1
    assert shown["mean_confidence_change", "intent"] < -0.3
    assert shown["out_of_domain_change", ""] > 0.8


def test_it_holds_the_latest_and_forgets_the_others(window):
    held, _ = window
    for at in range(200):
        held.add(decision(at, strange=True))
    for at in range(150):
        held.add(decision(at, strange=False))
    assert held.drift().decisions == 150
    assert held.measures()["out_of_domain_change", ""] < 0


def test_shadows_and_other_bundles_are_passed_over(window):
    held, clock = window
    for at in range(140):
        held.add(decision(at, arm="shadow"))
        held.add(decision(at, bundle="shop-2"))
    assert held.drift() is None
    clock.now += 60
    for at in range(120):
        held.add(decision(at, arm="challenger"))
    assert held.drift().decisions == 120


def test_what_it_found_is_kept_for_some_seconds(window):
    held, clock = window
    for at in range(100):
        held.add(decision(at))
    assert held.drift().decisions == 100
    held.add(decision(100))
    assert held.drift().decisions == 100
    clock.now += 60
    assert held.drift().decisions == 101


def test_without_a_reference_there_is_no_drift():
    for reference in (None, Sample().profile()):
        held = DriftWindow("shop-1", reference)
        for at in range(200):
            held.add(decision(at))
        assert held.measures() == {}


def test_threads_may_add_while_others_measure():
    held = DriftWindow("shop-1", traffic(1, 600), clock=count(0, 60).__next__)
    failed = []

    def work(job):
        try:
            job()
        except Exception as error:
            failed.append(error)

    def add():
        for at in range(400):
            held.add(decision(at))

    jobs = [add, add, add, lambda: [held.measures() for _ in range(10)]]
    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    assert held.drift().decisions == 1200


def test_what_was_said_is_not_kept(window):
    held, _ = window
    held.add(decision(0))
    assert not any("customer" in repr(one) for one in held._seen)
