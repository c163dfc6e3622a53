"""Every recipe that comes with Turnwise trains a bundle of the sample, on a tiny encoder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_encoders import make_encoder

from tests.workspaces import copy_folder
from turnwise.bundle import Bundle
from turnwise.config import Recipe, load_recipe, recipe_names
from turnwise.conversations import Conversation, Turn
from turnwise.encoders import DEFAULT_ENCODER
from turnwise.errors import ConfigError
from turnwise.project import Project, current_bundle
from turnwise.sampling import hold_apart
from turnwise.steps import label_logs, plan_bundle, train_bundle
from turnwise.steps.training import _texts

SAID = Conversation(
    "new",
    (Turn("customer", "my tablet broke"), Turn("agent", "Oh."), Turn("customer", "send it back")),
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory, finished) -> str:
    with Project.open(finished) as project:
        split = project.split()
        words = {
            word
            for one in project.workspace.conversations(split.seed)
            for turn in one.turns
            for word in turn.text.split()
        }
    return str(make_encoder(tmp_path_factory.mktemp("tiny") / "tiny", "bert", sorted(words)))


@pytest.fixture(scope="module")
def small(finished, tiny, tmp_path_factory) -> Iterator[Path]:
    """The finished workspace, labelled by the tiny encoder; read it, don't change it."""
    folder = copy_folder(finished, tmp_path_factory.mktemp("small") / "work")
    path = folder / "turnwise.yaml"
    text = path.read_text("utf-8")
    assert DEFAULT_ENCODER in text
    path.write_text(text.replace(DEFAULT_ENCODER, tiny), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TURNWISE_CACHE", str(tmp_path_factory.mktemp("cache")))
        with Project.open(folder) as project:
            label_logs(project)
        yield folder


@pytest.fixture
def copy(small, tmp_path) -> Path:
    return copy_folder(small, tmp_path / "work")


def short(name: str, encoder: str) -> Recipe:
    """A recipe with at most one pass."""
    recipe = load_recipe(name)
    tune = recipe.training.tune
    if tune is not None:
        tune = replace(
            tune,
            encoder=encoder,
            epochs=min(1, tune.epochs),
            contrast_epochs=min(1, tune.contrast_epochs),
        )
    training = replace(recipe.training, tune=tune, epochs=3)
    return recipe.model_copy(update={"training": training})


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_trains_a_bundle_that_predicts(name, copy, tiny):
    with Project.open(copy) as project:
        project.config = short(name, tiny).applied(project.config)
        result = train_bundle(project)
        again = train_bundle(project)
    assert result.fresh
    assert not again.fresh
    assert again.id == result.id
    bundle = Bundle.load(result.bundle)
    assert bundle.manifest.agreement >= 0.995
    prediction = bundle.predict(SAID)
    for dimension in bundle.taxonomy.dimensions:
        assert prediction.scores[dimension.name][0][0] in dimension.names
    assert not list((copy / "training").glob("*"))  # what a killed one would go on from


def test_a_plan_keeps_nothing(copy, tiny):
    before = sorted(path.name for path in copy.iterdir())
    with Project.open(copy) as project:
        project.config = short("finetune", tiny).applied(project.config)
        plan = plan_bundle(project)
        assert plan.examples >= plan.batch > 0
        assert plan.seconds_per_epoch > 0
        assert plan.memory_mb > plan.disk_mb / 4
        project.config = short("frozen", tiny).applied(project.config)
        with pytest.raises(ConfigError, match="matter of minutes"):
            plan_bundle(project)
    assert sorted(path.name for path in copy.iterdir()) == before


def test_one_dimension_alone_is_learnt(copy, tiny):
    with Project.open(copy) as project:
        project.config = short("frozen", tiny).applied(project.config)
        before = current_bundle(copy)
        result = train_bundle(project, dimensions=("intent",))
        assert current_bundle(copy) == before
        assert Bundle.load(result.bundle).taxonomy.dimension_names == ("intent",)
        with pytest.raises(ConfigError, match="no dimension 'mood'"):
            train_bundle(project, dimensions=("mood",))


def test_several_labels_of_a_dimension_that_is_left_out_are_no_obstacle(copy, tiny):
    with Project.open(copy) as project:
        recipe = short("frozen", tiny)
        first, other = project.taxonomy().dimension_names[:2]
        training = replace(recipe.training, several=(first, other))
        project.config = recipe.model_copy(update={"training": training}).applied(project.config)
        result = train_bundle(project, dimensions=(first,))
    assert Bundle.load(result.bundle).manifest.several == (first,)


def test_the_logs_that_an_encoder_reads_leave_out_what_calibrates(copy):
    with Project.open(copy) as project:
        split = project.split()
        _, held = hold_apart(split.seed, project.config.split.calibration)
        apart = {turn.text for one in project.workspace.conversations(held) for turn in one.turns}
        others = {
            turn.text
            for one in project.workspace.conversations((*split.seed, *split.unlabelled))
            if one.id not in held
            for turn in one.turns
        }
        read = set(_texts(project))
    assert read == others
    assert apart - others
    assert not read & (apart - others)


@pytest.mark.parametrize("name", ["frozen", "finetune"])
def test_fp32_is_kept_where_it_is_asked_for(name, copy, tiny):
    with Project.open(copy) as project:
        exact = project.config.model_copy(update={"precision": "fp32"})
        project.config = short(name, tiny).applied(exact)
        assert train_bundle(project).precision == "fp32"


def test_a_training_that_fails_leaves_the_last_bundle(copy, tiny):
    before = current_bundle(copy)
    with Project.open(copy) as project:
        recipe = short("finetune", tiny)
        training = replace(recipe.training, several=("mood",))
        project.config = recipe.model_copy(update={"training": training}).applied(project.config)
        with pytest.raises(ConfigError, match="no dimension 'mood'"):
            train_bundle(project)
    assert current_bundle(copy) == before
    Bundle.load(before)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("training: {tune: {epoch: 3}}", "unexpected keyword"),
        ("training: {tune: {patience: 0}}", "must be 1 or more"),
        ("training: {ranking: binary}", "add training.tune"),
        ("training: {shares: {pseudo: 2}}", "sum to 1"),
        ("training: {context: {join: glue}}", "should be .apart."),
        ("refusal: {coverage: 1.5}", "between 0 and 1"),
        ("labelling: {}", "Extra inputs are not permitted"),
    ],
)
def test_a_faulty_recipe_says_where(tmp_path, text, said):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="(?i)" + said) as raised:
        load_recipe(str(path))
    assert raised.value.line == 1


def test_an_unknown_recipe_names_those_there_are():
    with pytest.raises(ConfigError, match="finetune"):
        load_recipe("nothing")
