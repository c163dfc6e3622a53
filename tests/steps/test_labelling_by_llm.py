"""Labelling a workspace by a language model: nothing is lost, paid twice, or passed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.labelling_stage import stand_in
from benchmarks.llm_behaviour import Behaviour
from benchmarks.llm_server import Running, running
from tests.workspaces import copy_folder
from turnwise.annotations import Source
from turnwise.errors import ConfigError, TrainingError, WorkspaceError
from turnwise.labelling.annotator import STRATEGIES
from turnwise.labelling.llm import is_unusable
from turnwise.labelling.selection import How
from turnwise.llm import EndpointError
from turnwise.project import Project
from turnwise.steps import LabelOptions, label_logs, plan_labels, train_bundle
from turnwise.steps.keeping import keep_labels
from turnwise.steps.training_data import training_data
from turnwise.steps.ways import labels_in_use


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(stand_in()) as started:  # whose answers quote what was said
        yield started


@pytest.fixture(scope="module")
def half(finished, tmp_path_factory) -> Path:
    """The finished workspace with half of its logs; read it, don't change it."""
    folder = copy_folder(finished, tmp_path_factory.mktemp("half") / "work")
    with Project.open(folder) as opened:
        logs = opened.split().unlabelled
        opened.workspace.forget(logs[len(logs) // 2 :])
    return folder


@pytest.fixture
def project(half, tmp_path, monkeypatch, server) -> Iterator[Project]:
    """A workspace with embedded labels, and a language model."""
    ask(monkeypatch, server.url)
    with Project.open(copy_folder(half, tmp_path / "work")) as opened:
        yield opened


def ask(monkeypatch, url: str, model: str = "a-model") -> None:
    monkeypatch.setenv("TURNWISE_TEACHER_BASE_URL", url)
    monkeypatch.setenv("TURNWISE_TEACHER_MODEL", model)


def turns_of(project: Project) -> int:
    counts = project.workspace.customer_turns()
    return sum(counts[one] for one in project.split().unlabelled)


def labelled_turns(project: Project, name: str) -> set[tuple[str, int]]:
    return {one.key for one in project.workspace.annotations(source=Source("llm", name))}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_turn_is_labelled_or_counted_and_a_second_run_asks_nothing(project, strategy):
    options = LabelOptions(strategy=strategy, by="llm")
    first = label_logs(project, options=options)
    turns = turns_of(project)
    assert first.turns == turns
    assert first.missing == 0
    assert not first.left or first.unusable
    assert {*first.annotations, *first.abstained} == {"domain", "intent", "issue"}
    for dimension, count in first.annotations.items():
        assert count + first.abstained[dimension] == turns
    assert first.calls
    second = label_logs(project, options=options)
    assert second.calls == 0
    assert second.turns <= first.unusable  # they are read again from what is kept
    assert second.annotations == first.annotations


def test_both_stages_are_kept_and_the_first_is_not_paid_again(project):
    single = label_logs(project, options=LabelOptions("single", "llm"))
    two = label_logs(project, options=LabelOptions("two-stage", "llm"))
    assert two.reused == turns_of(project)
    assert labelled_turns(project, "single a-model") == labelled_turns(project, "two-stage a-model")
    assert single.source.name == "single a-model"


def test_labelling_by_a_stage_alone_takes_nothing_from_the_whole(project):
    both = "two-stage a-model", "single a-model"
    label_logs(project, options=LabelOptions("two-stage", "llm"))
    before = [labelled_turns(project, name) for name in both]
    label_logs(project, options=LabelOptions("single", "llm", select="novel", calls=5))
    label_logs(project, options=LabelOptions("single", "llm"))
    assert [labelled_turns(project, name) for name in both] == before
    assert label_logs(project, options=LabelOptions("two-stage", "llm")).calls == 0


def test_the_whole_on_a_few_turns_takes_nothing_from_a_stage(project):
    label_logs(project, options=LabelOptions("single", "llm"))
    label_logs(project, options=LabelOptions("two-stage", "llm", select="novel", calls=10))
    assert len(labelled_turns(project, "two-stage a-model")) == 5
    assert len(labelled_turns(project, "single a-model")) == turns_of(project)


def test_a_budget_stops_in_time_and_the_next_run_makes_only_the_missing_calls(project, server):
    before = Counter(one for one, (_, answered, _) in server.stats()["prompts"].items() if answered)
    options = LabelOptions("zero-shot", "llm", calls=25)
    first = label_logs(project, options=options)
    assert first.calls == 25
    assert "larger budget" in first.stopped
    assert first.left
    assert len(labelled_turns(project, "zero-shot a-model")) == first.turns
    rest = label_logs(project, options=LabelOptions("zero-shot", "llm"))
    assert not rest.stopped
    assert not rest.left
    assert len(labelled_turns(project, "zero-shot a-model")) == turns_of(project)
    asked = server.stats()["prompts"]
    assert all(right <= 1 for one, (_, _, right) in asked.items() if one not in before)


def select(how: How, calls: int) -> LabelOptions:
    return LabelOptions("zero-shot", "llm", select=how, calls=calls)


def test_the_chosen_turns_are_labelled_and_more_calls_add_to_them(project):
    few = label_logs(project, options=select("novel", 12))
    chosen = labelled_turns(project, "zero-shot a-model")
    assert len(chosen) == 12
    assert few.left
    assert label_logs(project, options=select("novel", 12)).calls == 0
    assert label_logs(project, options=select("novel", 20)).calls == 8
    more = labelled_turns(project, "zero-shot a-model")
    assert chosen < more
    label_logs(project, options=LabelOptions("zero-shot", "llm"))
    assert len(labelled_turns(project, "zero-shot a-model")) == turns_of(project)


def test_turns_that_a_classifier_doubts_are_the_same_again_however_often_it_is_asked(project):
    label_logs(project, options=select("uncertain", 3))
    chosen = labelled_turns(project, "zero-shot a-model")
    assert len(chosen) == 3
    assert label_logs(project, options=select("uncertain", 3)).calls == 0
    assert labelled_turns(project, "zero-shot a-model") == chosen


def test_a_selection_never_takes_labels_away(project):
    label_logs(project, options=LabelOptions("zero-shot", "llm"))
    label_logs(project, options=LabelOptions("zero-shot", "llm", select="novel", calls=5))
    assert len(labelled_turns(project, "zero-shot a-model")) == turns_of(project)


def test_training_takes_the_labels_that_were_made_last(project):
    taxonomy, split = project.taxonomy(), project.split()
    embedded = training_data(project, taxonomy, split)
    label_logs(project, options=LabelOptions("zero-shot", "llm", select="novel", calls=10))
    used = labels_in_use(project)
    assert used is not None
    assert used.source.name == "zero-shot a-model"
    chosen = training_data(project, taxonomy, split)
    assert len(chosen.labelled) - chosen.gold_turns <= 10
    label_logs(project)  # the embedded labels are there already: only which are used changes
    assert training_data(project, taxonomy, split) == embedded


def test_training_refuses_labels_of_another_taxonomy(project):
    label_logs(project, options=LabelOptions("zero-shot", "llm", select="novel", calls=5))
    path = project.folder / "taxonomy.yaml"
    path.write_text(path.read_text("utf-8").replace("description:", "description: Or", 1), "utf-8")
    with pytest.raises(TrainingError, match="turnwise label"):
        train_bundle(project)


def test_a_dry_run_asks_nothing_and_tells_the_calls(project, server, monkeypatch):
    monkeypatch.setenv("TURNWISE_TEACHER_KEY", "")
    before = server.stats()["requests"]
    for strategy, calls in (("zero-shot", 1), ("two-stage", 2), ("clara", 3)):
        plan = plan_labels(project, options=LabelOptions(strategy, "llm"))
        assert plan.turns == turns_of(project)
        assert plan.calls == calls * plan.turns
        assert plan.tokens_in > plan.calls
    assert server.stats()["requests"] == before


def test_turns_without_an_answer_are_asked_again_and_the_others_kept(half, tmp_path, monkeypatch):
    copy_folder(half, tmp_path / "work")
    with Project.open(tmp_path / "work") as project:
        broken = Behaviour(faults={"500": 0.5}, most_faults=99)
        options = LabelOptions("zero-shot", "llm")
        with (project.folder / "turnwise.yaml").open("a") as file:
            file.write(
                "endpoints: {teacher: {base_url: 'http://x', model: a-model, attempts: 2}}\n"
            )
    with Project.open(tmp_path / "work") as project, running(broken) as server:
        ask(monkeypatch, server.url)
        first = label_logs(project, options=options)
        assert first.missing
        assert first.turns + first.missing == turns_of(project)
        assert len(labelled_turns(project, "zero-shot a-model")) == first.turns
        while (more := label_logs(project, options=options)).missing:
            assert more.calls
        assert len(labelled_turns(project, "zero-shot a-model")) == turns_of(project)


def test_answers_that_can_not_be_used_are_counted_and_not_asked_again(half, tmp_path, monkeypatch):
    copy_folder(half, tmp_path / "work")
    wrong = Behaviour(faults={"wrong-label": 1.0}, most_faults=None)
    with Project.open(tmp_path / "work") as project, running(wrong) as server:
        ask(monkeypatch, server.url)
        options = LabelOptions("zero-shot", "llm", select="novel", calls=20)
        first = label_logs(project, options=options)
        assert first.unusable
        said = list(project.workspace.annotations(source=first.source))
        assert all(is_unusable(one) for one in said)
        every = LabelOptions("zero-shot", "llm")
        rest = label_logs(project, options=every)
        assert rest.unusable == turns_of(project)
        assert first.calls + rest.calls == 2 * rest.unusable  # one repair each
        assert label_logs(project, options=every).calls == 0


def test_what_does_not_go_together_is_refused_before_any_work(project):
    for options in (
        LabelOptions(select="novel"),
        LabelOptions(calls=10),
        LabelOptions(money=1.0),
        LabelOptions(by="llm", calls=0),
    ):
        with pytest.raises(ConfigError):
            label_logs(project, options=options)


def test_an_endpoint_that_can_not_answer_says_so_and_changes_no_labels(project, monkeypatch):
    before = labels_in_use(project)
    ask(monkeypatch, "http://127.0.0.1:9/v1")
    with pytest.raises(EndpointError, match=r"127\.0\.0\.1:9"):
        label_logs(project, options=LabelOptions("zero-shot", "llm"))
    assert labels_in_use(project) == before


@pytest.mark.parametrize(("strategy", "least"), [("two-stage", 15), ("ensemble", 8)])
def test_a_budget_ends_with_turns_that_are_done_not_begun(project, strategy, least):
    with (project.folder / "turnwise.yaml").open("a") as file:
        file.write("labelling: {vote: majority}\nendpoints: {teacher: {base_url: 'http://x', ")
        file.write("model: a-model, concurrency: 4}}\n")
    with Project.open(project.folder) as opened:
        result = label_logs(opened, options=LabelOptions(strategy, "llm", calls=60))
    assert result.stopped
    assert result.turns >= least


def test_labels_that_are_there_are_not_asked_for_again_wherever_the_model_lives(
    project, server, monkeypatch
):
    label_logs(project, options=select("novel", 12))
    ask(monkeypatch, server.url.replace("127.0.0.1", "localhost"))
    assert label_logs(project, options=select("novel", 20)).calls == 8
    every = label_logs(project, options=LabelOptions("zero-shot", "llm"))
    assert every.calls == turns_of(project) - 20


def test_a_low_threshold_for_abstaining_loses_no_stage(project):
    with (project.folder / "turnwise.yaml").open("a") as file:
        file.write("labelling: {abstain_below: 0.5}\n")
    with Project.open(project.folder) as opened:
        label_logs(opened, options=LabelOptions("single", "llm"))
        label_logs(opened, options=LabelOptions("two-stage", "llm", select="novel", calls=20))
        assert len(labelled_turns(opened, "single a-model")) == turns_of(opened)


def test_two_at_a_time_are_refused(project):
    run = project.workspace.begin_run("label", {}, "key")
    with pytest.raises(WorkspaceError, match="running"):
        label_logs(project, options=LabelOptions("zero-shot", "llm"))
    project.workspace.end_run(run, "failed")
    label_logs(project, options=LabelOptions("zero-shot", "llm"))


def test_money_is_no_limit_where_nothing_has_a_price(project):
    with pytest.raises(ConfigError, match="price"):
        label_logs(project, options=LabelOptions("zero-shot", "llm", money=1.0))


def test_only_who_is_asked_needs_a_key_and_a_price(project, server):
    with (project.folder / "turnwise.yaml").open("a") as file:
        file.write(f"endpoints: {{teacher: {{base_url: '{server.url}', model: t, price_in: 1}}, ")
        file.write("critic: {base_url: 'http://x', model: c, key_env: NO_SUCH_KEY}}\n")
    with Project.open(project.folder) as opened:
        few = LabelOptions("zero-shot", "llm", select="novel", calls=3, money=1.0)
        assert label_logs(opened, options=few).calls == 3
        with pytest.raises(ConfigError, match="c has no prices"):
            label_logs(opened, options=LabelOptions("two-stage", "llm", money=1.0))


def test_what_a_labelling_made_before_it_broke_off_is_learnt_from(project, monkeypatch):
    before = labels_in_use(project)
    kept = []

    def keep_two(*arguments: object) -> None:
        if len(kept) == 2:
            raise KeyboardInterrupt
        kept.append(keep_labels(*arguments))  # type: ignore[arg-type]

    monkeypatch.setattr("turnwise.steps.labelling.keep_labels", keep_two)
    with pytest.raises(KeyboardInterrupt):
        label_logs(project, options=LabelOptions("zero-shot", "llm"))
    used = labels_in_use(project)
    assert used != before
    assert used is not None
    assert used.source.name == "zero-shot a-model"
    data = training_data(project, project.taxonomy(), project.split())
    assert len(data.labelled) > data.gold_turns


def test_labels_that_are_out_of_date_are_left_out_of_training_and_counted(project):
    label_logs(project, options=LabelOptions("zero-shot", "llm"))
    with (project.folder / "turnwise.yaml").open("a") as file:
        file.write("labelling: {abstain_below: 0.1}\n")
    with Project.open(project.folder) as opened:
        label_logs(opened, options=select("novel", 6))
        data = training_data(opened, opened.taxonomy(), opened.split())
        assert data.stale
        assert 0 < len(data.labelled) - data.gold_turns <= 6
        label_logs(opened, options=select("uncertain", 2))


@pytest.mark.parametrize("strategy", ["two-stage", "ensemble"])
def test_a_plan_counts_what_is_asked_alike_once_and_what_is_measured(project, strategy):
    options = LabelOptions(strategy, "llm")
    plan = plan_labels(project, options=options)
    made = label_logs(project, options=options)
    assert made.calls - plan.calls <= made.unusable * 2 + 0.2 * plan.calls
    assert plan.calls <= made.calls * 1.1
    assert plan_labels(project, options=select("novel", 9)).calls == 9
    label_logs(project, options=select("novel", 9))
    assert plan_labels(project, options=select("novel", 9)).calls == 0
