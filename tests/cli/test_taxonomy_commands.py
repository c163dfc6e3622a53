"""`turnwise taxonomy`: what it prints, and each bad input with its place and what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

OLD = """\
name: shop
dimensions:
  intent:
    labels: [{name: CANCEL}, {name: QUESTION}]
  mood:
    labels: [{name: calm}]
"""
NEW = OLD.replace("CANCEL", "END").replace("{name: QUESTION}", "{name: ASK}, {name: HOW_TO}")
MAP = "intent:\n  CANCEL: END\n  QUESTION: [ASK, HOW_TO]\n"


def talk(id: str, intent: str) -> str:
    gold = {"intent": intent, "mood": "calm"}
    return json.dumps({"id": id, "turns": [{"role": "customer", "text": id, "gold": gold}]})


@pytest.fixture(scope="module")
def made(turnwise, tmp_path_factory) -> Path:
    """The files and a workspace with what was imported under the old taxonomy."""
    folder: Path = tmp_path_factory.mktemp("made")
    for name, text in (("old", OLD), ("new", NEW), ("map", MAP)):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    logs = [talk("i quit", "CANCEL"), talk("how so", "QUESTION")]
    (folder / "logs.jsonl").write_text("\n".join(logs), encoding="utf-8")
    turnwise("init", folder / "work", "--taxonomy", folder / "old.yaml")
    turnwise("import", folder / "logs.jsonl", "-w", folder / "work")
    return folder


@pytest.fixture
def work(made, tmp_path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "work"


@pytest.fixture
def migrate(turnwise, work):
    def run(*options: str, code: int = 0):
        files = (work.parent / "new.yaml", "--map", work.parent / "map.yaml")
        return turnwise("taxonomy", "migrate", *files, "-w", work, *options, code=code)

    return run


def test_what_became_of_labels_is_told(work, migrate):
    out = migrate().stdout
    assert "intent: CANCEL" in out
    assert "ASK or HOW_TO" in out
    assert "1 turns of 1 conversations need a label anew" in out
    (readable,) = (work / "reports").glob("*.txt")
    assert "turn 0, intent: QUESTION (gold) -> ASK or HOW_TO" in readable.read_text("utf-8")
    assert "ASK" in (work / "taxonomy.yaml").read_text("utf-8")
    assert (work / "taxonomy.yaml.before").read_text("utf-8") == OLD


def test_machines_are_told_the_same(work, migrate):
    tried = json.loads(migrate("--dry-run", "--json").stdout)
    done = json.loads(migrate("--json").stdout)
    assert tried["dry_run"]
    assert tried["open"] == done["open"]
    assert done["open"][0]["became"] == ["ASK", "HOW_TO"]
    assert [one["gold"] for one in done["moved"]] == [1, 1]
    assert "nothing was changed" in migrate("--dry-run").stdout.lower()


def test_labelling_under_a_file_with_other_labels_names_the_command(turnwise, work):
    (work / "taxonomy.yaml").write_text(NEW, encoding="utf-8")
    error = turnwise("label", "-w", work, code=2).stderr
    assert "CANCEL, QUESTION" in error
    assert "turnwise taxonomy migrate NEW_TAXONOMY.yaml --map MAP.yaml" in error


BAD = {
    "an unknown old label": ({"map": MAP + "  CANCLE: END\n"}, "line 4", "no label 'CANCLE'"),
    "an empty map": ({"map": ""}, "map.yaml", "intent: CANCEL, QUESTION"),
    "a dimension that is gone": (
        {"new": NEW.partition("  mood")[0]},
        "map.yaml",
        "'DIMENSION: []' for a whole dimension",
    ),
    "a map that is no YAML": ({"map": "intent: [}"}, "line 1", "not valid YAML"),
    "a faulty taxonomy": ({"new": NEW + "oops: 1\n"}, "new.yaml, line 7", "not permitted"),
    "the same taxonomy": ({"new": OLD, "map": ""}, "taxonomy.yaml", "nothing to carry over"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_told_with_its_place_and_nothing_changes(work, migrate, name):
    files, where, said = BAD[name]
    for file, text in files.items():
        (work.parent / f"{file}.yaml").write_text(text, encoding="utf-8")
    error = migrate(code=2).stderr
    assert where in error
    assert said in error
    assert (work / "taxonomy.yaml").read_text("utf-8") == OLD


def test_a_map_that_is_not_there_is_told(turnwise, work):
    files = (work.parent / "new.yaml", "--map", work.parent / "none.yaml")
    error = turnwise("taxonomy", "migrate", *files, "-w", work, code=2).stderr
    assert "none.yaml: can't be read" in error


def test_titles_are_shown_or_written(turnwise, work):
    long = "{name: QUESTION, titles: {en: Asks how and when the delivery of an order will come}}"
    text = OLD.replace("{name: QUESTION}", long)
    (work / "taxonomy.yaml").write_text(text, encoding="utf-8")
    shown = turnwise("taxonomy", "compress", "-w", work).stdout
    assert "1 of 3 titles are shorter" in shown
    assert "Nothing was written" in shown
    written = json.loads(turnwise("taxonomy", "compress", "-w", work, "--write", "--json").stdout)
    (short,) = [one["short"] for one in written["titles"] if one["label"] == "QUESTION"]
    assert f"en: {short}" in (work / "taxonomy.yaml").read_text("utf-8")
    error = turnwise("taxonomy", "compress", "-w", work, "--by", "magic", code=2).stderr
    assert "one of embedded, llm" in error
