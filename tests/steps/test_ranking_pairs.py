"""Pairs of answers of a generated set: who answers beside, and what training learns from them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from tiny_encoders import make_encoder

from tests.llm.chat_server import ChatServer, serving
from tests.workspaces import copy_folder
from turnwise.conversations import ContextWindow
from turnwise.errors import ConfigError, FormatError, TrainingError
from turnwise.generation.ranking import read_pairs
from turnwise.project import Project
from turnwise.steps import train_bundle
from turnwise.steps.generated_data import PAIRS, generated_examples, generated_file, generated_key
from turnwise.steps.generating import GenerateOptions, GenerateResult, generate_conversations
from turnwise.steps.generation_plan import plan_generation
from turnwise.training import EncoderTuning, LabelledExample, TrainingConfig

FEW = 30
RANKING = TrainingConfig(
    context=ContextWindow("customer", 6, 96, join="text"),
    hidden=16,
    epochs=2,
    ranking="contrastive",
    tune=EncoderTuning(epochs=1, precision="fp32"),
)


@pytest.fixture
def project(finished, tmp_path) -> Iterator[Project]:
    with Project.open(copy_folder(finished, tmp_path / "work")) as opened:
        yield opened


def made(project: Project, method="hmm", *, pairs=True, **asked: object) -> GenerateResult:
    options = GenerateOptions(
        **{"method": method, "pairs": pairs, "conversations": FEW, "keep": 1.0, **asked}
    )
    return generate_conversations(project, options)


def learnt(project: Project, *names: str, ranking: bool = True) -> list[LabelledExample]:
    config = project.config.learning_from(names or ["hmm"])
    training = RANKING if ranking else TrainingConfig()
    project.config = config.model_copy(update={"training": training})
    return list(generated_examples(project, project.taxonomy()))


def rewrite(project: Project, change) -> None:
    """Change the first pair of the set `hmm` in its file."""
    path = generated_file(project, "hmm").with_name(PAIRS)
    first, *rest = path.read_text("utf-8").splitlines()
    values = change(json.loads(first))
    path.write_text("\n".join([json.dumps(values), *rest, ""]), "utf-8")


def test_training_learns_the_answers_that_were_judged_where_it_ranks_answers(project):
    pairs = {
        (f"hmm/{one.conversation_id}", one.turn): (one.better.text, one.worse.text)
        for one in read_pairs(made(project).pairs)
    }
    found = {one.example.key: one.answers for one in learnt(project) if one.answers}
    assert len(found) > FEW / 3
    assert found.items() <= pairs.items()
    assert not any(one.answers for one in learnt(project, ranking=False))
    made(project, pairs=False)
    assert not any(one.answers for one in learnt(project))


def test_a_pair_whose_answer_comes_from_what_tests_by_now_is_not_learnt(project):
    path = made(project).pairs
    before = {one.example.key for one in learnt(project) if one.answers}
    seed = set(project.split().seed)
    tested = next(
        source
        for one in read_pairs(path)
        if (source := one.worse.source.rpartition("#")[0]) in seed
        and (f"hmm/{one.conversation_id}", one.turn) in before
    )
    split = project.split()
    later = replace(split, seed=[*seed - {tested}], test=[*split.test, tested])
    project.split = lambda: later
    after = {one.example.key for one in learnt(project) if one.answers}
    assert after < before
    assert not any(
        (f"hmm/{one.conversation_id}", one.turn) in after
        for one in read_pairs(path)
        if one.worse.source.startswith(f"{tested}#")
    )


def test_what_tests_lends_no_answer(project):
    tested = set(project.split().test)
    sources = {
        answer.source.rpartition("#")[0]
        for one in read_pairs(made(project).pairs)
        for answer in (one.better, one.worse)
    }
    assert sources
    assert not sources & tested


def test_pairs_of_another_set_are_refused(project):
    made(project)
    rewrite(project, lambda one: one | {"context": [{"role": "customer", "text": "hm?"}]})
    with pytest.raises(TrainingError, match="is no question of the generated set 'hmm'"):
        learnt(project)
    rewrite(project, lambda one: one | {"id": "embedded-0-1#0"})
    with pytest.raises(TrainingError, match="embedded-0-1#0 is no question"):
        learnt(project)


def test_a_damaged_pair_is_refused_with_its_line(project):
    made(project)
    rewrite(project, lambda one: one | {"better": {"text": "x"}})
    with pytest.raises(FormatError, match=r"pairs\.jsonl.*line 1, field better\.maker"):
        learnt(project)
    assert learnt(project, ranking=False)


def test_sets_of_one_method_are_learnt_beside_each_other(project):
    for name, switching in (("hmm", None), ("other", 0.5)):
        made(project, name=name, switching=switching)
    one, two = (len(learnt(project, name)) for name in ("hmm", "other"))
    both = learnt(project, "hmm", "other")
    assert len({example.example.key for example in both}) == len(both) > max(one, two)


def test_other_pairs_make_another_bundle(project, tmp_path):
    made(project)
    encoder = str(make_encoder(tmp_path / "bert", "bert", ("my", "order", "is", "late", ",")))
    learnt(project)
    tuning = replace(RANKING.tune, encoder=encoder)
    training = replace(RANKING, tune=tuning)
    project.config = project.config.model_copy(update={"training": training})
    first = train_bundle(project)
    assert first.judged_answers > 0
    assert not train_bundle(project).fresh
    before = generated_key(project)
    rewrite(project, lambda one: one | {"better": one["worse"], "worse": one["better"]})
    assert generated_key(project) != before
    plain = replace(training, ranking="none")
    project.config = project.config.model_copy(update={"training": plain})
    assert not any(PAIRS in name for name in generated_key(project)[0])


class Server(ChatServer):
    """Answers as an agent does, and rates what it is shown; counts what it was asked."""

    def __init__(self, manner: str) -> None:
        super().__init__()
        self.manner, self.asked, self.lock = manner, 0, threading.Lock()

    def answer(self, system: str, user: str) -> str:
        with self.lock:
            self.asked += 1
        if "rating" in system:
            return json.dumps({"rating": 9 if "gladly" in user.rpartition("judge:")[2] else 4})
        turns = user.count("customer: ") + user.count("agent: ")
        return json.dumps({"text": f"{self.manner} we look at your order in step {turns}"})


@pytest.fixture
def servers(monkeypatch) -> Iterator[dict[str, Server]]:
    """The endpoints teacher, small and judge, each a model of its own."""
    with ExitStack() as opened:
        found = {}
        for name, manner in (("teacher", "now"), ("small", "gladly"), ("judge", "must")):
            found[name] = opened.enter_context(serving(Server(manner)))
            monkeypatch.setenv(f"TURNWISE_{name.upper()}_BASE_URL", found[name].url)
            monkeypatch.setenv(f"TURNWISE_{name.upper()}_MODEL", f"the-{name}")
        yield found


def asked(servers: dict[str, Server]) -> dict[str, int]:
    return {name: one.asked for name, one in servers.items()}


def test_a_rival_answers_beside_the_logs_and_is_judged_and_paid_once(project, servers):
    options = GenerateOptions(method="hmm", pairs=True, rival="small", conversations=FEW, keep=1.0)
    plan = plan_generation(project, options)
    assert asked(servers) == {"teacher": 0, "small": 0, "judge": 0}
    assert set(plan.models) == {"the-small", "the-judge"}
    first = made(project, rival="small")
    paid = asked(servers)
    assert paid["teacher"] == 0
    assert first.calls == sum(paid.values())
    assert paid["judge"] == 2 * paid["small"] > FEW
    assert plan.calls / 1.5 < first.calls < 1.5 * plan.calls
    pairs = list(read_pairs(first.pairs))
    assert pairs
    assert {one.judge for one in pairs} == {"the-judge"}
    assert {(one.better.maker, one.worse.maker) for one in pairs} == {("the-small", "embedded")}
    again = made(project, rival="small")
    assert asked(servers) == paid
    assert again.calls == 0
    assert list(read_pairs(again.pairs)) == pairs


def test_without_another_model_the_embedded_judge_rates_the_rival(project, servers, monkeypatch):
    for part in ("BASE_URL", "MODEL"):
        monkeypatch.delenv(f"TURNWISE_JUDGE_{part}")
        monkeypatch.delenv(f"TURNWISE_TEACHER_{part}")
    result = made(project, rival="small")
    assert result.calls == servers["small"].asked > 0
    assert {one.judge for one in read_pairs(result.pairs)} == {"embedded"}


def test_two_models_answer_what_a_model_wrote(project, servers):
    (project.folder / "bundles" / "current").unlink()  # which would read other labels
    result = made(project, "llm", rival="small", conversations=4)
    pairs = list(read_pairs(result.pairs))
    assert {(one.better.maker, one.worse.maker) for one in pairs} == {("the-small", "the-teacher")}
    assert {one.judge for one in pairs} == {"the-judge"}
    for name in ("teacher", "critic"):  # the critic is the teacher where it is not configured
        with pytest.raises(ConfigError, match="the-teacher writes the set itself"):
            made(project, "llm", rival=name, conversations=4)


def test_a_budget_ends_the_rival_and_more_goes_on(project, servers):
    short = made(project, rival="small", calls=5)
    assert short.calls <= 5
    assert short.kept > 0
    assert any("larger budget" in note for note in short.notes)
    dropped = {one.reason: one.count for one in short.dropped}
    assert any("rival" in reason for reason in dropped)
    whole = made(project, rival="small")
    assert whole.reused == short.calls
    assert len(list(read_pairs(whole.pairs))) > FEW / 2


def test_a_rivals_answer_that_no_agent_would_give_is_dropped(project, servers):
    servers["small"].manner = "Agent:"
    result = made(project, rival="small")
    assert result.pairs is None
    assert any("the rival's answer" in one.reason for one in result.dropped)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "ambiguous"}, "there are no answers to rank"),
        ({"rival": "small", "pairs": False}, "Add --pairs"),
        ({"rival": "nobody"}, "no endpoint 'nobody' is configured"),
    ],
)
def test_pairs_that_can_not_be_are_refused(project, options, said):
    with pytest.raises(ConfigError, match=said):
        made(project, **options)


def test_the_command_names_the_rival(project, servers, turnwise):
    options = ("--method", "hmm", "-n", 4, "--pairs", "--rival", "small")
    told = turnwise("generate", "-w", project.folder, *options, "--dry-run").stdout
    assert "the-small" in " ".join(told.split())
