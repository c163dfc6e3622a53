"""The same workspace on PostgreSQL; skipped where its server or driver is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from workspace_samples import EMBEDDED, answer, labelled, talk, talks

from turnwise.annotations import PERSON
from turnwise.decision_log import Exposure, Feedback, GivenLabel, LogBatch, LoggedDecision
from turnwise.errors import WorkspaceError
from turnwise.taxonomy import Dimension, Label, Taxonomy
from turnwise.workspace import Workspace
from turnwise.workspace.tables import metadata

pytest.importorskip("psycopg")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a server of our own, reached through a socket in a folder."""
    found = shutil.which("initdb") or next(
        map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None
    )
    if found is None:
        pytest.skip("no PostgreSQL server is installed")
    programs = Path(found).resolve().parent
    folder = Path(tempfile.mkdtemp())
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL does not start as root
    folder.chmod(0o777)
    data = ["-D", str(folder / "data")]

    def call(*command: str) -> None:
        subprocess.run(command, user=user, cwd=folder, check=True, capture_output=True, timeout=60)

    try:
        call(str(programs / "initdb"), *data, "-A", "trust", "-U", "turnwise", "--no-sync")
        settings = f"-c listen_addresses='' -c fsync=off -k {folder}"
        log = str(folder / "log")
        call(str(programs / "pg_ctl"), *data, "-l", log, "-w", "-o", settings, "start")
        yield f"postgresql://turnwise@/postgres?host={folder}"
        call(str(programs / "pg_ctl"), *data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def logs(server: str, tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.create(tmp_path, server) as workspace:
        (tmp_path / "turnwise.yaml").touch()
        yield workspace
        workspace.answers.close()
        workspace.decision_log.close()
        with workspace._database.writing() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")


def test_the_migrations_make_the_tables_that_the_program_uses(logs: Workspace) -> None:
    with logs._database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_conversations_come_back_in_the_order_of_sqlite(logs: Workspace) -> None:
    day = datetime(2024, 2, 29, 12, 0, 0, 123, tzinfo=UTC)
    odd = talk("b", "l'été — \U0001f99c", intent="ask", started_at=day, meta={"split": "x"})
    given = [talk("a"), odd, talk("B"), talk("é"), talk("_"), *talks(700)]
    assert logs.add(given).added == len(given)
    assert logs.add([talk("a"), talk("B", "another")]).conflicting == ("B",)
    assert list(logs.conversations()) == sorted(given, key=lambda one: one.id)
    assert logs.gold_ids() == tuple(sorted(one.id for one in given if one.turns[0].gold))


def test_a_text_that_postgresql_cannot_hold_is_refused_by_name(logs: Workspace) -> None:
    with pytest.raises(WorkspaceError, match=r"conversation 'nul', turn 0"):
        logs.add([talk("fine"), talk("nul", "a\x00b")])
    assert logs.ids() == ()


def test_annotations_taxonomies_and_runs_are_kept(logs: Workspace, server: str) -> None:
    logs.add(talks(3))
    newer = replace(EMBEDDED, version="2")
    logs.put_annotations("old", "c00001", [labelled("c00001", cites="c00002")])
    logs.put_annotations("new", "c00001", [labelled("c00001", "buy", newer, cites="c00002")])
    taxonomy = Taxonomy("t", (Dimension("intent", (Label("ask", ("ask",)),)),))
    assert logs.put_taxonomy(taxonomy) == logs.put_taxonomy(taxonomy) == 1
    logs.end_run(logs.begin_run("train", {"seed": 0}, "key"), "finished", {"f1": 0.5})
    with Workspace.open(logs.folder, server) as again:
        found = list(again.annotations(source=EMBEDDED))
        assert found == []
        found = list(again.annotations(source=newer))
        assert found == [labelled("c00001", "buy", newer, cites="c00002")]
        assert again.done(["old", "new"]) == {"new"}
        assert again.taxonomy() == taxonomy
        run = again.finished_run("train", "key")
        assert run is not None
        assert run.result == {"f1": 0.5}


def test_answers_are_kept_counted_and_forgotten(logs: Workspace) -> None:
    logs.add(talks(2))
    odd = answer("c00001", text="NUL \x00, half \ud800, 100% {ok}", attempts=3)
    for one in (odd, answer("c00001"), answer(key="of nobody", value=None)):
        logs.answers.put(one)
    kept = logs.answers.get("question about c00001")
    assert kept == answer("c00001")
    (spent,) = logs.answers.spending()
    assert (spent.answers, spent.unusable, spent.calls, spent.cost) == (3, 1, 7, 0.75)
    assert logs.forget(["c00001"]).answers == 1
    assert logs.answers.get("question about c00001") is None
    with pytest.raises(WorkspaceError, match="no conversation 'c00001'"):
        logs.answers.put(answer("c00001"))


def test_forgetting_takes_what_cites_it_along(logs: Workspace) -> None:
    logs.add(talks(20))
    logs.put_annotations("citing", "c00001", [labelled("c00001", cites="c00007")])
    gone = logs.forget(["c00007"])
    assert (gone.conversations, gone.turns, gone.annotations) == (1, 2, 2)
    assert logs.counts().annotations == {PERSON: 19}
    assert logs.done(["citing"]) == set()
    with pytest.raises(WorkspaceError, match="no conversation 'c00007'"):
        logs.forget(["c00007"])


def test_what_a_service_logs_is_kept_and_forgotten(logs: Workspace) -> None:
    log = logs.decision_log
    ask = {"intent": GivenLabel("ask", 0.1)}
    served = ("router", 0, "champion", "x", "b", 1, "accept", True, ask, {})
    put = [
        LoggedDecision(1e9 + place % 7 / 10, f"c{place}", *served, strange=False, text="100% é")
        for place in range(5000)  # several pages
    ]
    said = [
        Feedback(1.0, "c1", "router", True, None, "good", turn=2, corrected={"intent": "buy"}),
        Feedback(2.0, "c2", duration=0.1),
    ]
    first = Exposure(3.0, "x", "c1", "b", "champion", logged=False)
    log.put(LogBatch(put, [first], said))
    log.put(LogBatch(exposures=[Exposure(4.0, "x", "c1", "b", "challenger")]))
    log.put(LogBatch([LoggedDecision(2e9, "NUL \x00, half \ud800", *served)]))
    *found, odd = log.decisions(since=1e9)
    assert found == sorted(put, key=lambda one: one.at)
    assert odd.conversation == r"NUL \u0000, half \ud800"
    assert (list(log.exposures("x")), list(log.feedback())) == ([first], said)
    assert logs.forget([odd.conversation, "c1"]).logged == 4
    assert logs.forget(before=datetime.fromtimestamp(1e9 + 0.55, UTC)).logged == 4286
    assert {one.at for one in log.decisions(bundle="b")} == {1e9 + 0.6}


def test_writers_take_turns(logs: Workspace, server: str) -> None:
    parts = [talks(300, first=first) for first in (0, 200, 400)]

    def add(part: int) -> int:
        with Workspace.open(logs.folder, server) as workspace:
            return sum(workspace.add(parts[part][at : at + 20]).added for at in range(0, 300, 20))

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(add, range(3))) == 700
    assert list(logs.conversations()) == talks(700)


def test_a_server_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="the database server says: ") as caught:
        Workspace.create(tmp_path, f"postgresql://me:secret@/logs?host={tmp_path}")
    assert "secret" not in str(caught.value)
