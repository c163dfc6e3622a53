"""Exposures, decisions and feedback become sessions."""

import pytest

from tests.evaluation.experiment.traffic_cases import PLAN, START, MemoryTraffic
from turnwise.evaluation.experiment.gathering import gather_sessions


@pytest.fixture
def traffic():
    return MemoryTraffic()


def gathered(traffic):
    return gather_sessions(traffic, PLAN.name, PLAN.shares, PLAN.started)


def only(traffic):
    (session,) = gathered(traffic).sessions
    return session


def value(traffic, metric, bundle="new"):
    arms = {one.bundle: one for one in traffic.report().arms}
    measure = arms[bundle].metrics[metric]
    return None if measure.estimate is None else measure.estimate.value


def test_a_session_is_of_the_arm_of_its_first_exposure(traffic):
    traffic.expose("c", "new", START)
    traffic.expose("c", "old", START + 1)
    assert only(traffic).bundle == "new"


def test_shadows_other_experiments_and_unknown_bundles_expose_nobody(traffic):
    traffic.expose("a", "new", arm="shadow")
    traffic.expose("b", "new", experiment="july")
    traffic.expose("c", "gone")
    assert gathered(traffic).sessions == ()
    assert gathered(traffic).other_exposures == 2


def test_decisions_of_shadows_and_of_other_experiments_are_passed_over(traffic):
    traffic.session("c", "new")
    traffic.decide("c", "new", turn=2, arm="shadow", kind="hand_off")
    traffic.decide("c", "new", turn=4, experiment="", kind="hand_off")
    assert (only(traffic).turns, only(traffic).person) == (1, False)


def test_a_turn_that_is_sent_again_makes_no_session_of_several_turns(traffic):
    traffic.session("c", "new")
    traffic.decide("c", "new")
    assert value(traffic, "multi-turn share") == 0
    traffic.decide("c", "new", turn=2)
    assert value(traffic, "multi-turn share") == 1


def test_a_session_that_another_bundle_served_after_a_switch_stays_and_is_counted(traffic):
    traffic.session("c", "new")
    traffic.decide("c", "old", at=START + 50, turn=2, experiment="", kind="hand_off")
    (arm,) = [one for one in traffic.report().arms if one.bundle == "new"]
    assert (arm.sessions, arm.crossed_over) == (1, 1)
    assert value(traffic, "hand-off rate") == 0


def test_a_session_that_began_before_the_experiment_did_not_cross_over(traffic):
    traffic.decide("c", "old", at=START - 30, experiment="")
    traffic.session("c", "new", START + 30)
    assert not only(traffic).crossed_over


def test_decisions_without_an_exposure_are_counted(traffic):
    traffic.decide("c", "new")
    traffic.decide("c", "new", turn=2)
    assert gathered(traffic).unexposed == 1


def test_feedback_of_other_conversations_is_counted_and_that_of_before_is_not(traffic):
    traffic.session("c", "new", START + 10)
    traffic.tell("other", finished=True)
    traffic.tell("other", rating="bad")
    traffic.tell("older", START - 5)
    traffic.tell("c", START - 5, rating="bad")
    assert gathered(traffic).other_feedback == 1
    assert only(traffic).outcome is None


def test_what_is_said_later_goes_before_what_was_said_earlier_field_by_field(traffic):
    traffic.session("c", "new")
    traffic.tell("c", START + 1, finished=False, rating="good", turn=0, corrected={"intent": "a"})
    traffic.tell("c", START + 2, finished=True, turn=0, corrected={"intent": "refund"})
    told = only(traffic).outcome
    assert (told.finished, told.rating, told.resolved) == (True, "good", None)
    assert only(traffic).misrouted is False


@pytest.mark.parametrize(
    ("told", "resolved"),
    [
        ({"finished": True}, 1),
        ({"resolved": True}, 1),
        ({"finished": False}, 0),
        ({"finished": True, "rating": "bad"}, 0),
        ({"finished": True, "rating": "good"}, 1),
        ({"finished": True, "hand_off": True}, 0),
        ({"finished": True, "hand_off": False}, 1),
    ],
)
def test_resolved_is_what_was_finished_without_a_person_and_without_a_bad_rating(
    traffic, told, resolved
):
    traffic.session("c", "new", **told)
    assert value(traffic, "resolution rate") == resolved


def test_a_decision_to_hand_off_makes_a_session_neither_automated_nor_resolved(traffic):
    traffic.session("c", "new", finished=True)
    traffic.decide("c", "new", turn=2, kind="hand_off")
    assert value(traffic, "automation rate") == 0
    assert value(traffic, "hand-off rate") == 1
    assert value(traffic, "resolution rate") == 0


def test_scsat_is_over_rated_sessions_of_the_bot_alone(traffic):
    traffic.session("a", "new", rating="good")
    traffic.session("b", "new", rating="bad", hand_off=True)
    traffic.session("c", "new", finished=True)
    assert value(traffic, "SCSAT") == 1
    traffic.session("d", "new", rating="bad")
    assert value(traffic, "SCSAT") == 0.5


@pytest.mark.parametrize(
    ("told", "misrouted"),
    [
        ({"finished": True}, None),
        ({"misrouted": True}, True),
        ({"misrouted": False}, False),
        ({"turn": 2, "corrected": {"intent": "refund"}}, True),
        ({"turn": 0, "corrected": {"intent": "refund"}}, False),
        ({"misrouted": False, "turn": 2, "corrected": {"intent": "refund"}}, True),
        ({"corrected": {"intent": "cancel"}}, False),  # of the last turn
        ({"turn": 8, "corrected": {"intent": "cancel"}}, None),  # which was not decided on
        ({"turn": 0, "corrected": {"mood": "angry"}}, None),  # which was not given
    ],
)
def test_a_session_is_misrouted_by_word_or_by_a_label_that_was_put_right(traffic, told, misrouted):
    traffic.session("c", "new", **told)
    traffic.decide("c", "new", turn=2, label="cancel")
    assert only(traffic).misrouted is misrouted


def test_asking_costs_and_out_of_domain_are_of_the_session(traffic):
    traffic.session("a", "new")
    traffic.decide("a", "new", turn=2, kind="escalate", by="small", cost=0.002)
    traffic.decide("a", "new", turn=4, kind="out_of_domain", by="small", cost=0.001)
    traffic.session("b", "new")
    assert value(traffic, "asked share") == 0.5
    assert value(traffic, "out-of-domain share") == 0.5
    assert value(traffic, "cost per 1,000 sessions") == pytest.approx(1.5)


def test_durations_are_of_resolved_sessions_and_faulty_ones_are_left_out(traffic):
    for name, told in enumerate(
        [
            {"finished": True, "duration": 100.0},
            {"finished": True, "duration": 300.0},
            {"finished": True, "duration": float("nan")},
            {"finished": True, "duration": -5.0},
            {"finished": True, "duration": 1e300},
            {"finished": False, "duration": 9000.0},
        ]
    ):
        traffic.session(f"c{name}", "new", **told)
    assert value(traffic, "resolution time") == 200


def test_a_guess_beside_a_question_was_given_to_nobody(traffic):
    traffic.session("c", "new", finished=True)
    traffic.decide("c", "new", turn=2, label="cancel", kind="clarify")
    traffic.tell("c", turn=0, corrected={"intent": "refund"})
    traffic.tell("c", turn=2, corrected={"intent": "refund"})
    assert not only(traffic).misrouted
