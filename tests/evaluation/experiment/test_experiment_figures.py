"""What an experiment's arms did, and what its reader is warned of."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.evaluation.experiment.traffic_cases import DAY, PLAN, START, MemoryTraffic, simulate
from turnwise.cli.console import plain
from turnwise.evaluation.experiment.figures import ExperimentPlan
from turnwise.evaluation.experiment.gathering import Gathered
from turnwise.evaluation.experiment.report import describe_experiment
from turnwise.evaluation.experiment.sessions import Outcome, Session
from turnwise.evaluation.experiment.warnings import p_text


def kinds(report):
    return [one.kind for one in report.warnings]


def text(report, kind):
    return " ".join(one.text for one in report.warnings if one.kind == kind)


def drawn(rng, sessions, rate=0.5, plan=PLAN):
    """Sessions of a number of customers, drawn into the arms of a plan: resolved or not."""
    arms = rng.choice(list(plan.shares), size=sessions, p=list(plan.shares.values()))
    resolved = rng.random(sessions) < rate
    days = rng.uniform(0, 14 * DAY, sessions)
    return Gathered(
        tuple(
            Session(str(arm), START + float(at), True, turns=1, outcome=Outcome(finished=bool(how)))
            for arm, at, how in zip(arms, days, resolved, strict=True)
        )
    )


def test_alike_arms_are_told_apart_in_about_5_of_100_experiments():
    rng = np.random.default_rng(1)
    reports = [describe_experiment(PLAN, drawn(rng, 300), START + DAY) for _ in range(250)]
    found = [one.comparisons[0] for one in reports]
    by_session = np.mean([one.metrics["resolution rate"].p < 0.05 for one in found])
    by_day = np.mean([one.days["resolution rate"].p < 0.05 for one in found])
    assert 0.02 <= by_session <= 0.085
    assert 0.02 <= by_day <= 0.085
    assert not any(one.mismatch for one in reports)


def test_of_alike_challengers_none_is_told_apart_in_about_95_of_100_experiments():
    rng = np.random.default_rng(2)
    plan = replace(PLAN, shares={"old": 0.25, "a": 0.25, "b": 0.25, "c": 0.25})
    reports = [describe_experiment(plan, drawn(rng, 300, 0.5, plan), START) for _ in range(80)]
    any_told = [any(one.corrected < 0.05 for one in report.comparisons) for report in reports]
    assert np.mean(any_told) <= 0.09


def test_a_better_challenger_is_found_by_session_and_by_day():
    report = simulate({"old": 0.45, "new": 0.60}, 700).report(now=START + 10 * DAY)
    (compared,) = report.comparisons
    found = compared.metrics["resolution rate"]
    assert found.p < 0.001
    assert found.difference.low > 0
    assert compared.corrected == found.p  # of one challenger
    assert compared.days["resolution rate"].p < 0.05
    assert compared.days["resolution rate"].difference.low > 0
    assert kinds(report) == []


def test_fewer_than_three_days_are_not_compared_by_day():
    report = simulate({"old": 0.5, "new": 0.5}, 200, days=2).report()
    assert "3 days" in report.comparisons[0].days["resolution rate"].note


def test_arms_of_other_sizes_than_their_shares_are_an_alarm_that_comes_first():
    traffic = MemoryTraffic()
    for at in range(1000):
        traffic.session(f"c{at}", "old" if at < 600 else "new", finished=True)
    report = traffic.report()
    assert report.mismatch
    assert kinds(report)[0] == "sample_ratio"
    assert "old has 600 sessions where 500 were to be" in text(report, "sample_ratio")


def test_the_sample_ratio_counts_sessions_whose_decisions_are_not_logged():
    traffic = MemoryTraffic()
    for at in range(400):
        traffic.expose(f"c{at}", "old" if at % 2 else "new", logged=at < 100)
        if at < 100:
            traffic.decide(f"c{at}", "old" if at % 2 else "new")
    report = traffic.report()
    assert [(one.exposed, one.sessions, one.undecided) for one in report.arms] == [(200, 50, 0)] * 2
    assert report.ratio_p == 1.0


def test_sessions_that_are_not_to_be_logged_are_in_no_metric():
    traffic = MemoryTraffic()
    traffic.session("a", "new", finished=True)
    traffic.expose("b", "new", logged=False)
    traffic.decide("b", "new", kind="hand_off")
    new = traffic.report().arms[1]
    assert {one.sessions for one in new.metrics.values()} <= {0, 1}
    assert new.metrics["automation rate"].estimate.value == 1


def test_an_early_look_is_warned_of_with_counts_and_days():
    traffic = simulate({"old": 0.5, "new": 0.5}, 50)
    report = traffic.report(replace(PLAN, sessions=200), START + 10 * DAY)
    assert report.days_left == pytest.approx(30)
    assert "old 50, new 50" in text(report, "early")
    assert "30 days" in text(report, "early")
    assert report.fewest == 50


def test_an_experiment_that_ended_early_is_called_so():
    traffic = simulate({"old": 0.5, "new": 0.5}, 50)
    plan = replace(PLAN, sessions=200, ended=START + 10 * DAY)
    report = traffic.report(plan, START + 20 * DAY)
    assert text(report, "early").startswith("Ended early")
    assert report.days_left is None


def test_enough_sessions_are_not_warned_of():
    assert "early" not in kinds(simulate({"old": 0.5, "new": 0.5}, 120).report())


def test_no_exposure_at_all_is_said_and_nothing_else():
    traffic = MemoryTraffic()
    traffic.expose("c", "gone")
    report = traffic.report()
    assert kinds(report) == ["no_sessions"]
    assert "1 exposures are to bundles that are no arms" in text(report, "no_sessions")
    assert report.comparisons[0].metrics["resolution rate"].p is None


def test_an_arm_without_sessions_has_no_figures_and_is_named():
    traffic = MemoryTraffic()
    for at in range(4):
        traffic.session(f"c{at}", "old", finished=True)
    report = traffic.report()
    assert "no figures: new" in text(report, "no_sessions")
    assert report.arms[1].metrics["automation rate"].estimate is None
    assert report.comparisons[0].corrected is None
    assert report.days_left is None


def test_without_feedback_resolution_is_unknown_and_not_0():
    traffic = MemoryTraffic()
    for at in range(20):
        traffic.session(f"c{at}", "old" if at % 2 else "new")
    traffic.tell("elsewhere", finished=True)
    report = traffic.report()
    assert report.arms[0].metrics["resolution rate"].estimate is None
    assert report.arms[0].metrics["automation rate"].estimate.value == 1
    assert "resolution rate" not in report.comparisons[0].days
    assert "1 other conversations" in text(report, "no_feedback")


def test_feedback_that_is_silent_on_the_end_leaves_resolution_unknown():
    traffic = MemoryTraffic()
    for at in range(20):
        traffic.session(f"c{at}", "old" if at % 2 else "new", rating="good")
    report = traffic.report()
    assert report.arms[0].metrics["resolution rate"].sessions == 0
    assert "resolution rate is unknown" in text(report, "no_feedback")


def test_feedback_that_comes_more_often_from_one_arm_is_warned_of():
    traffic = MemoryTraffic()
    for at in range(400):
        told = {"finished": True} if at % 2 or at < 200 else {}
        traffic.session(f"c{at}", "old" if at % 2 else "new", **told)
    assert "50.0% of the sessions of new and 100.0%" in text(traffic.report(), "feedback_differs")


def test_all_good_in_both_arms_gives_no_difference():
    traffic = MemoryTraffic()
    for at in range(20):
        told = {"finished": True, "rating": "good", "duration": 60.0}
        traffic.session(f"c{at}", "old" if at % 2 else "new", at // 5 * DAY + START, **told)
    (compared,) = traffic.report().comparisons
    assert {name: one.p for name, one in compared.metrics.items() if name != "misrouting rate"} == {
        name: 1.0 for name in compared.metrics if name != "misrouting rate"
    }
    assert {one.p for one in compared.days.values()} == {1.0}


def test_what_does_not_fit_is_told():
    traffic = simulate({"old": 0.5, "new": 0.5}, 120)
    traffic.expose("lost", "new")
    traffic.decide("unseen", "new")
    traffic.decide("c3", "new", at=START + 20 * DAY, turn=30, experiment="")
    report = traffic.report()
    assert [one.undecided for one in report.arms] == [0, 1]
    assert "new 1" in text(report, "left_out")
    assert "1 conversations have decisions" in text(report, "left_out")
    assert "old 1 sessions" in text(report, "crossed")


def test_the_report_is_one_document_of_json_without_nan():
    empty = ExperimentPlan("e", {"old": 0.5, "new": 0.5}, 10, START)
    for report in (simulate({"old": 0.5, "new": 0.6}, 60).report(), MemoryTraffic().report(empty)):
        read = json.loads(json.dumps(plain(report), allow_nan=False))
        assert set(read["definitions"]) == set(read["arms"][0]["metrics"])


@pytest.mark.parametrize(
    ("p", "printed"), [(0.0004, "<.001"), (0.0123, ".012"), (1.0, "1"), (None, "–")]
)
def test_p_values_are_printed_with_three_digits(p, printed):
    assert p_text(p) == printed
