import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from format_cases import any_label, any_text, conversations, read_all
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, Turn
from turnwise.formats import write
from turnwise.formats.label_studio import labeling_config, write_tasks
from turnwise.taxonomy import Dimension, Label, Taxonomy

TALK = Conversation(
    "c-1",
    (
        Turn("customer", "hi 🙏", {}, (0,)),
        Turn("bot", "hello", {}, (1,)),
        Turn("customer", "cancel it", {}, (2,)),
    ),
)
MODEL = Source("embedded", "neighbours", "1")


def tasks_of(path: Path) -> list[dict]:
    return json.loads(path.read_text())


def reviewed(path: Path, *annotations: dict) -> Path:
    """What Label Studio exports after people worked on the tasks of a file."""
    (task,) = tasks_of(path)
    path.write_text(json.dumps([{"id": 9, **task, "annotations": list(annotations)}]))
    return path


def annotation(labels: dict[int, str], **about: object) -> dict:
    result = [
        {
            "id": f"turn-{turn}",
            "from_name": "intent",
            "to_name": "turnwise-dialogue",
            "type": "choices",
            "value": {"start": str(turn), "end": str(turn), "choices": [label]},
        }
        for turn, label in labels.items()
    ]
    return {"result": result, "was_cancelled": False, **about}


@settings(max_examples=40)
@given(st.lists(conversations(any_text, any_label), max_size=3))
def test_conversations_with_gold_are_read_back_equal(tmp_path_factory, given_ones):
    path = tmp_path_factory.mktemp("tasks") / "tasks.json"
    assert write(given_ones, path, "label-studio") == len(given_ones)
    if given_ones:
        read_back, errors = read_all(path)
        assert read_back == given_ones
        assert not errors


def test_labels_of_models_are_predictions_to_review_and_no_gold(tmp_path):
    path = tmp_path / "tasks.json"
    given_ones = [
        Annotation("c-1", 0, "intent", "GREET", MODEL, 0.9),
        Annotation("c-1", 2, "intent", "CANCEL", MODEL, 0.4),
        Annotation("c-1", 2, "issue", None, MODEL, 0.1),
    ]
    write_tasks([(TALK, given_ones)], path)
    (task,) = tasks_of(path)
    (prediction,) = task["predictions"]
    assert "annotations" not in task
    assert prediction["model_version"] == "embedded neighbours 1"
    assert prediction["score"] == 0.4
    chosen = [one for one in prediction["result"] if one["type"] == "choices"]
    assert [(one["id"], one["value"]["choices"]) for one in chosen] == [
        ("turn-0", ["GREET"]),
        ("turn-2", ["CANCEL"]),
    ]
    assert read_all(path)[0] == [TALK]


def test_regions_are_as_long_as_a_browser_counts(tmp_path):
    path = tmp_path / "tasks.json"
    write([TALK], path, "label-studio")
    regions = tasks_of(path)[0]["predictions"][0]["result"]
    assert [one["value"]["endOffset"] for one in regions] == [len("hi ") + 2, len("cancel it")]


def test_what_people_chose_comes_back_onto_the_same_turns(tmp_path):
    path = tmp_path / "tasks.json"
    write([TALK], path, "label-studio")
    ((found,), errors) = read_all(reviewed(path, annotation({0: "GREET", 2: "CANCEL"})))
    assert not errors
    assert found.id == TALK.id
    assert [turn.gold for turn in found.turns] == [
        {"intent": ("GREET",)},
        {},
        {"intent": ("CANCEL",)},
    ]
    assert [(turn.role, turn.text, turn.messages) for turn in found.turns] == [
        (turn.role, turn.text, turn.messages) for turn in TALK.turns
    ]


@pytest.mark.parametrize(
    ("annotations", "label"),
    [
        (
            [annotation({0: "OLD"}, updated_at="2024"), annotation({0: "NEW"}, updated_at="2025")],
            "NEW",
        ),
        ([annotation({0: "A"}), annotation({0: "B"}, was_cancelled=True, updated_at="2025")], "A"),
        ([annotation({0: "A"}, ground_truth=True), annotation({0: "B"}, updated_at="2025")], "A"),
    ],
)
def test_of_several_annotations_the_one_that_counts_is_read(tmp_path, annotations, label):
    path = tmp_path / "tasks.json"
    write([TALK], path, "label-studio")
    ((found,), _) = read_all(reviewed(path, *annotations))
    assert found.turns[0].gold == {"intent": (label,)}


@pytest.mark.parametrize("turn", [7, "", "x"])
def test_a_choice_that_belongs_to_no_turn_is_refused(tmp_path, turn):
    path = tmp_path / "tasks.json"
    write([TALK], path, "label-studio")
    _, (bad,) = read_all(reviewed(path, annotation({turn: "GREET"})))
    assert "field intent: a choice belongs to no turn" in str(bad.error)


def test_tasks_of_another_project_are_refused_one_by_one(tmp_path):
    path = tmp_path / "tasks.json"
    write([TALK], path, "label-studio")
    foreign = {"data": {"image": "a.png"}, "annotations": []}
    broken = {"data": {"dialogue": [{"author": "customer"}]}, "annotations": []}
    path.write_text(json.dumps([foreign, *tasks_of(path), broken]))
    good, errors = read_all(path)
    assert good == [TALK]
    assert [record.error.field for record in errors if record.error] == [
        "data.dialogue",
        "data.dialogue[0].text",
    ]


def test_the_configuration_offers_every_label_of_every_dimension():
    labels = tuple(Label(name, (name,), 'say "so" & <more>') for name in ["A<B", "C & D", 'E"F'])
    config = labeling_config(Taxonomy("t", (Dimension("in tent", labels), Dimension("issue", ()))))
    tree = ElementTree.fromstring(config)
    names = {one.get("name") for one in tree.iter() if one.get("name")}
    assert {one.get("toName") for one in tree.iter("Choices")} <= names
    choices = tree.find("Choices[@name='in tent']")
    assert choices is not None
    assert choices.get("perRegion") == "true"
    assert [one.get("value") for one in choices] == ["A<B", "C & D", 'E"F']
    assert {one.get("hint") for one in choices} == {'say "so" & <more>'}


def test_tasks_point_at_the_tags_of_the_configuration(tmp_path):
    talk = Conversation("c", (Turn("customer", "hi", {"intent": ("A",)}),))
    taxonomy = Taxonomy("t", (Dimension("intent", (Label("A", ("A",)),)),))
    tree = ElementTree.fromstring(labeling_config(taxonomy))
    tags = {one.get("name"): one for one in tree.iter() if one.get("name")}
    write([talk], tmp_path / "tasks.json", "label-studio")
    (task,) = tasks_of(tmp_path / "tasks.json")
    for result in task["annotations"][0]["result"]:
        tag = tags[result["from_name"]]
        assert tag.tag.lower() == result["type"]
        assert tag.get("toName") == result["to_name"]
    paragraphs = tags["turnwise-dialogue"]
    said = task["data"][paragraphs.get("value", "").removeprefix("$")]
    assert said[0][paragraphs.get("nameKey")] == "customer"
    assert said[0][paragraphs.get("textKey")] == "hi"
