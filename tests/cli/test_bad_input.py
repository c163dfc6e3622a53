"""Each bad input: exit code 2, file, line and what to do, no traceback, and the rest is kept."""

from __future__ import annotations

import gzip
import json
import sqlite3
from pathlib import Path

import pytest

GOOD = {"id": "good", "turns": [{"role": "customer", "text": "my tablet is slow"}]}
TAXONOMY = """\
name: small
dimensions:
  intent:
    labels: [{name: CANCEL}, {name: REFUND}]
"""


def record(**changes: object) -> str:
    return json.dumps({**GOOD, **changes})


def customer(**changes: object) -> list[dict[str, object]]:
    return [{"role": "customer", "text": "hello", **changes}]


@pytest.fixture
def workspace(turnwise, tmp_path) -> Path:
    (tmp_path / "taxonomy.yaml").write_text(TAXONOMY, encoding="utf-8")
    turnwise("init", tmp_path / "work", "--taxonomy", tmp_path / "taxonomy.yaml")
    return tmp_path / "work"


def stored(turnwise, workspace: Path) -> int:
    return json.loads(turnwise("stats", "-w", workspace, "--json").stdout)["conversations"]


BAD = {
    "broken JSON": ('{"id": "bad", "turns": [', "JSON"),
    "no role": (record(id="bad", turns=[{"text": "hello"}]), "role"),
    "no text": (record(id="bad", turns=[{"role": "customer"}]), "text"),
    "an empty conversation": (record(id="bad", turns=[]), "turn"),
    "an unknown label": (record(id="bad", turns=customer(gold={"intent": "CANCLE"})), "CANCLE"),
    "another content under the same id": (record(turns=customer()), "'good'"),
    "a turn of 1 MB": (record(id="bad", turns=customer(text="x" * 1_000_000)), "characters"),
    "a conversation of 5,000 turns": (record(id="bad", turns=customer() * 5_000), "2,000"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_is_told_with_its_line_and_the_rest_is_kept(
    turnwise, workspace, tmp_path, name
):
    line, said = BAD[name]
    path = tmp_path / "logs.jsonl"
    path.write_text("\n".join([record(), line, record(id="after")]) + "\n", encoding="utf-8")
    out = turnwise("import", path, "-w", workspace, code=2).stdout
    assert f"{path}, line 2" in out
    assert said in out
    assert stored(turnwise, workspace) == 2
    (rejected,) = (workspace / "rejected").iterdir()
    assert len(rejected.read_text("utf-8").splitlines()) == 1


@pytest.mark.parametrize("name", BAD)
def test_with_stop_nothing_at_all_is_kept(turnwise, workspace, tmp_path, name):
    line, said = BAD[name]
    path = tmp_path / "logs.jsonl"
    path.write_text("\n".join([record(), line, record(id="after")]) + "\n", encoding="utf-8")
    error = turnwise("import", path, "-w", workspace, "--on-error", "stop", code=2).stderr
    assert f"{path}, line 2" in error
    assert said in error
    assert stored(turnwise, workspace) == 0


def test_the_same_conversation_again_is_skipped(turnwise, workspace, tmp_path):
    path = tmp_path / "logs.jsonl"
    path.write_text(record() + "\n" + record() + "\n", encoding="utf-8")
    out = json.loads(turnwise("import", path, "-w", workspace, "--json").stdout)
    assert (out["added"], out["same"], out["rejected"]) == (1, 1, 0)


def test_wrong_encoding_names_the_line(turnwise, workspace, tmp_path):
    path = tmp_path / "logs.jsonl"
    path.write_bytes(record().encode() + b"\n" + "{'caf\xe9".encode("latin-1") + b"\n")
    out = turnwise("import", path, "-w", workspace, code=2).stdout
    assert f"{path}, line 2" in out
    assert "UTF-8" in out
    assert stored(turnwise, workspace) == 1


def test_a_truncated_gz_keeps_what_was_read(turnwise, workspace, tmp_path):
    lines = "".join(
        record(id=f"c{n}", turns=customer(text=f"text {n * 7919}")) + "\n" for n in range(3000)
    )
    path = tmp_path / "logs.jsonl.gz"
    path.write_bytes(gzip.compress(lines.encode())[:-2000])
    out = turnwise("import", path, "-w", workspace, code=2).stdout
    assert str(path) in out
    assert 0 < stored(turnwise, workspace) < 3000


def test_a_file_of_another_format_says_what_it_looks_like(turnwise, workspace, tmp_path):
    path = tmp_path / "logs.jsonl"
    path.write_text(record() + "\n", encoding="utf-8")
    out = turnwise("import", path, "-w", workspace, "--format", "sgd", code=2).stdout
    assert f"{path}: this is not sgd: it looks like" in out
    assert "Read it as jsonl" in out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("{name: REFUND}", "{name: CANCEL}"), "duplicate name 'CANCEL'"),
        (("{name: REFUND}", "{name: REFUND, path: [Money]}"), "unknown path 'Money'"),
        (
            ("labels:", "labels:"),
            "names no label: 'PAY'",
        ),
    ],
)
def test_a_faulty_taxonomy_makes_no_workspace(turnwise, tmp_path, change, said):
    text = TAXONOMY.replace(*change)
    if "PAY" in said:
        text += "actions:\n  - {name: pay, when: {intent: PAY}, queue: money}\n"
    path = tmp_path / "taxonomy.yaml"
    path.write_text(text, encoding="utf-8")
    error = turnwise("init", tmp_path / "work", "--taxonomy", path, code=2).stderr
    assert said in error
    assert f"{path}, line" in error
    assert not (tmp_path / "work").exists()


