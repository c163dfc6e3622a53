"""What a server does reaches the log, whatever the database is up to, and nobody waits for it."""

from __future__ import annotations

import logging
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest
from policy_samples import CLEAR, UNSURE, said

from turnwise.conversations import Conversation, Turn
from turnwise.decision_log import Exposure, Feedback, GivenLabel, LogBatch
from turnwise.errors import WorkspaceError
from turnwise.serving import Policy, PolicyConfig, Retrieval
from turnwise.serving.http import recording
from turnwise.serving.http.bundles import Served
from turnwise.serving.http.recording import Recorder
from turnwise.workspace import Workspace

PATIENCE = 20.0
MANY = 1500


@pytest.fixture
def workspace(tmp_path):
    with Workspace.create(tmp_path / "work") as workspace:
        (tmp_path / "work" / "turnwise.yaml").touch()
        yield workspace


@pytest.fixture
def quick(monkeypatch):
    """A database that gives up soon, and a recorder that tries again soon."""
    monkeypatch.setattr("turnwise.workspace.database.BUSY_SECONDS", 0.05)
    monkeypatch.setattr(recording, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(recording, "LONGEST_PAUSE", 0.05)


@pytest.fixture(scope="module")
def policy(bundle):
    return Policy(bundle)


@pytest.fixture(scope="module")
def decision(policy):
    return policy.decide(said(CLEAR))


class Kept(list):
    """A log in memory; `free` is set while it takes anything."""

    def __init__(self):
        self.free = Event()
        self.free.set()

    def put(self, batch: LogBatch) -> None:
        if not self.free.is_set():
            raise WorkspaceError("busy")
        self.append(batch)

    @property
    def decisions(self):
        return [one for batch in self for one in batch.decisions]


def named(decision, conversation: str):
    return replace(decision, conversation_id=conversation)


def record(recorder, decision, served, *conversations: str) -> None:
    for one in conversations:
        recorder.served(named(decision, one), Conversation(one, ()), "router", served)


def waited(condition) -> bool:
    end = time.monotonic() + PATIENCE
    while not (done := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return done


# What a record says


def test_a_decision_is_logged_with_all_that_it_went_by(policy, workspace):
    talk = replace(said("hello", "how can I help?", CLEAR), id="c1")
    made = policy.decide(talk)
    recorder = Recorder(workspace.decision_log)
    recorder.served(made, talk, "router", Served(policy, "champion"))
    recorder.close()
    (one,) = workspace.decision_log.decisions()
    assert (one.conversation, one.owner, one.turn, one.arm) == ("c1", "router", 2, "champion")
    assert (one.bundle, one.taxonomy_version) == (made.bundle, made.taxonomy_version)
    assert (one.kind, one.sure, one.experiment, one.by) == (made.kind, made.sure, "", "")
    assert one.labels == one.model
    assert one.labels == {
        name: GivenLabel(choice.label, choice.confidence) for name, choice in made.choices.items()
    }
    assert (one.out_of_domain, one.strange) == (made.out_of_domain, made.strange)
    assert one.milliseconds == pytest.approx(sum(made.milliseconds.values()), abs=0.01)
    assert abs(one.at - time.time()) < 600
    assert one.text is None


def test_whoever_was_asked_is_named_beside_what_the_model_said(bundle, workspace):
    retrieval = Retrieval(bundle)
    asking = Policy(bundle, PolicyConfig(confidence=UNSURE, order=("escalate",)), retrieval)
    made = asking.decide(said(CLEAR))
    recorder = Recorder(workspace.decision_log)
    recorder.served(made, said(CLEAR), "", Served(asking, "champion"))
    recorder.served(made, said(CLEAR), "", Served(asking, "shadow"))
    recorder.close()
    one, shadow = workspace.decision_log.decisions()
    assert (one.by, shadow.by) == (retrieval.name, "")
    for name, choice in made.choices.items():
        assert one.model[name].label == choice.candidates[0][0]
        assert one.labels[name] == GivenLabel(choice.label, choice.confidence)


def test_labels_alone_are_logged_as_of_no_kind(policy, workspace):
    (made,) = policy.classify([said(CLEAR)])
    recorder = Recorder(workspace.decision_log)
    recorder.served(made, said(CLEAR), "", Served(policy, "champion"), 4.5)
    recorder.close()
    (one,) = workspace.decision_log.decisions()
    assert (one.kind, one.sure, one.milliseconds) == ("none", False, 4.5)
    assert one.labels == {name: GivenLabel(*ranked[0]) for name, ranked in made.scores.items()}
    assert one.strange == made.out_of_domain


def test_text_is_logged_where_it_is_asked_for_redacted_and_cut(policy, decision, workspace):
    mail = "Tess: it's dana@example.com"
    talk = Conversation(
        "c", (Turn("customer", "my name is Tess Okafor"), Turn("customer", mail + " no" * 900))
    )
    recorder = Recorder(workspace.decision_log, text=True)
    recorder.served(replace(decision, turn=1), talk, "", Served(policy, "champion"))
    recorder.close()
    (one,) = workspace.decision_log.decisions()
    assert one.text.startswith("[NAME_1]: it's [EMAIL_1] no no")
    assert len(one.text) == 2_000


# Which are logged


def test_whole_conversations_are_sampled(policy, decision):
    log = Kept()
    recorder = Recorder(log, share=0.25)
    names = [f"c{place}" for place in range(800)]
    record(recorder, decision, Served(policy, "champion", "x"), *names, *names)
    recorder.close()
    turns = [one.conversation for one in log.decisions]
    exposures = {one.conversation: one.logged for batch in log for one in batch.exposures}
    assert 150 < len(set(turns)) < 250
    assert all(turns.count(one) == 2 for one in set(turns))
    assert set(exposures) == set(names), "whoever is not sampled is exposed all the same"
    assert {one for one, logged in exposures.items() if logged} == set(turns)
    assert (recorder.waiting(), recorder.lost) == (0, 0)


def test_conversations_without_an_id_are_sampled_turn_by_turn(policy, decision):
    log = Kept()
    recorder = Recorder(log, share=0.25)
    record(recorder, decision, Served(policy, "champion", "x"), *[""] * 800)
    recorder.close()
    assert 150 < len(log.decisions) < 250
    assert not any(batch.exposures for batch in log), "nobody could tell whose"


def test_a_session_is_exposed_once_and_by_no_shadow(policy, decision, monkeypatch):
    monkeypatch.setattr(recording, "SESSIONS", 2)
    log = Kept()
    recorder = Recorder(log)
    for served in (Served(policy, "challenger", "x"), Served(policy, "shadow", "y")):
        record(recorder, decision, served, "a", "b", "a", "a", "c", "a", "b")
    recorder.close()
    exposures = [one.conversation for batch in log for one in batch.exposures]
    assert exposures == ["a", "b", "c", "b"], "those of long ago are told again, and passed over"
    assert log[0].exposures[0] == Exposure(
        log[0].exposures[0].at, "x", "a", policy.bundle.id, "challenger"
    )
    assert len(log.decisions) == 14


def test_nothing_is_recorded_without_a_log(policy, decision):
    recorder = Recorder(None)
    record(recorder, decision, Served(policy, "champion", "x"), "c")
    assert (recorder.on, recorder.feedback(Feedback(1.0, "c")), recorder.waiting()) == (
        False,
        False,
        0,
    )
    recorder.close()


def test_with_a_share_of_nought_exposures_and_feedback_are_logged(policy, decision):
    log = Kept()
    recorder = Recorder(log, share=0.0)
    record(recorder, decision, Served(policy, "champion", "x"), "c")
    assert recorder.feedback(Feedback(1.0, "c", resolved=True))
    recorder.close()
    (batch,) = log
    assert (len(batch.decisions), len(batch.exposures), len(batch.feedback)) == (0, 1, 1)
    assert batch.exposures[0].logged is False


# Whatever the database is up to


def test_what_threads_record_is_in_the_database(policy, decision, workspace):
    recorder = Recorder(workspace.decision_log)
    names = [f"c{place}" for place in range(MANY)]
    with ThreadPoolExecutor(4) as pool:
        parts = [names[place::4] for place in range(4)]
        served = Served(policy, "champion", "x")
        list(pool.map(lambda part: record(recorder, decision, served, *part), parts))
    recorder.close()
    assert sorted(one.conversation for one in workspace.decision_log.decisions()) == sorted(names)
    assert {one.conversation for one in workspace.decision_log.exposures("x")} == set(names)
    assert (recorder.written, recorder.lost, recorder.failures) == (2 * MANY, 0, 0)


def test_it_is_written_without_being_asked(policy, decision, workspace):
    recorder = Recorder(workspace.decision_log)
    record(recorder, decision, Served(policy, "champion"), "c")
    assert waited(lambda: recorder.written == 1)
    assert len(list(workspace.decision_log.decisions())) == 1
    recorder.close()


def test_nothing_is_lost_while_another_holds_the_database(
    policy, decision, workspace, quick, caplog
):
    recorder = Recorder(workspace.decision_log)
    other = sqlite3.connect(workspace.folder / "turnwise.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    names = [f"c{place}" for place in range(MANY)]
    record(recorder, decision, Served(policy, "champion", "x"), *names)
    assert waited(lambda: recorder.failures >= 2)
    assert recorder.waiting() == 2 * MANY
    other.execute("ROLLBACK")
    other.close()
    assert waited(lambda: recorder.waiting() == 0)
    assert [one.conversation for one in workspace.decision_log.decisions()] == names
    assert len(list(workspace.decision_log.exposures("x"))) == MANY
    assert (recorder.written, recorder.lost) == (2 * MANY, 0)
    assert "is kept meanwhile" in caplog.text
    recorder.close()


def test_what_is_left_is_tried_to_the_end(policy, decision, quick, monkeypatch, caplog):
    monkeypatch.setattr(recording, "LAST_PAUSE", 0.01)
    log = Kept()
    log.free.clear()
    recorder = Recorder(log)
    record(recorder, decision, Served(policy, "champion"), "a", "b")
    assert waited(lambda: recorder.failures >= 1)
    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(recorder.close)
        assert waited(lambda: recorder.failures >= 4)
        log.free.set()
        closing.result(PATIENCE)
    assert (len(log.decisions), recorder.lost) == (2, 0)


def test_a_database_that_stays_away_ends_it_in_time_and_the_loss_is_told(
    policy, decision, quick, caplog
):
    log = Kept()
    log.free.clear()
    recorder = Recorder(log)
    record(recorder, decision, Served(policy, "champion"), "a", "b")
    recorder.close(seconds=0.2)
    record(recorder, decision, Served(policy, "champion"), "too late")
    assert (recorder.lost, recorder.waiting(), list(log)) == (3, 0, [])
    assert "2 records could not be written" in caplog.text


def test_what_does_not_fit_is_lost_and_decisions_leave_room_for_the_rest(
    policy, decision, quick, monkeypatch
):
    monkeypatch.setattr(recording, "MOST", 10)
    monkeypatch.setattr(recording, "DECISIONS", 8)
    log = Kept()
    log.free.clear()
    recorder = Recorder(log)
    served = Served(policy, "champion", "x")
    record(recorder, decision, Served(policy, "champion"), *"abcdefghijkl")
    assert waited(lambda: recorder.failures >= 1)
    assert (recorder.waiting(), recorder.lost) == (8, 4)
    assert recorder.feedback(Feedback(1.0, "a", resolved=True))
    recorder.exposed("a", served)
    recorder.exposed("b", served)
    assert not recorder.feedback(Feedback(1.0, "b", resolved=True))
    assert (recorder.waiting(), recorder.lost) == (10, 5)
    log.free.set()
    assert waited(lambda: recorder.waiting() == 0)
    recorder.exposed("b", served)  # what was lost is told again
    recorder.close()
    assert [one.conversation for batch in log for one in batch.exposures] == ["a", "b"]
    assert [one.conversation for one in log.decisions] == list("abcdefgh")


def test_a_fault_costs_no_more_than_its_own_batch_and_quotes_nobody(
    policy, decision, monkeypatch, caplog
):
    class Faulty(Kept):
        def put(self, batch):
            if any(one.conversation == "bad" for one in batch.feedback):
                raise ValueError("secret words")
            super().put(batch)

    log = Faulty()
    recorder = Recorder(log, text=True)
    no_turn = replace(decision, conversation_id="none", turn=7)
    recorder.served(no_turn, Conversation("none", ()), "", Served(policy, "champion"))
    recorder.feedback(Feedback(1.0, "bad"))
    assert waited(lambda: recorder.lost == 2)
    recorder.feedback(Feedback(2.0, "good"))
    recorder.close()
    assert [one.conversation for batch in log for one in batch.feedback] == ["good"]
    assert (recorder.written, recorder.waiting()) == (1, 0)
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_counters_are_shown(policy, decision, caplog):
    caplog.set_level(logging.INFO)
    shown = {}
    recorder = Recorder(Kept(), watch=lambda name, what, value: shown.update({name: value}))
    record(recorder, decision, Served(policy, "champion"), "c")
    recorder.close()
    assert {name: value() for name, value in shown.items()} == {
        "turnwise_log_waiting": 0,
        "turnwise_log_written": 1,
        "turnwise_log_lost": 0,
        "turnwise_log_failures": 0,
    }
