"""The label report of a real workspace: embedded strategies, a made-up model, gold and none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.labelling.conftest import WordEncoder
from tests.workspace.workspace_samples import answer
from turnwise.annotations import REVIEW, Annotation, Source
from turnwise.cli import show_labels
from turnwise.conversations import Conversation, Turn, examples
from turnwise.errors import WorkspaceError
from turnwise.labelling import LabellingConfig, label
from turnwise.labelling.views import build, lay_ground
from turnwise.project import Project, without_gold
from turnwise.steps.label_report import label_figures, label_report, spent_by
from turnwise.steps.report_sections import labelling_section
from turnwise.workspace import Spending

NEVER = LabellingConfig(abstain_below=0.0)
SINGLE = Source("llm", "single big", "1")
TWO_STAGE = Source("llm", "two-stage big + strict", "1+1")


def talk(number: int, *, gold: bool = True) -> Conversation:
    thing, product = (("bike", "Bike"), ("boat", "Boat"))[number % 2]

    def said(text: str, wish: str) -> Turn:
        return Turn("customer", text, {"product": (product,), "wish": (wish,)} if gold else {})

    return Conversation(
        f"talk-{number:02d}",
        (
            said(f"hello number {number} please repair my {thing}", "REPAIR"),
            Turn("agent", f"Is the {thing} here?"),
            said("yes and what does that cost", "PRICE"),
        ),
    )


def project_of(folder: Path, logs_with_gold: bool) -> Project:
    made = Project.create(folder, seed=8, test=0)
    made.workspace.add([talk(number) for number in range(14 if logs_with_gold else 8)])
    if not logs_with_gold:
        made.workspace.add([talk(number, gold=False) for number in range(8, 14)])
    return made


def label_embedded(project: Project, *strategies: str) -> None:
    split = project.split()
    seed = list(project.workspace.conversations(split.seed))
    ground = lay_ground(project.taxonomy(), seed, WordEncoder())
    logs = [without_gold(one) for one in project.workspace.conversations(split.unlabelled)]
    for name in strategies:
        for one, said in label(logs, build(ground, name, NEVER)):
            project.workspace.put_annotations(f"{name} {one.id}", one.id, said)


def label_by_model(project: Project) -> None:
    """A model that takes everything for a repaired bike, and a critic that mends what was said
    of the price."""
    for one in project.workspace.conversations(project.split().unlabelled):
        said = []
        for example in examples(one):
            for task, model in (("label-single", "big"), ("label-review", "strict")):
                key = f"{task} {example.key}"
                project.workspace.answers.put(answer(one.id, key, task=task, model=model))
            for dimension, first in (("product", "Bike"), ("wish", "REPAIR")):
                final, why = first, "Kept: it says so."
                if dimension == "wish" and "cost" in example.text:
                    final, why = "PRICE", "Revised from REPAIR: cost is asked for."
                stage1 = Annotation(*example.key, dimension, first, SINGLE, 0.7)
                said += [
                    stage1,
                    replace(stage1, label=final, source=TWO_STAGE, rationale=why),
                ]
        project.workspace.put_annotations(f"model {one.id}", one.id, said)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory) -> Iterator[Project]:
    with project_of(tmp_path_factory.mktemp("labelled") / "work", True) as made:
        label_embedded(made, "two-stage")
        label_by_model(made)
        yield made


@pytest.fixture(scope="module")
def result(labelled):
    return label_report(labelled)


def find(result, name: str, dimension: str):
    return next(one for one in result.figures.strategies if one.name == name).find(dimension)


def test_a_workspace_without_labels_says_what_to_run(tmp_path):
    with project_of(tmp_path / "work", True) as made:
        with pytest.raises(WorkspaceError, match="turnwise label"):
            label_report(made)
        assert not (tmp_path / "work" / "reports" / "labels.html").exists()


def test_every_strategy_with_its_stages_is_in_the_report(result):
    assert [one.name for one in result.figures.strategies] == [
        "embedded single",
        "embedded two-stage",
        "llm single big",
        "llm two-stage big + strict",
    ]
    assert (result.figures.conversations, result.figures.turns) == (6, 12)
    assert result.figures.gold_turns == 12


def test_the_reviewer_of_a_model_is_seen_to_mend_half_of_the_wishes(result):
    wish = find(result, "llm two-stage big + strict", "wish")
    assert (wish.outcomes["kept"], wish.outcomes["revised"]) == (6, 6)
    stages = wish.stages
    assert (stages.both, stages.only_first, stages.only_second, stages.neither) == (6, 0, 6, 0)
    assert (stages.first_accuracy, stages.second_accuracy) == (0.5, 1.0)
    assert stages.first == SINGLE


def test_an_embedded_two_stage_has_its_table_of_stages_too(result):
    for name in ("product", "wish"):
        two_stage = find(result, "embedded two-stage", name)
        assert two_stage.stages.turns == 12
        assert two_stage.outcomes["kept"] + two_stage.outcomes["revised"] == 12
        first = find(result, "embedded single", name)
        assert two_stage.stages.first_accuracy == first.gold.accuracy


def test_what_two_strategies_asked_alike_counts_for_each(result):
    by_name = {one.name: one for one in result.figures.strategies}
    single, two_stage = by_name["llm single big"], by_name["llm two-stage big + strict"]
    assert (single.spent.answers, two_stage.spent.answers) == (12, 24)
    assert (single.spent.cost, two_stage.spent.cost) == (3.0, 6.0)
    right = two_stage.find("product").gold.right + 12  # all wishes are, after the review
    assert two_stage.per_correct.correct == pytest.approx(right)
    assert two_stage.per_correct.cost == pytest.approx(6 / right)
    assert by_name["embedded two-stage"].spent.calls == 0


def test_both_files_are_written(result, labelled):
    assert result.report == labelled.folder / "reports" / "labels.html"
    assert "llm two-stage big + strict" in result.report.read_text("utf-8")
    kept = json.loads(result.file.read_text("utf-8"))
    assert kept == result.figures.to_json()
    assert not list(result.report.parent.glob("*.part"))


def test_the_terminal_shows_the_same(result, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    show_labels.label_report(result, json=False)
    shown = capsys.readouterr().out
    for words in ("12 of them with gold", "revised", "only 2", "Agreement", "Report: "):
        assert words in shown
    show_labels.label_report(result, json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["report"] == str(result.report)
    assert told["strategies"] == result.figures.to_json()["strategies"]


def test_the_report_of_a_bundle_has_the_tables_of_the_strategies(result):
    section = labelling_section(result.figures, {}, "")
    assert [one.title for one in section.tables] == [
        "What became of the turns",
        "Beside the labels of people",
        "The two stages beside the labels of people",
    ]
    alone = replace(result.figures, strategies=result.figures.strategies[:1])
    assert len(labelling_section(alone, {}, "").tables) == 1


def test_logs_without_gold_are_reported_on_without_accuracy(tmp_path, capsys):
    with project_of(tmp_path / "work", False) as made:
        label_embedded(made, "zero-shot")
        found = label_report(made)
        assert found.figures.gold_turns == 0
        assert find(found, "embedded zero-shot", "wish").gold is None
        show_labels.label_report(found, json=False)
        assert "none with gold" in (shown := capsys.readouterr().out)
        assert "accuracy" not in shown.replace("Agreement is no accuracy", "")

        (first, *_) = made.split().unlabelled
        made.workspace.put_review([Annotation(first, 0, "wish", "REPAIR", REVIEW)])
        reviewed = label_figures(made)
    assert (reviewed.gold_turns, reviewed.reviewed_turns) == (1, 1)


def test_what_is_not_on_record_is_not_known():
    def spending(task: str, version: str, model: str, cost: float = 1.0) -> Spending:
        return Spending(task, version, model, 10, 1, 12, 900, 90, cost)

    kept = [
        spending("label-lara-plain", "1", "m"),
        spending("label-lara-plain", "2", "m"),
        spending("label-lara-symbolic", "1", "m"),
        spending("label-zero-shot", "1", "free", 0.0),
    ]
    lara = spent_by(Source("llm", "lara m", "1 plain"), kept)
    assert (lara.answers, lara.calls, lara.cost) == (10, 12, 1.0)
    assert spent_by(Source("llm", "lara other", "1 plain"), kept) is None
    assert spent_by(Source("llm", "named otherwise", "1"), kept) is None
    assert spent_by(Source("llm", "zero-shot free", "1"), kept).cost is None