def test_a_folder_that_is_no_workspace_says_how_to_make_one(turnwise, tmp_path):
    assert "turnwise init" in turnwise("stats", "-w", tmp_path, code=2).stderr


def test_an_unknown_setting_is_named(turnwise, workspace):
    with (workspace / "turnwise.yaml").open("a") as file:
        file.write("labelling: {abstain_belov: 0.1}\n")
    error = turnwise("stats", "-w", workspace, code=2).stderr
    assert "labelling.abstain_belov" in error


def test_a_database_of_a_newer_version_is_left_alone(turnwise, workspace):
    with sqlite3.connect(workspace / "turnwise.db") as database:
        database.execute("update alembic_version set version_num = '9999'")
    assert "9999" in turnwise("stats", "-w", workspace, code=2).stderr


def test_predicting_without_a_bundle_says_what_to_do(turnwise, workspace):
    assert "turnwise train" in turnwise("predict", "-w", workspace, text="hi", code=2).stderr


def test_training_without_labels_says_what_to_do(turnwise, workspace, tmp_path):
    path = tmp_path / "logs.jsonl"
    path.write_text(record() + "\n", encoding="utf-8")
    turnwise("import", path, "-w", workspace)
    assert "labelled seed" in turnwise("train", "-w", workspace, code=2).stderr


def test_rejected_records_of_files_of_one_name_are_all_kept_and_redacted(
    turnwise, workspace, tmp_path
):
    paths = [tmp_path / name / "logs.jsonl" for name in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_text('{"mail": "kim@example.com"}\n', encoding="utf-8")
    turnwise("import", *paths, "-w", workspace, code=2)
    rejected = [one.read_text("utf-8") for one in (workspace / "rejected").iterdir()]
    assert len(rejected) == 2
    assert not any("kim@example.com" in text for text in rejected)


def test_a_mistake_in_what_to_try_costs_no_run(turnwise, workspace, tmp_path):
    logs = tmp_path / "logs.jsonl"
    logs.write_text(record() + "\n", encoding="utf-8")
    missing = tmp_path / "missing.jsonl"
    error = turnwise("run", logs, "-w", workspace, "--try", missing, code=2).stderr
    assert str(missing) in error
    assert stored(turnwise, workspace) == 0


@pytest.mark.parametrize("content", [b"caf\xe9", b"bot: hello\n", None])
def test_predicting_from_a_file_that_is_no_conversation_says_so(turnwise, tmp_path, content):
    path = tmp_path / "talk.txt"
    if content is not None:
        path.write_bytes(content)
    assert str(path) in turnwise("predict", path, "--bundle", tmp_path, code=2).stderr


@pytest.mark.parametrize(
    "text",
    [
        "version: 2024-99-99\n",
        "name: " + "[" * 100_000 + "\n",
        "a0: &a0 {x: 1}\nb: {<<: [*a0, *a0]}\n",
        "dimensions:\n  a: {labels: [{name: A}]}\n  a: {labels: [{name: B}]}\n",
    ],
)
def test_yaml_that_is_no_taxonomy_is_refused_in_words(turnwise, tmp_path, text):
    path = tmp_path / "taxonomy.yaml"
    path.write_text(text, encoding="utf-8")
    assert str(path) in turnwise("init", tmp_path / "w", "--taxonomy", path, code=2).stderr
