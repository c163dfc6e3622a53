"""Guesses follow the curve of earlier rounds, and hits are counted where all were tried."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from turnwise.clusters import Round, Trial
from turnwise.discovery.pruning import GUESSES, by_curve, hits

LADDER = tuple(float(2**power) for power in range(1, 9))


def round_of(best: float, n: int, number: int = 1, level: float = 1.0) -> Round:
    """A round whose odds of good clusters fall off around one candidate, all left."""
    trials = []
    for one in LADDER:
        good = level * math.exp(-(abs(math.log(one / best)) ** 2) / 2)
        trials.append(Trial(one, round(100 * good), 100 - round(100 * good), 0, n))
    chosen = max(range(len(trials)), key=lambda place: trials[place].good)
    return Round(number, tuple(trials), chosen, (), (), tuple(range(n)))


def test_the_best_candidate_of_the_last_round_is_guessed_first():
    assert by_curve([round_of(16, 1000)], LADDER, 1000)[0] == 16


def test_fewer_utterances_move_the_guess_to_fewer_clusters():
    assert by_curve([round_of(32, 1000)], LADDER, 250)[0] == 8


def test_rounds_share_their_curve_whatever_their_level():
    log = [round_of(32, 1000), round_of(16, 500, 2, level=0.2)]
    assert by_curve(log, LADDER, 250)[0] == 8


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8),
    st.integers(10, 10_000),
)
def test_any_log_gives_a_few_different_guesses_among_the_candidates(judged, n):
    trials = tuple(Trial(one, *counts, 0, 0) for one, counts in zip(LADDER, judged, strict=False))
    found = by_curve([Round(1, trials, 0, (), (), tuple(range(100)))], LADDER, n)
    assert len(found) == len(set(found)) == GUESSES
    assert set(found) <= set(LADDER)


def test_a_log_without_trials_tells_nothing():
    assert by_curve([], LADDER, 100) == ()
    assert by_curve([Round(1, (), 0, (), (), ())], LADDER, 100) == ()


def test_hits_count_the_rounds_whose_best_was_guessed():
    one = replace(round_of(16, 1000), predicted=(16.0, 8.0))
    other = replace(round_of(16, 1000), predicted=(4.0, 16.0))
    assert hits([round_of(2, 10), one, other], most=3) == [(1, 2), (2, 2), (2, 2)]
    assert hits([round_of(2, 10)], most=1) == [(0, 0)]
