"""Conversations of a workspace -> generated sets, which training learns from and corpora hold."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import pytest

from tests.llm.chat_server import ChatServer, serving_as_teacher
from tests.workspaces import copy_folder
from turnwise.annotations import REVIEW, Annotation
from turnwise.conversations import Conversation, Example, Turn, examples
from turnwise.errors import ConfigError, GenerationError, TrainingError
from turnwise.generation.chains.settling import settled
from turnwise.generation.files import read_generated
from turnwise.project import Project, without_gold
from turnwise.steps import label_logs, train_bundle
from turnwise.steps.corpus import export_corpus
from turnwise.steps.exchange_reading import ExchangeReader
from turnwise.steps.generated_data import generated_examples, generated_file
from turnwise.steps.generating import GenerateOptions, generate_conversations
from turnwise.steps.generation_helpers import read_material
from turnwise.steps.generation_plan import plan_generation
from turnwise.steps.labelled_turns import labelled_logs
from turnwise.steps.training_data import training_data

FEW = 30


@pytest.fixture(scope="module")
def work(finished, tmp_path_factory) -> Path:
    return copy_folder(finished, tmp_path_factory.mktemp("generating") / "work")


@pytest.fixture
def project(work) -> Iterator[Project]:
    with Project.open(work) as opened:
        yield opened


def made(project: Project, **asked: object):
    return generate_conversations(project, GenerateOptions(conversations=FEW, **asked))


@pytest.mark.parametrize("method", ["random", "hmm", "embedded"])
def test_every_turn_has_its_labels_and_says_what_it_was_made_from(project, method):
    result = made(project, method=method)
    assert 0 < result.kept <= result.made <= result.begun == FEW
    taxonomy = project.taxonomy()
    talks = list(read_generated(result.file))
    assert len(talks) == result.kept
    for talk in talks:
        assert talk.method == method
        for turn in talk.customer:
            assert turn.sources
            assert turn.made
            assert all(label in taxonomy[name].index for name, label in turn.labels.items())


def test_all_sets_stand_in_one_table_beside_the_logs(project):
    made(project, method="random")
    made(project, method="hmm", name="another")
    result = made(project, method="hmm")
    names = [row.name for row in result.quality]
    assert names[:2] == ["logs", "hmm"]
    assert {"random", "another"} <= set(names[2:])
    page = result.page.read_text("utf-8")
    assert all(name in page for name in names)


def test_the_same_command_makes_the_same_set_and_another_seed_another(project):
    one, again, other = (made(project, seed=seed, name=f"seed{seed}") for seed in (1, 1, 2))
    assert again.file.read_bytes() == one.file.read_bytes()
    assert other.file.read_bytes() != one.file.read_bytes()


def test_nothing_is_made_of_the_test_and_of_what_calibrates_or_stops(project):
    material = read_material(project)
    used = {one.conversation.id for one in material.logs}
    assert used
    assert not used & set(project.split().test)
    tested = {
        one.text
        for talk in project.workspace.conversations(project.split().test)
        for one in examples(talk)
    }
    result = made(project, method="hmm", name="apart")
    assert not tested & {one.text for talk in read_generated(result.file) for one in talk.turns}


def test_the_best_rated_are_kept_and_all_of_them_where_that_is_asked(project):
    best, every = (
        made(project, name=f"keep{int(100 * share)}", keep=share) for share in (0.5, 1.0)
    )
    assert every.kept / 2 <= best.kept < every.kept  # and all that tie with the last
    lowest = min(one.scores["session"] for one in read_generated(best.file))
    dropped = {one.id for one in read_generated(every.file)} - {
        one.id for one in read_generated(best.file)
    }
    scores = {one.id: one.scores["session"] for one in read_generated(every.file)}
    assert all(scores[id] < lowest for id in dropped)


def test_simulated_talks_carry_the_labels_of_a_labelling(project):
    result = made(project, method="simulate")
    assert result.agreement is not None
    assert set(result.agreement.dimensions) == set(project.taxonomy().dimension_names)
    assert set(result.outcomes) <= {"resolved", "turn_limit", "handed_over"}


def test_training_learns_from_a_set_and_the_bundle_is_another(finished, tmp_path):
    with Project.open(copy_folder(finished, tmp_path / "work")) as project:
        before = train_bundle(project)
        made(project, method="hmm")
        project.config = project.config.learning_from(["hmm"])
        after = train_bundle(project)
        assert not before.fresh
        assert after.fresh
        assert after.generated_turns > 0
        assert after.gold_turns == before.gold_turns
        assert after.pseudo_turns == before.pseudo_turns
        assert train_bundle(project).fresh is False
        project.config = project.config.learning_from(["hmm", "nothing"])
        with pytest.raises(TrainingError, match=r"no generated set 'nothing' \(there: hmm\)"):
            train_bundle(project)


def test_training_learns_from_nothing_that_was_made_of_what_tests_by_now(project):
    made(project, method="hmm", name="before")
    project.config = project.config.learning_from(["before"])
    taxonomy = project.taxonomy()
    every = list(generated_examples(project, taxonomy))
    moved = {
        source.rpartition("#")[0]
        for talk in read_generated(generated_file(project, "before"))
        for source in talk.turns[0].sources
    } & set(project.split().seed)
    split, now = project.split(), sorted(moved)[:1]
    assert now
    later = replace(split, seed=[*set(split.seed) - {*now}], test=[*split.test, *now])
    project.split = lambda: later
    some = list(generated_examples(project, taxonomy))
    assert 0 < len(some) < len(every)


def test_a_set_becomes_a_corpus_with_a_card(project, tmp_path):
    made(project, name="for-a-corpus")
    with pytest.raises(ConfigError, match="licence"):
        export_corpus(project, tmp_path / "corpus", ["for-a-corpus"], licence=" ")
    written = export_corpus(project, tmp_path / "corpus", ["for-a-corpus"], licence="CC0-1.0")
    assert sum(written.sessions.values()) > 0
    card = (written.folder / "README.md").read_text("utf-8")
    assert "CC0-1.0" in card
    assert "embedded" in card


def test_pairs_of_a_set_before_do_not_outlive_it(project):
    first = made(project, name="paired", pairs=True)
    assert first.pairs is not None
    assert first.pairs.exists()
    assert made(project, name="paired").pairs is None
    assert not first.pairs.exists()


def test_forgetting_a_conversation_deletes_what_was_made(finished, tmp_path):
    with Project.open(copy_folder(finished, tmp_path / "work")) as project:
        path = made(project).file
        project.workspace.forget(project.split().seed[:1])
        assert not path.exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"method": "hmm", "calls": 3}, "costs nothing"),
        ({"method": "simulate", "switching": 0.5}, "follows no chain"),
        ({"name": "../away"}, "no name of a set"),
        ({"switching": 1.5}, "not between 0 and 1"),
        ({"method": "llm"}, "teacher"),
        ({"market": "Atlantis"}, "Atlantis"),
    ],
)
def test_what_can_not_be_done_is_refused_with_what_to_give(project, asked, said):
    with pytest.raises((ConfigError, GenerationError), match=said):
        made(project, **asked)


def test_a_workspace_without_labels_says_what_to_do_first(tmp_path, sample_slice):
    with (
        Project.create(tmp_path / "empty") as project,
        pytest.raises(Exception, match=r"turnwise label|labelled|gold"),
    ):
        made(project)


class Server(ChatServer):
    """Plays customer and agent, never the same words twice; counts what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def answer(self, system: str, user: str) -> str:
        self.asked += 1
        talk = f"{len(user)} and {self.asked}"
        return json.dumps({"text": f"could you please help me with the order number {talk}"})


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    with serving_as_teacher(Server(), monkeypatch) as server:
        yield server


