"""The command that writes: what it says, and what it refuses with exit code 2 and no file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

TALK = {"id": "a", "turns": [{"role": "customer", "text": "cancel it", "gold": {"topic": "MUSIC"}}]}


@pytest.fixture(scope="module")
def workspace(turnwise, tmp_path_factory) -> Path:
    """Two conversations, one with a label of a dimension that is no intent."""
    folder = tmp_path_factory.mktemp("export")
    other = {"id": "b", "turns": [{"role": "customer", "text": "hello"}], "meta": {"x": "y"}}
    logs = folder / "logs.jsonl"
    logs.write_text(f"{json.dumps(TALK)}\n{json.dumps(other)}\n", encoding="utf-8")
    turnwise("init", folder / "work")
    turnwise("import", logs, "-w", folder / "work")
    return folder / "work"


def test_the_name_of_the_file_tells_the_format(turnwise, workspace, tmp_path):
    path = tmp_path / "out.tsv.gz"
    out = json.loads(turnwise("export", path, "-w", workspace, "--json").stdout)
    assert (out["file"], out["format"]) == (str(path), "tsv")
    assert (out["conversations"], out["turns"], out["gold"], out["pseudo"]) == (2, 2, 1, 0)
    assert path.read_bytes().startswith(b"\x1f\x8b")


def test_it_says_what_was_written_and_what_was_left_out(turnwise, workspace, tmp_path):
    said = turnwise("export", tmp_path / "out.csv", "-w", workspace)
    assert "Wrote 2 conversations (2 turns), 1 labels by people" in said.stdout
    assert "Left out, for csv has no place for it: meta" in said.stdout
    assert "export: 2/2" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("out.json",), "out.json: the name of the file does not tell in which format"),
        (("out.csv", "--format", "xml"), "no format 'xml' to write. There are jsonl, chat, csv"),
        (("out.csv", "--labels", "some"), "gold, pseudo or all"),
        (("out.csv", "--labels", "pseudo"), "no labels of models: run turnwise label"),
        (("out.csv", "--sample", "0"), "--sample"),
        (("nlu.yml", "--labels", "all"), "rasa can't tell labels of models from those of people"),
        (("nlu.yml",), "rasa holds labels of intent by people, and there is none"),
        (("missing/out.csv",), "missing/out.csv: the folder is missing. Make the folder"),
    ],
)
def test_a_mistake_is_told_before_anything_is_written(
    turnwise, workspace, tmp_path, arguments, said
):
    name, *options = arguments
    error = turnwise("export", tmp_path / name, *options, "-w", workspace, code=2).stderr
    assert said in " ".join(error.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_replaced_only_where_that_is_asked_for(
    turnwise, workspace, tmp_path
):
    path = tmp_path / "out.jsonl"
    path.write_text("kept", encoding="utf-8")
    error = turnwise("export", path, "-w", workspace, code=2).stderr
    assert f"{path}: the file is there already" in error
    assert "--force" in error
    assert path.read_text("utf-8") == "kept"
    turnwise("export", path, "--force", "-w", workspace)
    assert json.loads(path.read_text("utf-8").splitlines()[0]) == TALK


def test_an_empty_project_has_nothing_to_export(turnwise, tmp_path):
    turnwise("init", tmp_path / "work")
    error = turnwise("export", tmp_path / "out.csv", "-w", tmp_path / "work", code=2).stderr
    assert "holds no conversations: run turnwise import" in error
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("name", ["out.jsonl", "out.csv.gz"])
def test_a_full_disk_leaves_no_file(turnwise, workspace, tmp_path, name):
    (tmp_path / f".{name}.unfinished").symlink_to("/dev/full")
    error = turnwise("export", tmp_path / name, "-w", workspace, code=2).stderr
    assert f"{tmp_path / name}: the file can't be written: No space left on device" in error
    assert list(tmp_path.iterdir()) == []
