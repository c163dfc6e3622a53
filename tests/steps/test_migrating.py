"""Labels go where a new taxonomy leads them, and nothing that was said is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from turnwise.annotations import REVIEW, Annotation, Evidence, Source
from turnwise.conversations import Conversation, Turn
from turnwise.errors import TaxonomyError, WorkspaceError
from turnwise.project import Project, key_of
from turnwise.steps.migrating import MigrateResult, migrate_taxonomy
from turnwise.taxonomy import load_taxonomy
from turnwise.workspace import content_hash

MODEL = Source("llm", "single m", "1")
OLD = """\
name: shop
dimensions:
  intent:
    description: what is wanted
    labels: [{name: CANCEL}, {name: STOP}, {name: QUESTION, description: asks}, {name: PRAISE}]
  mood:
    labels: [{name: calm}, {name: angry}]
"""
RENAMED = OLD.replace("{name: CANCEL}, {name: STOP}", "{name: END, description: wants out}")
SPLIT = RENAMED.replace("{name: QUESTION, description: asks}", "{name: ASK}, {name: HOW_TO}")
MERGE_MAP = "intent: {CANCEL: END, STOP: END}\n"
SPLIT_MAP = "intent: {CANCEL: END, STOP: END, QUESTION: [ASK, HOW_TO]}\n"


def talk(id: str, *intents: tuple[str, ...]) -> Conversation:
    gold = [{"intent": one, "mood": ("calm",)} if one else {} for one in intents]
    turns = tuple(Turn("customer", f"text {at} of {id}", one) for at, one in enumerate(gold))
    return Conversation(id, turns)


def said(id: str, turn: int, label: str | None, **more: object) -> Annotation:
    return Annotation(id, turn, "intent", label, MODEL, 0.6, **more)  # type: ignore[arg-type]


LOGS = {
    "log-a": [said("log-a", 0, "CANCEL", runners_up=(("STOP", 0.2), ("PRAISE", 0.1)))],
    "log-b": [said("log-b", 0, "QUESTION", rationale="they ask"), said("log-b", 1, "STOP")],
    "log-c": [said("log-c", 0, None, runners_up=(("QUESTION", 0.3), ("STOP", 0.2)))],
}


def keys(project: Project) -> dict[str, str]:
    """Keys of work as labelling makes them, of what it rests on."""
    taxonomy = load_taxonomy(project.folder / "taxonomy.yaml")
    contents = project.workspace.content_hashes()
    basis = [project.workspace.work_basis(taxonomy), contents["seed-1"], contents["seed-2"]]
    return {one: key_of(basis, contents[one]) for one in LOGS}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    (tmp_path / "old.yaml").write_text(OLD, encoding="utf-8")
    with Project.create(tmp_path / "work", tmp_path / "old.yaml", seed=2, test=0) as project:
        seed = [talk("seed-1", ("CANCEL", "STOP"), ("PRAISE",)), talk("seed-2", ("QUESTION",))]
        project.workspace.add([*seed, *(talk(one, (), ()) for one in LOGS)])
        project.given_taxonomy()
        for id, key in keys(project).items():
            project.workspace.put_annotations(key, id, LOGS[id])
        yield project


@pytest.fixture
def migrate(project: Project, tmp_path: Path):
    def run(new: str, label_map: str, **options: bool) -> MigrateResult:
        (tmp_path / "new.yaml").write_text(new, encoding="utf-8")
        (tmp_path / "map.yaml").write_text(label_map, encoding="utf-8")
        files = (tmp_path / "new.yaml", tmp_path / "map.yaml")
        return migrate_taxonomy(project, *files, **options)

    return run


def stored(project: Project) -> list[tuple[object, ...]]:
    return [
        (*one.key, one.dimension, one.label, one.source.kind, one.runners_up)
        for one in project.workspace.annotations()
    ]


def labels(project: Project, id: str) -> list[str | None]:
    return [one.label for one in project.workspace.annotations([id]) if one.dimension == "intent"]


def test_after_renaming_and_merging_everything_counts_as_labelled(project, migrate):
    before = keys(project)
    result = migrate(RENAMED, MERGE_MAP)
    assert keys(project) == before, "no call is paid again"
    assert project.workspace.done(before.values()) == set(before.values())
    assert labels(project, "log-a") == ["END"]
    assert labels(project, "log-b") == ["QUESTION", "END"]
    assert result.open == ()
    assert result.added == {}
    assert project.taxonomy() == load_taxonomy(project.folder / "taxonomy.yaml")
    assert "END" in project.taxonomy()["intent"].index


def test_runners_up_follow_too(project, migrate):
    migrate(SPLIT, SPLIT_MAP)
    found = {one.conversation_id: one for one in project.workspace.annotations(source=MODEL)}
    assert found["log-a"].runners_up == (("PRAISE", 0.1),), "STOP is the label itself by now"
    assert found["log-c"].runners_up == (("END", 0.2),), "nobody knows which half QUESTION is"
    assert found["log-c"].label is None


def test_gold_follows_and_its_conversation_reads_as_if_it_had_come_so(project, migrate):
    migrate(RENAMED, MERGE_MAP)
    (one,) = project.workspace.conversations(["seed-1"])
    assert one.turns[0].gold == {"intent": ("END",), "mood": ("calm",)}, "merged, it stands once"
    again = project.workspace.add([one])
    assert (again.same, again.conflicting) == (1, ())
    assert project.workspace.gold_labels()["intent"] == {"END", "QUESTION", "PRAISE"}


def test_what_was_said_is_kept_under_its_version(project, migrate):
    before = {one.key: one for one in project.workspace.annotations() if one.label == "CANCEL"}
    result = migrate(SPLIT, SPLIT_MAP)
    kept = list(project.workspace.earlier.annotations(result.before))
    gold = {(*one.key, one.label) for one in kept if one.source.kind == "person"}
    assert gold == {
        ("seed-1", 0, "CANCEL"),
        ("seed-1", 0, "STOP"),
        ("seed-2", 0, "QUESTION"),
    }
    assert [one for one in kept if one.source == MODEL and one.label == "CANCEL"] == [
        before["log-a", 0]
    ]
    assert next(one for one in kept if one.rationale).rationale == "they ask"


def test_split_turns_are_listed_and_only_their_conversations_are_labelled_anew(project, migrate):
    result = migrate(SPLIT, SPLIT_MAP)
    assert [(one.conversation_id, one.turn, one.gold) for one in result.open] == [
        ("log-b", 0, False),
        ("seed-2", 0, True),
    ]
    assert result.open[0].became == ("ASK", "HOW_TO")
    now = keys(project)
    assert project.workspace.done(now.values()) == {now["log-a"], now["log-c"]}
    readable, listed = result.files
    assert "text 0 of log-b" in readable.read_text("utf-8")
    assert "QUESTION (gold) -> ASK or HOW_TO" in readable.read_text("utf-8")
    assert [json.loads(line)["turn"] for line in listed.read_text("utf-8").splitlines()] == [0, 0]


def test_labelling_anew_takes_the_place_of_what_was_left(project, migrate):
    migrate(SPLIT, SPLIT_MAP)
    again = [said("log-b", 0, "ASK"), said("log-b", 1, "END")]
    project.workspace.put_annotations(keys(project)["log-b"], "log-b", again)
    assert labels(project, "log-b") == ["ASK", "END"]
    assert project.workspace.done(keys(project).values()) == set(keys(project).values())


def test_counts_stay_what_is_there(project, migrate):
    migrate(SPLIT, SPLIT_MAP)
    counts = project.workspace.counts()
    found = list(project.workspace.annotations())
    for source, number in counts.annotations.items():
        assert number == sum(one.source == source for one in found), source
    assert counts.gold_conversations == len(project.workspace.gold_ids()) == 2
    for one in project.workspace.conversations(["log-a", "log-b", "log-c"]):
        assert project.workspace.content_hashes()[one.id] == content_hash(one)


def test_gold_of_a_review_follows_and_leaves_its_conversation_alone(project, migrate):
    reviews = [Annotation(id, 0, "intent", "STOP", REVIEW) for id in ("log-a", "log-b")]
    project.workspace.put_review(reviews)
    before = keys(project)
    migrate(RENAMED, MERGE_MAP)
    found = list(project.workspace.annotations(source=REVIEW))
    assert [one.label for one in found] == ["END", "END"]
    assert keys(project) == before
    assert project.workspace.counts().gold_conversations == 2


def test_a_dry_run_tells_the_same_and_changes_nothing(project, migrate):
    before, versions = stored(project), len(project.workspace.taxonomies())
    tried = migrate(SPLIT, SPLIT_MAP, dry_run=True)
    assert stored(project) == before
    assert len(project.workspace.taxonomies()) == versions
    assert load_taxonomy(project.folder / "taxonomy.yaml")["intent"].names[0] == "CANCEL"
    assert not list(project.folder.glob("reports/*"))
    done = migrate(SPLIT, SPLIT_MAP)
    assert (tried.moved, tried.open, tried.before, tried.after) == (
        done.moved,
        done.open,
        done.before,
        done.after,
    )


def test_names_can_be_exchanged(project, migrate):
    swapped = OLD.replace("name: shop", "name: shop 2")
    migrate(swapped, "intent: {CANCEL: STOP, STOP: CANCEL}\n")
    assert labels(project, "log-a") == ["STOP"]
    assert labels(project, "log-b") == ["QUESTION", "CANCEL"]


def test_a_new_label_makes_every_log_unlabelled(project, migrate):
    """Any turn might be its: but what was said stays until it is said anew."""
    result = migrate(RENAMED.replace("{name: PRAISE}", "{name: PRAISE}, {name: GIFT}"), MERGE_MAP)
    assert result.added == {"intent": ("GIFT",)}
    assert project.workspace.done(keys(project).values()) == set()
    assert labels(project, "log-a") == ["END"]


def test_a_removed_dimension_leaves_the_others_labelled(project, migrate):
    one_dimension = RENAMED.partition("  mood:")[0]
    result = migrate(one_dimension, MERGE_MAP + "mood: []\n")
    assert {one.dimension for one in project.workspace.annotations()} == {"intent"}
    assert project.workspace.done(keys(project).values()) == set(keys(project).values())
    assert result.open == ()
    assert {
        one.label for one in project.workspace.earlier.annotations(1) if one.dimension == "mood"
    }


def test_a_conversation_that_loses_all_its_gold_changes_the_seed(project, migrate):
    one_dimension = SPLIT.partition("  mood:")[0]
    result = migrate(one_dimension, SPLIT_MAP + "mood: []\n")
    assert result.seed_changed
    assert project.workspace.gold_ids() == ("seed-1",)
    assert project.workspace.counts().gold_conversations == 1


def test_the_file_may_be_edited_in_place_and_read_by_other_commands_first(project, migrate):
    (project.folder / "taxonomy.yaml").write_text(RENAMED, encoding="utf-8")
    with pytest.raises(TaxonomyError, match="turnwise taxonomy migrate"):
        project.taxonomy()
    (project.folder / "map.yaml").write_text(MERGE_MAP, encoding="utf-8")
    migrate_taxonomy(project, project.folder / "taxonomy.yaml", project.folder / "map.yaml")
    assert labels(project, "log-a") == ["END"]
    assert "END" in project.taxonomy()["intent"].index


def test_changes_follow_each_other(project, migrate):
    before = keys(project)
    migrate(RENAMED, MERGE_MAP)
    migrate(RENAMED.replace("END", "FINISH"), "intent: {END: FINISH}\n")
    assert labels(project, "log-a") == ["FINISH"]
    assert keys(project) == before
    migrate(RENAMED, "intent: {FINISH: END}\n")
    assert labels(project, "log-a") == ["END"]
    assert keys(project) == before


def test_a_taxonomy_that_was_left_behind_counts_nothing_as_labelled(project, migrate):
    """Its labels are stored no more: by hand it can't be brought back as if nothing had been."""
    before = set(keys(project).values())
    migrate(RENAMED, MERGE_MAP)
    (project.folder / "taxonomy.yaml").write_text(OLD, encoding="utf-8")
    assert not before & set(keys(project).values())


