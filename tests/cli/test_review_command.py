"""`turnwise review`: out to Label Studio and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, Turn
from turnwise.project import Project
from turnwise.steps.ways import InUse

TAXONOMY = """\
name: small
dimensions:
  intent:
    labels: [{name: CANCEL}, {name: REFUND}]
"""
FINAL = Source("embedded", "single", "1")
LOG = Conversation("log", (Turn("customer", "give it back"), Turn("bot", "what is it?")))


@pytest.fixture
def workspace(tmp_path) -> Path:
    """A workspace with one labelled log; labelling itself is tested elsewhere."""
    (tmp_path / "taxonomy.yaml").write_text(TAXONOMY, encoding="utf-8")
    with Project.create(tmp_path / "work", tmp_path / "taxonomy.yaml") as made:
        made.workspace.add([LOG])
        label = Annotation("log", 0, "intent", "CANCEL", FINAL, 0.3)
        made.workspace.put_annotations("key", "log", [label])
        with made.recorded("label", "", InUse(FINAL, "single", "embedded", ()).facts()):
            pass
    return tmp_path / "work"


def corrected(queue: Path, label: str) -> Path:
    """The queue with one answer, as Label Studio exports it."""
    (task,) = json.loads(queue.read_text("utf-8"))
    (prediction,) = task["predictions"]
    (result,) = prediction["result"]
    answer = result | {"value": {"choices": [label]}}
    task["annotations"] = [{"completed_by": 1, "result": [answer], "was_cancelled": False}]
    path = queue.with_name("corrected.json")
    path.write_text(json.dumps([task]), encoding="utf-8")
    return path


def test_a_label_goes_out_and_comes_back_as_gold(turnwise, workspace, tmp_path):
    queue = tmp_path / "queue.json"
    said = turnwise("review", "export", queue, "--most", 5, "-w", workspace).stdout
    assert "Wrote 1 of 1 turns to review (low confidence 1)" in said
    assert str(queue.with_suffix(".xml")) in said
    done = corrected(queue, "REFUND")
    assert "1 labels new" in turnwise("review", "import", done, "-w", workspace).stdout
    again = json.loads(turnwise("review", "import", done, "-w", workspace, "--json").stdout)
    assert (again["added"], again["same"]) == (0, 1)
    said = turnwise("review", "import", corrected(queue, "CANCEL"), "-w", workspace).stdout
    assert "log turn 0, intent: REFUND is now CANCEL" in said
    nothing = turnwise("review", "export", tmp_path / "next.json", "-w", workspace).stdout
    assert "Nothing to review" in nothing
    assert not (tmp_path / "next.json").exists()


def test_what_is_refused_is_listed_and_the_exit_code_is_2(turnwise, workspace, tmp_path):
    queue = tmp_path / "queue.json"
    turnwise("review", "export", queue, "-w", workspace)
    done = corrected(queue, "REFUNDS")
    said = turnwise("review", "import", done, "-w", workspace, code=2).stdout
    assert "line 1, log turn 0: dimension 'intent' has no label 'REFUNDS'" in said


def test_a_file_of_something_else_says_what_would_be_right(turnwise, workspace, tmp_path):
    other = tmp_path / "other.json"
    other.write_text('[{"text": "hello"}]', encoding="utf-8")
    error = turnwise("review", "import", other, "-w", workspace, code=2).stderr
    assert "turnwise review export" in error


def test_importing_corrections_as_conversations_says_where_they_belong(
    turnwise, workspace, tmp_path
):
    tasks = tmp_path / "tasks.json"
    turnwise("export", tasks, "--format", "label-studio", "--labels", "all", "-w", workspace)
    (task,) = json.loads(tasks.read_text("utf-8"))
    task["annotations"] = [{"completed_by": 1, "result": task["predictions"][0]["result"]}]
    tasks.write_text(json.dumps([task]), encoding="utf-8")
    said = turnwise("import", tasks, "-w", workspace, code=2).stdout
    assert "turnwise review import" in said
    assert "1 labels new" in turnwise("review", "import", tasks, "-w", workspace).stdout
