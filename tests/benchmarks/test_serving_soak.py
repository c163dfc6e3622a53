"""A soak of seconds holds what it promises, and one that went wrong says so."""

import json
import time
from collections import Counter

import pytest

from benchmarks.serving_faults import Answered, Outcome
from benchmarks.serving_server import cores
from benchmarks.serving_soak import Length, soaked
from benchmarks.serving_soak_figures import Switch, exposed, grown, verdict
from tests.workspaces import copy_folder
from turnwise.decision_log import Exposure, LogBatch
from turnwise.serving.deployment import Challenger, Experiment
from turnwise.workspace import Workspace

NOW = time.time()
EXPERIMENT = Experiment("e", "old", (Challenger("new", 0.5),), "2026-11-22T00:00:00+00:00")
SWITCHES = [Switch(NOW, 1.0, EXPERIMENT), Switch(NOW + 100, 1.0, None)]
FINE = {"experiments": 1, "conversations": 1, "by_another_arm": 0, "lost_exposures": 0}
FLAT = [100.0] * 20


@pytest.fixture
def work(finished, tmp_path):
    return copy_folder(finished, tmp_path / "work")


def answered(name: str, bundle: str = "", since: float = 5.0) -> Answered:
    return Answered(name, bundle or EXPERIMENT.bundle_for(name), NOW + since, NOW + since + 1)


def test_switches_faults_and_hang_ups_cost_no_request_and_no_exposure(work):
    figures, held = soaked(work, Length(18, 4, 1, share=0.3), cores())
    del held["memory"]  # which seconds don't tell
    assert all(held.values()), json.dumps(figures)
    assert figures["experiments"]
    assert set(figures["left"]) == {"half sent", "unread", "half read"}


def test_an_exposure_that_is_not_in_the_log_is_lost(work):
    names = [f"c{at}" for at in range(10)]
    logged = [
        Exposure(NOW + 5, "e", name, EXPERIMENT.bundle_for(name), "champion") for name in names[1:]
    ]
    with Workspace.open(work) as workspace:
        workspace.decision_log.put(LogBatch(exposures=logged))
    found = exposed(work, [answered(name) for name in names], SWITCHES)
    assert found == {**FINE, "conversations": 10, "lost_exposures": 1}


def test_only_what_was_surely_within_an_experiment_counts(work):
    early, late = answered("c1", since=0.5), answered("c2", since=99.5)
    assert exposed(work, [early, late], SWITCHES) == {**FINE, "conversations": 0}


def test_an_answer_by_the_other_arm_is_told(work):
    other = {"old": "new", "new": "old"}[EXPERIMENT.bundle_for("c1")]
    assert exposed(work, [answered("c1", other)], SWITCHES)["by_another_arm"] == 1


def test_memory_that_stays_counts_and_that_of_a_warm_up_or_a_loading_does_not():
    assert grown([10.0, 50.0, *[100.0, 180.0] * 9])["growth"] == 0
    rising = grown([float(one) for one in range(100, 200)])
    assert rising["growth"] == pytest.approx(170 / 140 - 1, abs=1e-4)
    assert rising["slope_mb_a_minute"] == pytest.approx(240)


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        ({"statuses": Counter({200: 9, 500: 1})}, "errors"),
        ({"statuses": Counter({503: 1}), "no_retry": 1}, "errors"),
        ({"lost": 1}, "answers"),
        ({"mixed_up": 1}, "answers"),
        ({"of_bad": Counter({200: 1})}, "answers"),
        ({"statuses": Counter({422: 1})}, "answers"),
    ],
)
def test_one_thing_that_went_wrong_breaks_one_promise(broken, promise):
    _, held = verdict({}, Outcome(**broken), SWITCHES, FINE, FLAT)
    assert [name for name, holds in held.items() if not holds] == [promise]


def test_shed_requests_and_refused_bad_ones_break_none():
    outcome = Outcome(statuses=Counter({200: 9, 503: 3}), of_bad=Counter({400: 1, 503: 1}))
    figures, held = verdict({}, outcome, SWITCHES, FINE, FLAT)
    assert figures["shed"] == 4
    assert all(held.values())


def test_a_switch_that_was_not_followed_and_a_lost_exposure_are_told():
    missed = [Switch(NOW, None, EXPERIMENT)]
    assert not verdict({}, Outcome(), missed, FINE, FLAT)[1]["switches"]
    lost = {**FINE, "lost_exposures": 1}
    assert not verdict({}, Outcome(), SWITCHES, lost, FLAT)[1]["exposures"]
