"""What a service logs comes back as it was, in order of time, and is forgotten on request."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workspace_samples import files_holding, new_workspace, talk, talks

from turnwise.decision_log import (
    DecisionLog,
    Exposure,
    Feedback,
    GivenLabel,
    LogBatch,
    LoggedDecision,
    LoggedTraffic,
)
from turnwise.errors import WorkspaceError
from turnwise.workspace import Forgotten, Workspace
from turnwise.workspace import decision_log as module

SECRET = "my déar aunt Agatha left me a parrot"

storable = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
times = st.floats(0, 4e9)
shares = st.floats(0, 1)
given_labels = st.dictionaries(storable, st.builds(GivenLabel, storable, shares), max_size=3)
maybe = st.none() | st.booleans()
decisions = st.builds(
    LoggedDecision,
    at=times,
    conversation=storable,
    owner=storable,
    turn=st.integers(0, 1000),
    arm=st.sampled_from(["champion", "challenger", "shadow"]),
    experiment=storable,
    bundle=storable,
    taxonomy_version=st.integers(1, 1000),
    kind=storable,
    sure=st.booleans(),
    labels=given_labels,
    model=given_labels,
    out_of_domain=st.none() | st.floats(-100, 100),
    strange=maybe,
    action=storable,
    by=storable,
    cost=shares,
    milliseconds=shares,
    text=st.none() | storable,
)
feedbacks = st.builds(
    Feedback,
    at=times,
    conversation=storable,
    owner=storable,
    finished=maybe,
    resolved=maybe,
    rating=st.sampled_from([None, "good", "bad"]),
    hand_off=maybe,
    misrouted=maybe,
    duration=st.none() | times,
    turn=st.none() | st.integers(0, 1000),
    corrected=st.dictionaries(storable, storable, max_size=3),
)


def made(at: float = 1.0, conversation: str = "c", **more: object) -> LoggedDecision:
    labels = {"intent": GivenLabel("ask", 0.75)}
    values = {"turn": 0, "arm": "champion", "experiment": "", "bundle": "b", "kind": "accept"}
    values |= {"owner": "router", "taxonomy_version": 1, "sure": True}
    return LoggedDecision(at, conversation, labels=labels, model=labels, **values | more)  # type: ignore[arg-type]


def exposed(at: float = 1.0, conversation: str = "c", experiment: str = "x") -> Exposure:
    return Exposure(at, experiment, conversation, "b", "challenger")


def logged(workspace: Workspace) -> tuple[list[str], list[str], list[str]]:
    """The conversations of which there are decisions, exposures and feedback."""
    log = workspace.decision_log
    return (
        [one.conversation for one in log.decisions()],
        [one.conversation for one in log.exposures("x")],
        [one.conversation for one in log.feedback()],
    )


def log_of(*conversations: str, at: float = 1.0, text: str | None = None) -> LogBatch:
    """One record of each kind for each conversation."""
    return LogBatch(
        [made(at, one, text=text) for one in conversations],
        [exposed(at, one) for one in conversations],
        [Feedback(at, one, resolved=True) for one in conversations],
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(decisions, max_size=8), st.lists(feedbacks, max_size=8))
def test_what_is_put_comes_back_in_order_of_time(
    tmp_path_factory: pytest.TempPathFactory,
    decided: list[LoggedDecision],
    said: list[Feedback],
) -> None:
    with new_workspace(tmp_path_factory.mktemp("logs")) as workspace:
        log = workspace.decision_log
        log.put(LogBatch(decisions=decided, feedback=said))
        assert list(log.decisions()) == sorted(decided, key=lambda one: one.at)
        assert list(log.feedback()) == sorted(said, key=lambda one: one.at)


def test_what_no_database_holds_is_kept_as_json_writes_it(workspace: Workspace) -> None:
    log = workspace.decision_log
    log.put(LogBatch([made(conversation="a\0b", text="half \ud800"), made(2.0)]))
    first, _ = log.decisions()
    assert (first.conversation, first.text) == (r"a\u0000b", r"half \ud800")
    assert workspace.forget(["a\0b"]).logged == 1
    assert [one.conversation for one in log.decisions()] == ["c"]


def test_pages_are_read_on_without_a_gap_or_a_repetition(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    log: LoggedTraffic = workspace.decision_log
    at = [5.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0, 9.0, 5.0, 5.0]  # several in one moment
    put = [made(when, f"c{place}") for place, when in enumerate(at)]
    workspace.decision_log.put(LogBatch(put))
    assert list(log.decisions()) == sorted(put, key=lambda one: one.at)


def test_decisions_are_read_from_a_time_on_and_of_one_bundle(workspace: Workspace) -> None:
    log = workspace.decision_log
    put = [made(float(at), bundle="ab"[at % 2]) for at in range(6)]
    log.put(LogBatch(put))
    assert list(log.decisions(since=3.0)) == put[3:]
    assert list(log.decisions(bundle="b")) == put[1::2]
    assert list(log.decisions(since=2.0, bundle="a")) == put[2::2]
    assert list(log.decisions(bundle="c")) == []


def test_a_sessions_first_exposure_counts(workspace: Workspace) -> None:
    log = workspace.decision_log
    first = [exposed(2.0), exposed(2.0, experiment="another"), exposed(1.0, "d")]
    log.put(LogBatch(exposures=[*first, exposed(3.0)]))
    log.put(LogBatch([made()], [exposed(0.0), exposed(4.0, "e")]))
    assert list(log.exposures("x")) == [first[2], first[0], exposed(4.0, "e")]
    assert list(log.exposures("another")) == [first[1]]
    assert len(list(log.decisions())) == 1


def test_a_batch_is_kept_whole_or_not_at_all(workspace: Workspace) -> None:
    broken = replace(made(), turn=None)  # type: ignore[arg-type]
    said = Feedback(1.0, "c")
    with pytest.raises(Exception, match="NOT NULL"):
        workspace.decision_log.put(LogBatch([made(), broken], [exposed()], [said]))
    assert logged(workspace) == ([], [], [])


def test_threads_write_and_read_at_once(workspace: Workspace) -> None:
    log: DecisionLog = workspace.decision_log

    def write(thread: int) -> None:
        for turn in range(20):
            log.put(log_of(f"{thread}-{turn}"))
            list(workspace.decision_log.decisions())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    for conversations in logged(workspace):
        assert len(set(conversations)) == len(conversations) == 80


def test_another_that_writes_for_long_is_named(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("turnwise.workspace.database.BUSY_SECONDS", 0.1)
    with sqlite3.connect(workspace.folder / "turnwise.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(WorkspaceError, match="another process is writing"):
            workspace.decision_log.put(log_of("c"))
        other.execute("ROLLBACK")
    other.close()
    workspace.decision_log.put(log_of("c"))
    assert logged(workspace) == (["c"], ["c"], ["c"])


def test_reading_goes_by_an_index(workspace: Workspace) -> None:
    """However many records there are, what is wanted alone is looked at, in its order."""
    statements = (
        "SELECT * FROM decisions WHERE at >= 1 ORDER BY at, id LIMIT 9",
        "SELECT * FROM decisions WHERE bundle = 'b' AND at >= 1 ORDER BY at, id LIMIT 9",
        "SELECT * FROM decisions WHERE at >= 1 AND (at, id) > (1, 2) ORDER BY at, id LIMIT 9",
        "SELECT * FROM exposures WHERE experiment = 'x' ORDER BY at, id LIMIT 9",
        "SELECT * FROM feedback ORDER BY at, id LIMIT 9",
        "DELETE FROM decisions WHERE conversation IN ('c')",
        "DELETE FROM exposures WHERE conversation IN ('c')",
    )
    with sqlite3.connect(workspace.folder / "turnwise.db") as connection:
        for statement in statements:
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
            assert len(plan) == 1, (statement, plan)
            assert "USING INDEX" in plan[0], (statement, plan)


# Forgetting


def test_what_was_logged_of_a_conversation_is_forgotten_with_it(workspace: Workspace) -> None:
    workspace.add(talks(3))
    workspace.decision_log.put(log_of("c00001", "c00002"))
    assert workspace.forget(["c00001"]) == Forgotten(
        conversations=1, turns=2, annotations=1, logged=3
    )
    assert logged(workspace) == (["c00002"], ["c00002"], ["c00002"])


def test_a_conversation_that_only_the_log_knows_can_be_forgotten(workspace: Workspace) -> None:
    for kind in (
        LogBatch([made(conversation="called in")]),
        LogBatch(exposures=[exposed(1.0, "called in")]),
        LogBatch(feedback=[Feedback(1.0, "called in")]),
    ):
        workspace.decision_log.put(kind)
        assert workspace.forget(["called in"]) == Forgotten(conversations=1, logged=1)
        with pytest.raises(WorkspaceError, match="no conversation 'called in'"):
            workspace.forget(["called in"])


def test_an_unknown_id_beside_a_logged_one_deletes_nothing(workspace: Workspace) -> None:
    workspace.decision_log.put(log_of("c"))
    with pytest.raises(WorkspaceError, match=r"no conversation 'x'.*Nothing was deleted"):
        workspace.forget(["c", "x"])
    assert logged(workspace) == (["c"], ["c"], ["c"])


def test_what_was_logged_before_a_moment_is_forgotten(workspace: Workspace) -> None:
    noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    for conversation, seconds in (("old", -1), ("", -1), ("edge", 0), ("new", 1)):
        workspace.decision_log.put(log_of(conversation, at=noon.timestamp() + seconds))
    assert workspace.forget(before=noon) == Forgotten(logged=6)
    assert logged(workspace) == (["edge", "new"],) * 3
    assert workspace.forget(before=noon) == Forgotten()


def test_an_old_conversation_takes_what_was_logged_of_it_later_along(workspace: Workspace) -> None:
    workspace.add([talk("old", started_at=datetime(2020, 1, 1)), talk("undated")])
    workspace.decision_log.put(log_of("old", "undated", at=4e9))
    gone = workspace.forget(before=datetime(2022, 1, 1))
    assert (gone.conversations, gone.logged, gone.undated) == (1, 3, 1)
    assert logged(workspace) == (["undated"],) * 3


@pytest.mark.parametrize("by_id", [True, False])
def test_no_byte_of_a_logged_text_is_left(workspace: Workspace, by_id: bool) -> None:
    many = [made(50.0 + place, f"c{place}", text=f"question {place}") for place in range(300)]
    hers = [made(1.0, "Agatha's", text=SECRET), made(2.0, "Agatha's", text=SECRET * 40)]
    workspace.decision_log.put(LogBatch([*many[:150], *hers, *many[150:]]))
    run = workspace.begin_run("drift", {}, "key")
    workspace.end_run(run, "finished", {"moved": [SECRET, "a"], "of": "Agatha's"})
    assert files_holding(workspace.folder, "parrot")
    gone = (
        workspace.forget(["Agatha's"])
        if by_id
        else workspace.forget(before=datetime(1970, 1, 1, 0, 0, 40))
    )
    assert gone.logged == 2
    assert files_holding(workspace.folder, "parrot") == []
    assert [one.text for one in workspace.decision_log.decisions()] == [one.text for one in many]
    if by_id:
        assert files_holding(workspace.folder, "Agatha") == []
    assert workspace.runs()[0].result == {
        "moved": ["(forgotten)", "a"],
        "of": "(forgotten)" if by_id else "Agatha's",
    }


def test_bundles_are_not_named_for_what_was_logged_alone(workspace: Workspace) -> None:
    manifest = workspace.folder / "bundles" / "new" / "manifest.json"
    manifest.parent.mkdir()
    manifest.write_text("{}")
    workspace.decision_log.put(log_of("c"))
    assert workspace.forget(["c"]).bundles == ()


def test_a_service_goes_on_logging_while_it_is_forgotten(tmp_path: Path) -> None:
    with new_workspace(tmp_path) as workspace, Workspace.open(tmp_path) as service:
        service.decision_log.put(log_of("c", "d"))
        assert workspace.forget(["c"]).logged == 3
        service.decision_log.put(log_of("e"))
        assert logged(workspace) == (["d", "e"],) * 3
