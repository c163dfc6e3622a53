"""What generation learns from: people win over models, and what scores is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workspaces import copy_folder
from turnwise.annotations import REVIEW, Annotation
from turnwise.conversations import examples
from turnwise.project import Project, without_gold
from turnwise.sampling import hold_apart
from turnwise.steps import label_logs
from turnwise.steps.labelled_turns import intent_dimension, labelled_conversations, labelled_logs
from turnwise.steps.statistics import write_chains
from turnwise.taxonomy import Dimension, Label, Taxonomy


@pytest.fixture
def project(finished, tmp_path):
    copy_folder(finished, tmp_path / "work")
    with Project.open(tmp_path / "work") as opened:
        yield opened


def dimension(name, *labels):
    return Dimension(name, tuple(Label(one, (one,)) for one in labels))


def test_seed_and_logs_are_taken_and_test_and_calibration_are_not(project):
    split, found = project.split(), labelled_logs(project)
    kept, held = hold_apart(split.seed, project.config.split.calibration)
    ids = [one.conversation.id for one in found.conversations]
    assert {*ids} == {*kept, *split.unlabelled}
    assert not {*ids} & {*split.test, *held}
    assert found.by_people == len(kept)
    assert found.stale == 0


def test_a_turn_of_the_seed_has_its_gold_and_one_of_the_logs_what_a_model_said(project):
    split = project.split()
    for one in labelled_conversations(project):
        for turn in examples(one.conversation):
            if one.conversation.id in split.seed:
                said = {name: labels[0] for name, labels in turn.gold.items()}
                assert one.labels.get(turn.index, {}) == said
            else:
                assert not turn.gold, "gold of the logs must be seen by nothing but their scores"


def test_a_review_wins_over_a_model(project):
    known = project.workspace.conversation(project.split().unlabelled[0])
    project.workspace.add([replace(without_gold(known), id="a-new-talk")])
    label_logs(project)
    said = {one.conversation.id: one.labels for one in labelled_conversations(project)}
    turn, labels = next(
        (at, labels) for at, labels in said["a-new-talk"].items() if "intent" in labels
    )
    other = next(one for one in project.taxonomy()["intent"].names if one != labels["intent"])
    project.workspace.put_review([Annotation("a-new-talk", turn, "intent", other, REVIEW)])
    said = {one.conversation.id: one.labels for one in labelled_conversations(project)}
    assert said["a-new-talk"][turn] == {**labels, "intent": other}


def test_labels_of_another_taxonomy_are_out_of_date(project):
    path = project.folder / project.config.taxonomy
    text = path.read_text("utf-8")
    path.write_text(text.replace("description: ", "description: Now ", 1), "utf-8")
    found = labelled_logs(project)
    assert found.stale == len(project.split().unlabelled)
    assert len(found.conversations) == found.by_people


def test_without_labels_no_statistics_are_written(tmp_path):
    with Project.create(tmp_path / "work") as made:
        result = write_chains(made)
    assert result.statistics is None
    assert result.without == "no conversation is labelled yet"
    assert not (tmp_path / "work" / "statistics.json").exists()


def test_rare_states_fall_back_on_the_intent_or_else_on_the_finest_dimension():
    one, two, three = dimension("topic", "A"), dimension("intent", "A"), dimension("mood", "A", "B")
    assert intent_dimension(Taxonomy("shop", (one,))) is None
    assert intent_dimension(Taxonomy("shop", (one, two, three))) == "intent"
    assert intent_dimension(Taxonomy("shop", (one, three))) == "mood"