def test_a_model_writes_is_paid_once_and_told_beforehand(finished, tmp_path, server):
    folder = copy_folder(finished, tmp_path / "work")
    (folder / "bundles" / "current").unlink()  # which would read other labels from such turns
    asked = GenerateOptions(method="llm", conversations=4, keep=1.0)
    with Project.open(folder) as project:
        plan = plan_generation(project, asked)
        assert server.asked == 0
        assert plan.calls > 0
        first = generate_conversations(project, asked)
        paid = server.asked
        assert first.calls == paid > 0
        assert first.kept > 0
        second = generate_conversations(project, asked)
        assert server.asked == paid
        assert second.calls == 0
        assert second.reused == first.calls
        assert list(read_generated(second.file)) == list(read_generated(first.file))
        # What a model wrote may quote any conversation that it was shown.
        project.workspace.forget(project.split().unlabelled[:1])
        third = generate_conversations(project, asked)
        assert third.reused == 0
        assert third.calls > 0


def test_a_budget_ends_it_and_more_goes_on(finished, tmp_path, server):
    folder = copy_folder(finished, tmp_path / "work")
    with Project.open(folder) as project:
        before = made(project, method="hmm", name="llm").file.read_bytes()
        short = generate_conversations(
            project, GenerateOptions(method="llm", conversations=4, calls=3, keep=1.0)
        )
        assert short.calls <= 3
        assert short.unfinished > 0
        assert any("larger budget" in note for note in short.notes)
        assert short.kept == 0
        assert short.file.read_bytes() == before


KILLED = """
import os, sys
from turnwise.generation import files
from turnwise.project import Project
from turnwise.steps import generating, generation_writing

def die(*given):
    os._exit(9)
generation_writing.write_generated = die
generating.generate_conversations(Project.open(sys.argv[1]))
"""


