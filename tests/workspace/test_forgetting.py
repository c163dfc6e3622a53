"""What is forgotten is nowhere to be found afterwards, and nothing else is lost."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from workspace_samples import (
    EMBEDDED,
    answer,
    files_holding,
    labelled,
    new_workspace,
    talk,
    talks,
)

from turnwise.annotations import PERSON, Annotation, Evidence, Source
from turnwise.decision_log import Exposure, Feedback, GivenLabel, LogBatch, LoggedDecision
from turnwise.encoders import vector_key
from turnwise.errors import WorkspaceError
from turnwise.taxonomy import Dimension, Label, Taxonomy
from turnwise.workspace import Forgotten, Workspace

SECRET = "my déar aunt Agatha left me a parrot"
ANSWER = "condolences for the parrot"
QUOTES = (SECRET, ANSWER, "Agatha", "parrot")


def fill(workspace: Workspace) -> None:
    """Everything that a workspace can hold, with the text of conversation `secret` all over it."""
    many = [talk(f"c{place:05d}", f"question {place}", "yes", intent="ask") for place in range(300)]
    workspace.add([*many[:150], talk("secret", SECRET, ANSWER, "yes", intent="grief"), *many[150:]])
    cited = Evidence(SECRET, ("parrot",), 0.9, "secret", 0)
    citing = Annotation(
        "c00001", 0, "intent", "ask", EMBEDDED, 0.9, (), f"as in {SECRET}", (cited,)
    )
    workspace.put_annotations("work on secret", "secret", [labelled("secret", "grief")])
    workspace.put_annotations("citing work", "c00001", [citing, labelled("c00001", "buy")])
    workspace.put_annotations("other work", "c00002", [labelled("c00002", cites="c00003")])
    told = {"text": f"Sure: {SECRET}", "value": json.dumps({"quote": SECRET})}
    workspace.answers.put(answer("secret", **told))
    workspace.answers.put(answer("secret", "unusable", value=None, problem=f"not said: {ANSWER}"))
    workspace.answers.put(answer("c00001"))
    workspace.answers.put(answer(key="names of labels"))
    workspace.put_taxonomy(
        Taxonomy("t", (Dimension("intent", (Label("ask", ("ask",), "to ask for a thing"),)),))
    )
    workspace.decision_log.put(logged("secret", "c00001"))
    store = workspace.vectors("encoder")
    texts = (SECRET, ANSWER, "yes", "question 7", "to ask for a thing", f"context: {SECRET}")
    store.put({vector_key("encoder", text): text.encode() for text in texts})
    store.close()
    result = {"accuracy": 0.5, "bundle": "bundles/b", "hardest": [SECRET, "it said: a parrot"]}
    run = workspace.begin_run("evaluate", {"title": "all of 2024 so far", "yes": "secret"}, "key")
    workspace.end_run(run, "finished", result | {"per text": {ANSWER: 1, "to ask for a thing": 2}})
    for name in ("reports/report.html", "reports/plots/a.json", "rejected/logs.jsonl"):
        (workspace.folder / name).parent.mkdir(exist_ok=True)
        (workspace.folder / name).write_text(SECRET)


def logged(*conversations: str) -> LogBatch:
    """A decision about each of some conversations, an exposure and feedback."""
    ask = {"intent": GivenLabel("ask", 0.5)}
    served = ("router", 0, "champion", "x", "b", 1, "accept", True, ask, ask)
    return LogBatch(
        [
            LoggedDecision(1e9, one, *served, text=SECRET if one == "secret" else "a question")
            for one in conversations
        ],
        [Exposure(1e9, "x", one, "b", "champion") for one in conversations],
        [Feedback(1e9, one, rating="good") for one in conversations],
    )


def test_the_text_is_found_in_no_file_of_the_workspace_any_more(workspace: Workspace) -> None:
    fill(workspace)
    assert len(files_holding(workspace.folder, SECRET)) >= 5
    workspace.forget(["secret"])
    for text in QUOTES:
        assert files_holding(workspace.folder, text) == [], text
    workspace.close()
    for text in QUOTES:
        assert files_holding(workspace.folder, text) == [], text


def test_what_another_program_deleted_is_wiped_too(workspace: Workspace) -> None:
    fill(workspace)
    with sqlite3.connect(workspace.folder / "turnwise.db") as other:
        other.execute("PRAGMA secure_delete=OFF")
        other.execute("PRAGMA foreign_keys=OFF")
        other.execute("DELETE FROM annotations WHERE rationale LIKE '%Agatha%'")
    other.close()
    workspace.forget(["secret"])
    assert files_holding(workspace.folder, "Agatha") == []


def test_an_annotation_that_is_replaced_leaves_no_trace(workspace: Workspace) -> None:
    workspace.add(talks(2))
    for rationale in ("the parrot of Agatha " * 50, "since"):
        one = replace(labelled("c00000"), rationale=rationale)
        workspace.put_annotations(rationale, "c00000", [one])
    workspace.close()
    assert files_holding(workspace.folder, "Agatha") == []


def test_what_was_forgotten_is_counted(workspace: Workspace) -> None:
    fill(workspace)
    assert workspace.forget(["secret"]) == Forgotten(
        conversations=1, turns=3, annotations=3, answers=2, vectors=3, files=3, logged=3
    )
    assert workspace.counts().annotations == {PERSON: 300, EMBEDDED: 2}


def test_nothing_else_is_lost(workspace: Workspace) -> None:
    fill(workspace)
    others = [one for one in workspace.conversations() if one.id != "secret"]
    workspace.forget(["secret"])
    assert list(workspace.conversations()) == others
    kept = [labelled("c00001", "buy"), labelled("c00002", cites="c00003")]
    assert list(workspace.annotations(source=EMBEDDED)) == kept
    for one in (answer("c00001"), answer(key="names of labels")):
        assert workspace.answers.get(one.key) == one
    store = workspace.vectors("encoder")
    texts = ("yes", "question 7", "to ask for a thing")
    expected = {vector_key("encoder", text): text.encode() for text in texts}
    assert store.get(list(expected)) == expected
    log = workspace.decision_log
    for records in (log.decisions(), log.exposures("x"), log.feedback()):
        assert [one.conversation for one in records] == ["c00001"]
    run = workspace.runs()[0]
    assert run.config == {"title": "all of 2024 so far", "yes": "(forgotten)"}
    assert run.result == {
        "accuracy": 0.5,
        "bundle": "bundles/b",
        "hardest": ["(forgotten)", "(forgotten)"],
        "per text": {"(forgotten) 1": 1, "to ask for a thing": 2},
    }


def test_work_that_cited_the_forgotten_is_to_be_done_again(workspace: Workspace) -> None:
    fill(workspace)
    workspace.forget(["secret"])
    keys = ["work on secret", "citing work", "other work"]
    assert workspace.done(keys) == {"other work"}


def test_answers_behind_labels_of_a_model_that_cited_the_forgotten_go_too(
    workspace: Workspace,
) -> None:
    workspace.add(talks(4))
    model = Source("llm", "lara small", "1")
    cited = (Evidence(SECRET, (), 0.9, "c00003", 0),)
    for id, source, evidence in (("c00001", model, cited), ("c00002", EMBEDDED, cited)):
        one = replace(labelled(id, source=source), evidence=evidence)
        workspace.put_annotations(id, id, [one])
    for id in workspace.ids():
        workspace.answers.put(answer(id, text=SECRET if id == "c00001" else "said"))
    assert workspace.forget(["c00003"]).answers == 2
    left = [id for id in ("c00000", "c00001", "c00002") if workspace.answers.get(answer(id).key)]
    assert left == ["c00000", "c00002"]
    assert files_holding(workspace.folder, "Agatha") == []


def test_answers_are_forgotten_by_the_age_of_their_conversation(workspace: Workspace) -> None:
    workspace.add([talk("old", started_at=datetime(2020, 1, 1)), talk("undated")])
    for id in ("old", "undated"):
        workspace.answers.put(answer(id))
    assert workspace.forget(before=datetime(2022, 1, 1)).answers == 1
    assert workspace.answers.get(answer("old").key) is None
    assert workspace.answers.get(answer("undated").key) == answer("undated")


def test_what_answers_cost_stays_counted(workspace: Workspace) -> None:
    workspace.add(talks(1))
    workspace.answers.put(answer("c00000"))
    before = workspace.answers.spending()
    workspace.forget(["c00000"])
    assert workspace.answers.spending() == before


def test_an_unknown_id_is_named_and_nothing_is_deleted(workspace: Workspace) -> None:
    workspace.add(talks(3))
    with pytest.raises(WorkspaceError, match=r"no conversation 'x', 'y'.*Nothing was deleted"):
        workspace.forget(["c00001", "y", "x"])
    assert len(workspace.ids()) == 3


def test_conversations_are_forgotten_by_age(workspace: Workspace) -> None:
    days = {"old": datetime(2020, 1, 1), "zone": datetime(2021, 1, 1, tzinfo=UTC)}
    days["edge"] = datetime(2022, 1, 1)
    workspace.add([talk(id, started_at=day) for id, day in days.items()] + [talk("undated")])
    gone = workspace.forget(before=datetime(2022, 1, 1))
    assert (gone.conversations, gone.undated) == (2, 1)
    assert workspace.ids() == ("edge", "undated")
    assert workspace.forget(before=datetime(2022, 1, 1)) == Forgotten(undated=1)


def test_a_forgotten_conversation_may_be_imported_again(workspace: Workspace) -> None:
    workspace.add([talk("1", "a wrong text")])
    workspace.forget(["1"])
    assert workspace.add([talk("1", "the right text")]).added == 1


def test_bundles_that_may_have_been_trained_on_it_are_named(workspace: Workspace) -> None:
    for name, age in (("before", 3600), ("after", -3600)):
        manifest = workspace.folder / "bundles" / name / "manifest.json"
        manifest.parent.mkdir()
        manifest.write_text("{}")
        moment = manifest.stat().st_mtime - age
        os.utime(manifest, (moment, moment))
    workspace.add(talks(2))
    assert workspace.forget(["c00001"]).bundles == ("after",)


def test_another_process_that_reads_is_asked_to_end_first(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(workspace)
    monkeypatch.setattr("turnwise.workspace.database.BUSY_SECONDS", 0.1)
    reader = sqlite3.connect(workspace.folder / "turnwise.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM turns").fetchone()
    with (
        Workspace.open(workspace.folder) as impatient,
        pytest.raises(WorkspaceError, match="another process is reading"),
    ):
        impatient.forget(["secret"])
    reader.execute("ROLLBACK")
    assert workspace.forget(["secret"]).conversations == 1
    assert files_holding(workspace.folder, "Agatha") == []


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_killed_forget_is_completed_by_the_next(tmp_path: Path, step: int) -> None:
    with new_workspace(tmp_path) as workspace:
        fill(workspace)
    code = (
        "import os, signal; from turnwise.workspace import Workspace\n"
        f"die = lambda what, done, total: done == {step} and os.kill(os.getpid(), signal.SIGKILL)\n"
        f"Workspace.open({str(tmp_path)!r}).forget(['secret'], progress=die)"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False)
    assert ended.returncode == -signal.SIGKILL
    with Workspace.open(tmp_path) as workspace:
        if step < 4:
            gone = workspace.forget(["secret"])
            assert (gone.conversations, gone.annotations, gone.answers, gone.logged) == (1, 3, 2, 3)
        else:
            with pytest.raises(WorkspaceError, match="no conversation 'secret'"):
                workspace.forget(["secret"])
        assert workspace.counts().conversations == 300
    for text in QUOTES:
        assert files_holding(tmp_path, text) == [], text


def test_nothing_to_forget_is_no_work(workspace: Workspace) -> None:
    workspace.add(talks(1))
    assert workspace.forget() == Forgotten()
