"""What is exported is what is imported again, and a file is there whole or not at all."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.format_cases import any_label, any_text, conversations, read_all
from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, Turn
from turnwise.formats import FORMATS
from turnwise.project import Project
from turnwise.sampling import month_and_domain
from turnwise.steps import export_logs, import_logs

WRITABLE = [name for name, one in FORMATS.items() if one.write]
APART = [name for name in WRITABLE if FORMATS[name].holds_pseudo]
MODEL = Source("embedded", "neighbours", "1")


@contextmanager
def project(folder: Path, *, redact: bool = True) -> Iterator[Project]:
    with Project.create(folder) as made:
        made.config = made.config.model_copy(update={"redact": redact})
        yield made


def stored(project: Project) -> list[Conversation]:
    return list(project.workspace.conversations())


def without_messages(conversation: Conversation) -> Conversation:
    turns = tuple(replace(turn, messages=()) for turn in conversation.turns)
    return replace(conversation, turns=turns)


@pytest.fixture
def sample(tmp_path, sample_slice) -> Iterator[Project]:
    """The first 40 conversations of the sample, redacted; models labelled three of them."""
    with project(tmp_path / "sample") as made:
        import_logs(made, [sample_slice])
        for one in made.workspace.ids()[:3]:
            said = [Annotation(one, 0, "intent", "SAID_BY_A_MODEL", MODEL, 0.75)]
            made.workspace.put_annotations(f"work on {one}", one, said)
        yield made


def test_what_is_exported_and_imported_again_is_equal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("law")
    path = folder / "out.jsonl"

    @settings(max_examples=25, deadline=None)
    @given(
        st.lists(
            conversations(any_text, any_label), min_size=1, max_size=4, unique_by=lambda one: one.id
        )
    )
    def law(given_ones: list[Conversation]) -> None:
        first.workspace.add(given_ones)
        result = export_logs(first, path, force=True)
        assert import_logs(second, [path]).rejected == 0
        assert stored(second) == sorted(given_ones, key=lambda one: one.id)
        assert result.conversations == len(given_ones)
        for one in (first, second):
            one.workspace.forget(one.workspace.ids())

    with (
        project(folder / "a", redact=False) as first,
        project(folder / "b", redact=False) as second,
    ):
        law()


@pytest.mark.parametrize("format", ["jsonl", "label-studio", "csv", "tsv", "chat"])
def test_every_format_brings_back_all_but_what_it_says_it_loses(sample, tmp_path, format):
    result = export_logs(sample, tmp_path / "out.gz", format=format)
    with project(tmp_path / "again") as again:
        import_logs(again, [tmp_path / "out.gz"])
        found, known = stored(again), stored(sample)
    if "meta" in result.loses:
        known = [replace(one, meta={}) for one in known]
    if "messages" in result.loses:
        found, known = ([without_messages(one) for one in some] for some in (found, known))
    assert found == known
    assert bool(result.loses) == (format not in ("jsonl", "label-studio"))


def test_rasa_brings_back_texts_and_intents_of_customer_turns(sample, tmp_path):
    result = export_logs(sample, tmp_path / "nlu.yml")
    with project(tmp_path / "again") as again:
        import_logs(again, [tmp_path / "nlu.yml"])
        found = [(one.turns[0].text, one.turns[0].gold["intent"]) for one in stored(again)]
    turns = [turn for one in stored(sample) for turn in one.turns if "intent" in turn.gold]
    assert sorted(found) == sorted({(turn.text, turn.gold["intent"]) for turn in turns})
    assert result.gold == len(turns)


@pytest.mark.parametrize("format", APART)
@pytest.mark.parametrize("labels", ["pseudo", "all"])
def test_labels_of_models_are_in_the_file_and_never_become_gold(sample, tmp_path, format, labels):
    result = export_logs(sample, tmp_path / "out", format=format, labels=labels)
    assert "SAID_BY_A_MODEL" in (tmp_path / "out").read_text("utf-8")
    assert result.pseudo == 3
    assert (result.gold == 0) == (labels == "pseudo")
    with project(tmp_path / "again") as again:
        import_logs(again, [tmp_path / "out"])
        gold = again.workspace.gold_labels()
        assert len(stored(again)) == 40
    assert gold == ({} if labels == "pseudo" else sample.workspace.gold_labels())


def test_a_label_of_a_model_says_how_sure_it_is_and_by_whom(sample, tmp_path):
    export_logs(sample, tmp_path / "out.jsonl", labels="all")
    turn = json.loads((tmp_path / "out.jsonl").read_text("utf-8").splitlines()[0])["turns"][0]
    assert turn["gold"]
    assert turn["pseudo"] == [
        {
            "dimension": "intent",
            "label": "SAID_BY_A_MODEL",
            "confidence": 0.75,
            "by": "embedded neighbours 1",
        }
    ]


def test_a_sample_gives_each_stratum_its_share_and_is_the_same_again(sample, tmp_path):
    for name in ("one.jsonl", "two.jsonl"):
        assert export_logs(sample, tmp_path / name, sample=12).conversations == 12
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    every = Counter(map(month_and_domain, stored(sample)))
    taken = Counter(map(month_and_domain, read_all(tmp_path / "one.jsonl")[0]))
    assert all(abs(taken[one] - 12 * every[one] / 40) < 1 for one in every)
    assert export_logs(sample, tmp_path / "all.jsonl", sample=400).conversations == 40


def test_an_export_is_on_record(sample, tmp_path):
    export_logs(sample, tmp_path / "out.csv", sample=5)
    run = sample.workspace.runs()[-1]
    assert (run.command, run.status) == ("export", "finished")
    assert run.result == {"file": str(tmp_path / "out.csv"), "conversations": 5}


KILLED = """
import os, signal, sys
from pathlib import Path
from turnwise.project import Project
from turnwise.steps import export_logs

def die(what, done, total):
    if done == total:
        os.kill(os.getpid(), signal.SIGKILL)

with Project.open(sys.argv[1]) as project:
    export_logs(project, Path(sys.argv[2]), force=True, progress=die)
"""


@pytest.mark.parametrize("name", ["out.jsonl.gz", "out.csv", "out.yml"])
def test_a_killed_export_leaves_what_was_there_and_the_next_one_is_whole(sample, tmp_path, name):
    there = tmp_path / "there"
    there.mkdir()
    path = there / name
    path.write_text("kept\n", encoding="utf-8")
    command = [sys.executable, "-c", KILLED, str(sample.folder), str(path)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert path.read_text("utf-8") == "kept\n"
    export_logs(sample, path, force=True)
    export_logs(sample, tmp_path / name)
    assert path.read_bytes() == (tmp_path / name).read_bytes()
    assert [one.name for one in there.iterdir()] == [name]


@pytest.mark.parametrize("format", WRITABLE)
def test_memory_stays_flat_however_many_conversations_there_are(tmp_path, format):
    def add(first: int, number: int) -> None:
        ids = [f"c{place:05d}" for place in range(first, first + number)]
        gold = {"intent": ("ASK",)}
        made.workspace.add(
            [Conversation(one, (Turn("customer", f"{one} where is it", gold),)) for one in ids]
        )

    def peak() -> int:
        tracemalloc.start()
        try:
            export_logs(made, tmp_path / "out", format=format, force=True)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    with project(tmp_path / "work") as made:
        add(0, 1_000)  # two pages of the database
        peak()
        few = peak()
        add(1_000, 3_000)
        assert peak() < 1.6 * few  # held in memory, they would take four times as much