def test_killed_before_it_is_written_the_set_before_stays_whole(finished, tmp_path):
    folder = copy_folder(finished, tmp_path / "work")
    with Project.open(folder) as project:
        before = made(project).file.read_bytes()
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)])
    assert done.returncode == 9
    with Project.open(folder) as project:
        assert generated_file(project, "embedded").read_bytes() == before
        assert made(project).kept > 0


def answered(one: Example) -> Conversation:
    """A labelled turn and what was answered, without the rest of its talk."""
    after = takewhile(lambda turn: turn.role != "customer", one.conversation.turns[one.index + 1 :])
    return Conversation(f"single-{one.key[0]}-{one.index}", (one.turn, *after))


def test_where_people_labelled_single_turns_the_logs_are_settled_by_their_talks(finished, tmp_path):
    with Project.open(copy_folder(finished, tmp_path / "work")) as project:
        talks = list(project.workspace.conversations())
        seed = {*project.split().seed}
        singles = [
            answered(turn)
            for talk in talks
            if talk.id in seed
            for turn in examples(talk)
            if turn.gold
        ]
        project.workspace.forget([one.id for one in talks])
        project.workspace.add(singles + [without_gold(one) for one in talks if one.id not in seed])
        in_seed = project.config.split.model_copy(update={"seed": len(singles), "test": 0})
        project.config = project.config.model_copy(update={"split": in_seed})
        label_logs(project)
        taxonomy, split = project.taxonomy(), project.split()
        data = training_data(project, taxonomy, split)
        gold = data.labelled[: data.gold_turns]
        reader = ExchangeReader(gold, data.calibration, taxonomy, project.encoder())
        found = {one.conversation.id: one for one in read_material(project).logs}
        logs = [found[id] for id in split.unlabelled if id in found]
        assert logs
        expected = settled([one.conversation for one in logs], taxonomy, reader)
        assert logs == expected
        stored = {one.conversation.id: one for one in labelled_logs(project).conversations}
        assert logs != [stored[one.conversation.id] for one in logs]


ANSWERS = {"BOOK": "Your table for two is booked.", "PAY": "The invoice has been paid by card."}


def bare(id: str, meant: Sequence[str], labelled: Collection[int] = ()) -> Conversation:
    """A talk whose customer says the same whatever is meant."""
    turns = [
        turn
        for at, label in enumerate(meant)
        for turn in (
            Turn("customer", "yes please", {"intent": (label,)} if at in labelled else {}),
            Turn("agent", ANSWERS[label]),
        )
    ]
    return Conversation(id, tuple(turns))


TALKS = (("BOOK", "BOOK", "PAY"), ("PAY", "PAY"), ("BOOK", "PAY"), ("PAY", "BOOK", "BOOK"))
LOGS = {f"log {at}": meant for at, meant in enumerate(TALKS * 5)}


def inn(folder: Path, seed: int) -> Project:
    """Logs, and so many talks of which people labelled one turn; no bundle."""
    project = Project.create(folder, seed=seed, test=0)
    labelled = [bare(f"talk {at}", TALKS[at % len(TALKS)], {at % 2}) for at in range(seed)]
    project.workspace.add(labelled + [bare(id, meant) for id, meant in LOGS.items()])
    label_logs(project)
    return project


def read_intents(project: Project) -> dict[str, list[str]]:
    logs = read_material(project).logs
    return {one.conversation.id: [said["intent"] for said in one.labels.values()] for one in logs}


def test_answers_alone_tell_what_was_meant_and_what_people_said_stands(tmp_path):
    with inn(tmp_path / "inn", seed=60) as project:
        read = read_intents(project)
        logs = [id for id in LOGS if id in read]
        assert len(logs) > len(LOGS) / 2  # the others stop a training
        assert [read[id] for id in logs] == [[*LOGS[id]] for id in logs]
        talks = [id for id in read if id not in LOGS]
        assert talks
        assert [read[id] for id in talks] == [[*TALKS[int(id[5:]) % len(TALKS)]] for id in talks]
        id = logs[0]
        other = "PAY" if LOGS[id][0] == "BOOK" else "BOOK"
        project.workspace.put_review([Annotation(id, 0, "intent", other, REVIEW)])
        assert read_intents(project)[id] == [other, *LOGS[id][1:]]


def test_where_people_labelled_too_little_the_logs_keep_their_labels(tmp_path):
    with inn(tmp_path / "inn", seed=12) as project:
        stored = {one.conversation.id: one.labels for one in labelled_logs(project).conversations}
        logs = read_material(project).logs
        assert logs
        assert all(one.labels == stored[one.conversation.id] for one in logs)