def test_given_again_it_says_the_same_and_does_nothing(project, migrate):
    first = migrate(SPLIT, SPLIT_MAP)
    there = stored(project)
    second = migrate(SPLIT, SPLIT_MAP)
    assert stored(project) == there
    assert (second.moved, second.open, second.after) == (first.moved, first.open, first.after)


def test_a_file_that_was_not_written_before_a_kill_is_written_by_the_next_call(project, migrate):
    migrate(SPLIT, SPLIT_MAP)
    (project.folder / "taxonomy.yaml").write_text(OLD, encoding="utf-8")
    migrate(SPLIT, SPLIT_MAP)
    assert "ASK" in project.taxonomy()["intent"].index


KILLED = """
import os, signal, sys
from pathlib import Path
from turnwise.project import Project
from turnwise.steps.migrating import migrate_taxonomy
from turnwise.workspace import migrating

def killed(self):
    os.kill(os.getpid(), signal.SIGKILL)

migrating._Carrying._undo_work = killed
with Project.open(sys.argv[1]) as project:
    migrate_taxonomy(project, Path(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
def test_killed_half_way_nothing_has_happened(project, migrate, tmp_path):
    before = stored(project)
    (tmp_path / "new.yaml").write_text(SPLIT, encoding="utf-8")
    (tmp_path / "map.yaml").write_text(SPLIT_MAP, encoding="utf-8")
    arguments = [project.folder, tmp_path / "new.yaml", tmp_path / "map.yaml"]
    command = [sys.executable, "-c", KILLED, *map(str, arguments)]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    assert stored(project) == before
    assert project.taxonomy()["intent"].names[0] == "CANCEL"
    assert migrate(SPLIT, SPLIT_MAP).open


def test_an_older_annotation_that_cites_a_forgotten_conversation_goes_with_it(project, migrate):
    evidence = (Evidence("secret words", (), 0.9, "seed-1", 0),)
    key = keys(project)["log-a"]
    citing = [said("log-a", 0, "CANCEL", evidence=evidence)]
    project.workspace.put_annotations(key, "log-a", citing)
    migrate(RENAMED, MERGE_MAP)
    project.workspace.forget(["seed-1"])
    kept = list(project.workspace.earlier.annotations(1))
    assert all(not one.evidence for one in kept)
    assert "seed-1" not in {one.conversation_id for one in kept}


def test_nothing_to_carry_over_is_said(project, migrate):
    with pytest.raises(WorkspaceError, match="nothing to carry over"):
        migrate(OLD.replace("asks", "asks something"), "")


def test_labels_that_vanish_are_refused_and_nothing_is_changed(project, migrate):
    before = stored(project)
    with pytest.raises(TaxonomyError, match="intent: CANCEL, STOP"):
        migrate(RENAMED, "")
    assert stored(project) == before
    assert "CANCEL" in project.taxonomy()["intent"].index


def test_a_removed_label_that_the_new_taxonomy_still_has_is_refused(project, migrate):
    before = stored(project)
    with pytest.raises(TaxonomyError, match="the new taxonomy still has 'PRAISE'") as error:
        migrate(RENAMED, "intent:\n  CANCEL: END\n  STOP: END\n  PRAISE: []\n")
    assert error.value.line == 4
    assert stored(project) == before


def test_a_command_that_stores_labels_is_not_overtaken(project, migrate):
    with project.recorded("label"), pytest.raises(WorkspaceError, match="turnwise label is runn"):
        migrate(RENAMED, MERGE_MAP)
    assert migrate(RENAMED, MERGE_MAP).moved
