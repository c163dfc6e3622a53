"""A score is fair, and what is out of date is not used: each refusal says what to run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.workspaces import copy_folder
from turnwise.errors import EvaluationError, TaxonomyError, TrainingError
from turnwise.project import Project, current_bundle
from turnwise.steps import evaluate_bundle, label_logs, train_bundle


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    return copy_folder(finished, tmp_path / "work")


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")


def test_a_bundle_is_not_scored_on_conversations_it_learnt_from(copy):
    change(copy, "turnwise.yaml", "seed: 18", "seed: 4")
    with Project.open(copy) as project, pytest.raises(EvaluationError, match="learnt from"):
        evaluate_bundle(project)


def test_a_bundle_of_another_taxonomy_is_not_scored(copy):
    change(copy, "taxonomy.yaml", "version: 1", "version: 2")
    with Project.open(copy) as project, pytest.raises(EvaluationError, match="another taxonomy"):
        evaluate_bundle(project)


def test_training_refuses_pseudo_labels_of_other_settings(copy):
    with (copy / "turnwise.yaml").open("a") as file:
        file.write("labelling: {abstain_below: 0.9}\n")
    with Project.open(copy) as project, pytest.raises(TrainingError, match="turnwise label"):
        train_bundle(project)


def test_gold_that_the_taxonomy_lacks_is_named_before_any_work(copy):
    change(copy, "taxonomy.yaml", "name: TROUBLESHOOT", "name: FIX_IT")
    change(copy, "taxonomy.yaml", "Problem, TROUBLESHOOT]", "Problem, FIX_IT]")
    text = (copy / "taxonomy.yaml").read_text("utf-8").replace("TROUBLESHOOT", "FIX_IT")
    (copy / "taxonomy.yaml").write_text(text, encoding="utf-8")
    with Project.open(copy) as project, pytest.raises(TaxonomyError, match="TROUBLESHOOT"):
        label_logs(project)


def test_a_damaged_bundle_is_trained_anew(copy):
    before = current_bundle(copy)
    model = before / "model.onnx"
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.unlink()  # which is a link
    model.write_bytes(data)
    with Project.open(copy) as project:
        assert train_bundle(project).fresh
        assert not train_bundle(project).fresh


def test_runs_are_kept_with_their_settings_and_how_they_ended(copy):
    change(copy, "turnwise.yaml", "seed: 18", "seed: 0")
    with Project.open(copy) as project:
        with pytest.raises(TrainingError):
            train_bundle(project)
        ended = [(run.command, run.status) for run in project.workspace.runs()]
        config = project.workspace.runs()[0].config
    assert ended[:2] == [("import", "finished"), ("label", "finished")]
    assert ("train", "finished") in ended
    assert ended[-1] == ("train", "failed")
    assert "database" not in config
    assert json.dumps(config)
