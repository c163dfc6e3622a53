"""What a classifier learns from: people win over models, whatever a model says later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workspaces import copy_folder
from turnwise.annotations import REVIEW, Annotation
from turnwise.conversations import examples
from turnwise.project import Project, without_gold
from turnwise.steps import LabelOptions, label_logs
from turnwise.steps.training_data import MOST, training_data

NEW = "a-new-talk"


@pytest.fixture
def project(finished, tmp_path):
    """A workspace with a log that nobody labelled before."""
    copy_folder(finished, tmp_path / "work")
    with Project.open(tmp_path / "work") as opened:
        known = opened.workspace.conversation(opened.split().unlabelled[0])
        opened.workspace.add([replace(without_gold(known), id=NEW)])
        label_logs(opened)
        yield opened


def learnt(project: Project) -> dict[tuple[str, int], tuple[dict[str, str], dict[str, float]]]:
    data = training_data(project, project.taxonomy(), project.split())
    return {one.example.key: (dict(one.labels), dict(one.weights)) for one in data.labelled}


def test_a_reviewed_label_wins_with_the_weight_of_gold(project):
    before = learnt(project)
    key = next(key for key, (labels, _) in before.items() if key[0] == NEW and "intent" in labels)
    other = next(
        one for one in project.taxonomy()["intent"].names if one != before[key][0]["intent"]
    )
    project.workspace.put_review([Annotation(*key, "intent", other, REVIEW)])
    labels, weights = learnt(project)[key]
    assert labels["intent"] == other
    assert weights["intent"] == 1.0
    assert all(weights[name] <= MOST for name in labels if name != "intent")
    label_logs(project, options=LabelOptions("zero-shot"))
    assert learnt(project)[key][0]["intent"] == other


def test_a_turn_that_no_model_labelled_is_learnt_from_where_people_did(project):
    config = LabelOptions("zero-shot", select="novel", calls=1)
    label_logs(project, options=config)
    turn = next(one.index for one in examples(project.workspace.conversation(NEW)))
    label = project.taxonomy()["intent"].names[0]
    project.workspace.put_review([Annotation(NEW, turn, "intent", label, REVIEW)])
    labels, weights = learnt(project)[NEW, turn]
    assert labels["intent"] == label
    assert weights["intent"] == 1.0
