"""From labels in doubt to Label Studio and back: what is asked, what is taken, what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from turnwise.annotations import REVIEW, Annotation, Source
from turnwise.conversations import Conversation, Turn
from turnwise.errors import FormatError, WorkspaceError
from turnwise.formats.label_studio import write_tasks
from turnwise.project import Project
from turnwise.steps.review_import import ReviewImport, import_review
from turnwise.steps.reviewing import export_review, reviewed
from turnwise.steps.ways import InUse

TAXONOMY = """\
name: small
dimensions:
  intent:
    labels: [{name: CANCEL}, {name: REFUND}, {name: HELLO}]
  domain:
    labels: [{name: Music}, {name: Video}]
"""
FINAL, ZERO = Source("embedded", "single", "1"), Source("embedded", "zero-shot", "1")


def talk(id: str, *texts: str, gold: dict[str, tuple[str, ...]] | None = None) -> Conversation:
    turns = [
        Turn("agent" if place % 2 else "customer", text, gold or {} if place == 0 else {}, (place,))
        for place, text in enumerate(texts)
    ]
    return Conversation(id, tuple(turns))


LOGS = [
    talk("log-1", "stop my plan", "which one", "the music one"),
    talk("log-2", "i want money back", "sure"),
    talk("log-3", "hello"),
]
DOUBTS = {("log-1", 0): 0.45, ("log-1", 2): 0.2, ("log-2", 0): 0.3, ("log-3", 0): 0.95}


def said(id: str, turn: int, confidence: float) -> list[Annotation]:
    return [
        Annotation(id, turn, "intent", "CANCEL", FINAL, confidence),
        Annotation(id, turn, "domain", "Music", FINAL, 0.9),
    ]


@pytest.fixture
def project(tmp_path) -> Iterator[Project]:
    (tmp_path / "taxonomy.yaml").write_text(TAXONOMY, encoding="utf-8")
    with Project.create(tmp_path / "work", tmp_path / "taxonomy.yaml", seed=1, test=0) as made:
        seed = talk("seed", "cancel", gold={"intent": ("CANCEL",), "domain": ("Music",)})
        made.workspace.add([seed, *LOGS])
        for log in LOGS:
            labels = [
                one
                for (id, turn), confidence in DOUBTS.items()
                if id == log.id
                for one in said(id, turn, confidence)
            ]
            made.workspace.put_annotations(f"key of {log.id}", log.id, labels)
        with made.recorded("label", "", InUse(FINAL, "single", "embedded", ()).facts()):
            pass
        yield made


@pytest.fixture
def queue(project, tmp_path) -> Path:
    export_review(project, tmp_path / "queue.json")
    return tmp_path / "queue.json"


def annotation(by: int = 1, at: str = "2026-01-01", **labels: str) -> dict:
    result = [
        {"from_name": f"label-{name}", "type": "choices", "value": {"choices": [label]}}
        for name, label in labels.items()
    ]
    return {"completed_by": by, "updated_at": at, "result": result}


def answer(queue: Path, answers: dict[tuple[str, int], list[dict]], name: str = "done") -> Path:
    """The queue as Label Studio exports it after people answered some of its tasks."""
    tasks = json.loads(queue.read_text("utf-8"))
    for task in tasks:
        place = task["data"]["turnwise"]
        task["annotations"] = answers.get((place["conversation_id"], place["turn"]), [])
    path = queue.with_name(f"{name}.json")
    path.write_text(json.dumps(tasks, indent=1), encoding="utf-8")
    return path


def taken(project: Project) -> dict[tuple[str, int], dict[str, str]]:
    return {key: dict(labels) for key, labels in reviewed(project.workspace).items()}


def reasons(result: ReviewImport) -> list[tuple[str, int, str]]:
    return [(one.conversation_id, one.turn, one.reason) for one in result.refused]


def test_the_queue_holds_the_turns_in_doubt_the_least_sure_first(project, queue):
    tasks = json.loads(queue.read_text("utf-8"))
    places = [tuple(task["data"]["turnwise"].values()) for task in tasks]
    assert places == [("log-1", 2), ("log-2", 0), ("log-1", 0)]
    assert tasks[0]["data"]["why"] == "intent: low confidence: CANCEL (single)"
    assert queue.with_suffix(".xml").read_text("utf-8").startswith("<View>")


def test_the_first_ones_come_where_not_all_are_wanted(project, tmp_path):
    result = export_review(project, tmp_path / "q.json", most=1, config=tmp_path / "c.xml")
    assert (result.tasks, result.queue) == (1, 3)
    assert result.gain == pytest.approx(0.8 + 0.1)
    assert (tmp_path / "c.xml").exists()


def test_the_same_project_gives_the_same_files(project, queue, tmp_path):
    export_review(project, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == queue.read_bytes()


def test_a_file_that_is_there_is_not_replaced(project, queue):
    before = queue.read_bytes()
    with pytest.raises(FormatError, match="there already"):
        export_review(project, queue)
    assert queue.read_bytes() == before


def test_tasks_and_configuration_may_not_be_one_file(project, tmp_path):
    with pytest.raises(FormatError, match="one file"):
        export_review(project, tmp_path / "queue.xml")


def test_without_labels_of_models_there_is_nothing_to_review(tmp_path):
    (tmp_path / "taxonomy.yaml").write_text(TAXONOMY, encoding="utf-8")
    with (
        Project.create(tmp_path / "work", tmp_path / "taxonomy.yaml") as made,
        pytest.raises(WorkspaceError, match="turnwise label"),
    ):
        export_review(made, tmp_path / "queue.json")


def test_answers_become_gold_of_single_turns_and_leave_the_split(project, queue):
    split, gold = project.split(), project.workspace.gold_ids()
    done = answer(
        queue,
        {
            ("log-1", 2): [annotation(intent="REFUND", domain="Video")],
            ("log-2", 0): [annotation(intent="REFUND")],
            ("log-1", 0): [annotation(intent="HELLO") | {"was_cancelled": True}],
        },
    )
    result = import_review(project, done)
    assert (result.tasks, result.unanswered, result.turns, result.partly) == (3, 1, 2, 1)
    assert (result.added, result.refused) == (3, [])
    assert taken(project) == {
        ("log-1", 2): {"intent": "REFUND", "domain": "Video"},
        ("log-2", 0): {"intent": "REFUND"},
    }
    assert (project.split(), project.workspace.gold_ids()) == (split, gold)


def test_the_same_file_again_changes_nothing(project, queue):
    done = answer(queue, {("log-1", 2): [annotation(intent="REFUND")]})
    import_review(project, done)
    before = project.workspace.fingerprint()
    result = import_review(project, done)
    assert (result.added, result.same, result.replaced) == (0, 1, [])
    assert project.workspace.fingerprint() == before


def test_people_may_change_their_mind(project, queue):
    import_review(project, answer(queue, {("log-1", 2): [annotation(intent="REFUND")]}))
    result = import_review(project, answer(queue, {("log-1", 2): [annotation(intent="HELLO")]}))
    assert [(one.before, one.annotation.label) for one in result.replaced] == [("REFUND", "HELLO")]
    assert taken(project) == {("log-1", 2): {"intent": "HELLO"}}


def test_what_was_reviewed_is_not_asked_again(project, queue, tmp_path):
    import_review(project, answer(queue, {("log-1", 2): [annotation(intent="REFUND")]}))
    export_review(project, tmp_path / "next.json", config=tmp_path / "next.xml")
    tasks = json.loads((tmp_path / "next.json").read_text("utf-8"))
    assert ("log-1", 2) not in [tuple(task["data"]["turnwise"].values()) for task in tasks]


def test_labelling_again_leaves_what_people_said(project, queue):
    import_review(project, answer(queue, {("log-1", 2): [annotation(intent="REFUND")]}))
    project.workspace.put_annotations("another key", "log-1", said("log-1", 2, 0.99))
    assert taken(project) == {("log-1", 2): {"intent": "REFUND"}}


def test_imported_gold_holds_against_a_review(project, queue, tmp_path):
    seed = project.workspace.conversation("seed")
    write_tasks([(seed, ())], tmp_path / "seed.json")
    (task,) = json.loads((tmp_path / "seed.json").read_text("utf-8"))
    for part in task["annotations"][0]["result"]:
        if part["from_name"] == "intent":
            part["value"]["choices"] = ["REFUND"]
    (tmp_path / "seed.json").write_text(json.dumps([task]), encoding="utf-8")
    result = import_review(project, tmp_path / "seed.json")
    assert [(one.gold, one.annotation.label) for one in result.kept] == [(("CANCEL",), "REFUND")]
    assert (result.added, result.same) == (0, 1)
    assert project.workspace.conversation("seed") == seed


def test_conversations_corrected_in_label_studio_are_taken_too(project, tmp_path):
    log = project.workspace.conversation("log-1")
    write_tasks([(log, said("log-1", 2, 0.2))], tmp_path / "logs.json")
    (task,) = json.loads((tmp_path / "logs.json").read_text("utf-8"))
    task["annotations"] = [{"completed_by": 1, "result": task["predictions"][0]["result"]}]
    (tmp_path / "logs.json").write_text(json.dumps([task]), encoding="utf-8")
    import_review(project, tmp_path / "logs.json")
    assert taken(project) == {("log-1", 2): {"intent": "CANCEL", "domain": "Music"}}


TWO = [annotation(1, intent="REFUND"), annotation(2, intent="HELLO")]
BAD = {
    "an unknown label": ([annotation(intent="REFUNDS")], "no label 'REFUNDS'"),
    "an unknown dimension": ([annotation(mood="GLAD")], "no dimension 'mood'"),
    "people who disagree": (TWO, "people disagree on intent: HELLO, REFUND"),
    "an unknown label of two people": (
        [annotation(1, intent="REFUND"), annotation(2, intent="REFUNDS")],
        "no label 'REFUNDS'",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_is_refused_with_its_turn_and_the_rest_is_taken(project, queue, name):
    answers, reason = BAD[name]
    good = annotation(intent="REFUND")
    result = import_review(project, answer(queue, {("log-1", 2): answers, ("log-2", 0): [good]}))
    (refused,) = reasons(result)
    assert refused[:2] == ("log-1", 2)
    assert reason in refused[2]
    assert taken(project) == {("log-2", 0): {"intent": "REFUND"}}


def test_people_who_agree_and_answer_in_part_complete_each_other(project, queue):
    both = [annotation(1, intent="REFUND"), annotation(2, intent="REFUND", domain="Video")]
    import_review(project, answer(queue, {("log-1", 2): both}))
    assert taken(project) == {("log-1", 2): {"intent": "REFUND", "domain": "Video"}}


def test_ground_truth_decides_between_people(project, queue):
    truth = [TWO[0], TWO[1] | {"ground_truth": True}]
    import_review(project, answer(queue, {("log-1", 2): truth}))
    assert taken(project) == {("log-1", 2): {"intent": "HELLO"}}


def test_of_one_person_the_latest_answer_counts(project, queue):
    later = annotation(1, "2026-02-01", intent="HELLO")
    earlier = annotation(1, "2026-01-01", intent="REFUND")
    import_review(project, answer(queue, {("log-1", 2): [later, earlier]}))
    assert taken(project) == {("log-1", 2): {"intent": "HELLO"}}


@pytest.mark.parametrize("place", [0, 2])
def test_a_turn_whose_text_or_history_changed_is_refused(project, queue, place):
    done = answer(queue, {("log-1", 2): [annotation(intent="REFUND")]})
    tasks = json.loads(done.read_text("utf-8"))
    tasks[0]["data"]["dialogue"][place]["text"] += "!"
    done.write_text(json.dumps(tasks), encoding="utf-8")
    (refused,) = reasons(import_review(project, done))
    assert "changed since the export" in refused[2]
    assert taken(project) == {}


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ({"conversation_id": "gone", "turn": 0}, "no such conversation"),
        ({"conversation_id": "log-1", "turn": 1}, "no turn of the customer"),
        ({"conversation_id": "log-1", "turn": 9}, "no such turn"),
        ({"conversation_id": "log-1", "turn": -1}, "no such turn"),
    ],
)
def test_a_turn_that_is_not_there_is_refused(project, queue, place, reason):
    good = annotation(intent="REFUND")
    done = answer(queue, {("log-1", 2): [good], ("log-2", 0): [good]})
    tasks = json.loads(done.read_text("utf-8"))
    tasks[0]["data"]["turnwise"] = place
    done.write_text(json.dumps(tasks), encoding="utf-8")
    (refused,) = reasons(import_review(project, done))
    assert refused[:2] == tuple(place.values())
    assert reason in refused[2]
    assert taken(project) == {("log-2", 0): {"intent": "REFUND"}}


def test_a_file_of_another_workspace_is_refused_whole(project, queue):
    done = answer(queue, {("log-1", 2): [annotation(intent="REFUND")]})
    done.write_text(done.read_text("utf-8").replace('"log-', '"other-'), encoding="utf-8")
    with pytest.raises(FormatError, match="none of its 1 conversations"):
        import_review(project, done)
    assert [one.status for one in project.workspace.runs()][-1] == "failed"


def test_a_review_is_forgotten_with_its_conversation(project, queue):
    import_review(project, answer(queue, {("log-1", 2): [annotation(intent="REFUND")]}))
    project.workspace.forget(["log-1"])
    assert taken(project) == {}
    assert REVIEW not in project.workspace.counts().annotations


def test_many_tasks_are_read(project, queue):
    done = answer(queue, {("log-1", 2): [annotation(intent="REFUND")]})
    tasks = json.loads(done.read_text("utf-8"))
    done.write_text(json.dumps(tasks * 3_000), encoding="utf-8")
    result = import_review(project, done)
    assert (result.tasks, result.added) == (9_000, 1)
