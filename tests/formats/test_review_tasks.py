"""Tasks of single turns for Label Studio, and what its exports say of them."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, Example, Turn
from turnwise.errors import FormatError
from turnwise.formats.judgements import digest, read_judgements
from turnwise.formats.review_tasks import ReviewTask, review_config, write_review_tasks
from turnwise.taxonomy import Dimension, Label, Taxonomy

NASTY = 'cancel <b onclick="x()">it</b> & {{ "now" }} 🙏\u2028'
TALK = Conversation(
    "c-1",
    (
        Turn("customer", "hi", {}, (0,)),
        Turn("bot", "hello", {}, (1,)),
        Turn("customer", NASTY, {}, (2,)),
        Turn("bot", "said later", {}, (3,)),
    ),
)
SHOWN = digest([(turn.role, turn.text) for turn in TALK.turns[:3]])
MODEL, ZERO = Source("embedded", "single", "1"), Source("embedded", "zero-shot", "1")
SAID = (
    Annotation("c-1", 2, "intent", "CANCEL", MODEL, 0.61),
    Annotation("c-1", 2, "domain", "Music", MODEL, 0.42),
    Annotation("c-1", 2, "intent", "REFUND", ZERO, 0.9),
    Annotation("c-1", 2, "domain", None, ZERO, 0.1),
)


@pytest.fixture
def tasks(tmp_path) -> Path:
    path = tmp_path / "queue.json"
    write_review_tasks([ReviewTask(Example(TALK, 2), SAID, "why it is", 1, 1.23456, 2)], path)
    return path


def exported(path: Path, *annotations: dict, **changes: object) -> Path:
    """What Label Studio exports after people worked on the task of a file."""
    (task,) = json.loads(path.read_text("utf-8"))
    task = {"id": 7, "project": 3, **task, "annotations": list(annotations), **changes}
    path.write_text(json.dumps([task]), encoding="utf-8")
    return path


def minimal(path: Path, *records: dict) -> Path:
    """The same as JSON-MIN: the data and the choices side by side."""
    (task,) = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps([{"id": 7, **task["data"], **one} for one in records]))
    return path


def annotation(by: object = 1, at: str = "2026-01-01T00:00:00Z", **labels: str) -> dict:
    result = [
        {
            "id": name,
            "from_name": f"label-{name}",
            "to_name": "dialogue",
            "type": "choices",
            "origin": "manual",
            "value": {"choices": [label]},
        }
        for name, label in labels.items()
    ]
    return {"id": 5, "completed_by": by, "result": result, "updated_at": at, "was_cancelled": False}


def test_a_task_shows_the_conversation_up_to_its_turn_as_plain_text(tasks):
    (task,) = json.loads(tasks.read_text("utf-8"))
    assert task["data"]["dialogue"] == [
        {"author": "customer", "text": "hi"},
        {"author": "bot", "text": "hello"},
        {"author": "customer", "text": NASTY},
    ]
    assert "said later" not in tasks.read_text("utf-8")
    assert task["data"]["turnwise"] == {"conversation_id": "c-1", "turn": 2}
    assert "annotations" not in task


def test_each_strategy_is_a_prediction_with_its_name_and_its_least_score(tasks):
    (task,) = json.loads(tasks.read_text("utf-8"))
    found = [
        (
            one["model_version"],
            one["score"],
            {part["from_name"]: part["value"]["choices"] for part in one["result"]},
        )
        for one in task["predictions"]
    ]
    assert found == [
        ("embedded single 1", 0.42, {"label-intent": ["CANCEL"], "label-domain": ["Music"]}),
        ("embedded zero-shot 1", 0.9, {"label-intent": ["REFUND"]}),
    ]


def test_the_configuration_has_every_label_and_the_names_that_tasks_use(tasks):
    labels = tuple(Label(f'L&{n} "x" <y>', (), "a <hint>") for n in range(15))
    dimensions = (Dimension("intent", labels), Dimension("domain", (Label("Music", ()),)))
    root = ElementTree.fromstring(review_config(Taxonomy("t", dimensions)))
    (shown,) = root.findall("Paragraphs")
    choices = {one.get("name"): one for one in root.findall("Choices")}
    assert list(choices) == ["label-intent", "label-domain"]
    assert {one.get("toName") for one in choices.values()} == {shown.get("name")}
    found = [one.get("value") for one in choices["label-intent"].findall("Choice")]
    assert found == [one.name for one in labels]
    assert choices["label-intent"].get("layout") == "select"
    (task,) = json.loads(tasks.read_text("utf-8"))
    used = {str(one.get("value"))[1:] for tag in ("Paragraphs", "Text") for one in root.iter(tag)}
    assert used <= set(task["data"])
    answered = {part["from_name"] for one in task["predictions"] for part in one["result"]}
    assert answered <= set(choices)


def test_no_field_of_the_data_can_be_taken_for_a_choice(tasks):
    (task,) = json.loads(tasks.read_text("utf-8"))
    assert not [name for name in task["data"] if name.startswith("label-")]


def test_an_export_is_read_with_person_and_moment(tasks):
    (task,) = read_judgements(exported(tasks, annotation(4, intent="REFUND", domain="Music")))
    (one,) = task.judgements
    assert one.key == ("c-1", 2)
    assert one.shown == SHOWN
    assert (one.person, one.moment) == ("4", "2026-01-01T00:00:00Z")
    assert one.labels == {"intent": ("REFUND",), "domain": ("Music",)}


@pytest.mark.parametrize(
    ("by", "person"),
    [(4, "4"), ({"id": 4, "email": "a@b.c"}, "4"), ({"email": "a@b.c"}, "a@b.c"), (None, None)],
)
def test_people_are_told_apart_in_every_form_of_export(tasks, by, person):
    (task,) = read_judgements(exported(tasks, annotation(by, intent="REFUND")))
    assert task.judgements[0].person == (person or "annotation 5")


def test_skipped_annotations_and_predictions_are_no_judgements(tasks):
    skipped = annotation(intent="REFUND") | {"was_cancelled": True}
    (task,) = read_judgements(exported(tasks, skipped))
    assert task.judgements == ()
    (task,) = read_judgements(exported(tasks))
    assert task.judgements == ()


def test_tasks_that_were_never_worked_on_are_read_as_unanswered(tasks):
    (task,) = read_judgements(tasks)
    assert (task.judgements, task.error) == ((), None)


def test_json_min_says_the_same_as_json(tmp_path, tasks):
    about = {"annotator": 4, "annotation_id": 5, "updated_at": "2026-01-01T00:00:00Z"}
    other = tmp_path / "minimal.json"
    other.write_text(tasks.read_text("utf-8"), encoding="utf-8")
    minimal(other, {"label-intent": "REFUND", **about})
    (full,) = read_judgements(exported(tasks, annotation(4, intent="REFUND")))
    (short,) = read_judgements(other)
    assert short.judgements == full.judgements


def test_several_labels_where_one_is_asked_are_handed_on(tasks):
    path = minimal(tasks, {"label-intent": {"choices": ["REFUND", "CANCEL"]}, "annotator": 1})
    (task,) = read_judgements(path)
    assert task.judgements[0].labels == {"intent": ("REFUND", "CANCEL")}


def test_conversation_tasks_give_a_judgement_for_each_labelled_turn(tmp_path):
    def choice(turn: int, label: str) -> dict:
        value = {"start": str(turn), "end": str(turn), "choices": [label]}
        return {"from_name": "intent", "type": "choices", "value": value}

    dialogue = [{"author": turn.role, "text": turn.text} for turn in TALK.turns]
    result = [choice(0, "HELLO"), choice(2, "REFUND")]
    task = {
        "data": {"conversation_id": "c-1", "dialogue": dialogue},
        "annotations": [{"completed_by": 1, "result": result}],
    }
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([task]), encoding="utf-8")
    (found,) = read_judgements(path)
    assert [(one.turn, one.labels["intent"]) for one in found.judgements] == [
        (0, ("HELLO",)),
        (2, ("REFUND",)),
    ]
    assert found.judgements[1].shown == SHOWN


@pytest.mark.parametrize(
    "text",
    ["", "{}", "no json", '{"id": 1}', "[1, 2]", '[{"text": "x"}]', '[{"data": {"text": "x"}}]'],
)
def test_a_file_of_something_else_is_refused_with_what_to_do(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError) as error:
        list(read_judgements(path))
    assert str(path) in str(error.value)
    assert error.value.hint


@pytest.mark.parametrize(
    "data",
    [
        {"dialogue": [], "turnwise": {"conversation_id": 3, "turn": 0}},
        {"dialogue": [], "turnwise": {"conversation_id": "c", "turn": "0"}},
        {"dialogue": "x", "turnwise": {"conversation_id": "c", "turn": 0}},
    ],
)
def test_a_broken_task_is_told_and_the_others_are_read(tasks, data):
    exported(tasks, annotation(intent="REFUND"))
    (good,) = json.loads(tasks.read_text("utf-8"))
    tasks.write_text(json.dumps([good | {"data": data}, good], indent=1), encoding="utf-8")
    broken, fine = read_judgements(tasks)
    assert broken.error is not None
    assert fine.line > broken.line
    assert fine.judgements


def test_a_file_that_is_cut_off_is_an_error_after_what_was_read(tasks):
    exported(tasks, annotation(intent="REFUND"))
    text = tasks.read_text("utf-8").removesuffix("]")
    tasks.write_text(text + ", " + text[1 : len(text) // 2], encoding="utf-8")
    found = read_judgements(tasks)
    assert next(found).judgements
    with pytest.raises(FormatError):
        list(found)
