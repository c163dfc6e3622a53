"""The command from import to prediction, killed at random moments of every step and resumed."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import time
from pathlib import Path
from subprocess import PIPE

import pytest

from tests.command import INSTALLED

TAXONOMY = Path(__file__).parents[2] / "examples/larkspur/taxonomy.yaml"
SPLIT = ("--seed", 18, "--test", 10)  # as of the workspace `finished`
# Texts are encoded in batches; after a kill other texts share one, and its last digits are others.
ROUNDING = 1e-4


def contents(folder: Path) -> tuple[list[tuple[object, ...]], list[float]]:
    """The turns and labels of a workspace, without times and numbers of rows; the confidences."""
    with sqlite3.connect(folder / "turnwise.db") as database:
        turns = database.execute(
            "select c.id, position, role, text from turns t "
            "join conversations c on c.key = t.conversation order by 1, 2"
        ).fetchall()
        labels = database.execute(
            "select c.id, turn, dimension, label, confidence from annotations a "
            "join conversations c on c.key = a.conversation order by 1, 2, 3, 4, 5"
        ).fetchall()
    return turns + [row[:-1] for row in labels], [row[-1] for row in labels]


def answer(turnwise, folder: Path) -> dict[str, object]:
    text = "customer: the tablet i got is broken\nbot: sorry, what now?\ncustomer: send it back"
    out = turnwise("predict", "-w", folder, "--json", text=text).stdout
    return json.loads(out)


def test_from_import_to_prediction(turnwise, finished):
    said = answer(turnwise, finished)
    assert set(said["dimensions"]) == {"domain", "intent", "issue"}
    for one in said["dimensions"].values():
        confidences = [one["confidence"], *(other["confidence"] for other in one["runners_up"])]
        assert confidences == sorted(confidences, reverse=True)
        assert 0 < sum(confidences) <= 1.0001
    assert said["action"]["to"].split(":")[0] in ("workflow", "queue", "hand_off")
    report = next((finished / "reports").glob("*.html")).read_text("utf-8")
    assert "<script" not in report
    assert "TF-IDF" in report


def test_a_second_run_finds_nothing_to_do(installed, finished, sample_slice):
    before = sorted(one.name for one in (finished / "bundles").iterdir())
    out = json.loads(installed("run", sample_slice, "-w", finished, "--json").stdout)
    assert (out["imported"]["added"], out["imported"]["same"]) == (0, 40)
    assert out["labelled"]["labelled"] == 0
    assert out["trained"]["fresh"] is False
    assert sorted(one.name for one in (finished / "bundles").iterdir()) == before


def test_json_is_the_only_thing_on_standard_output(turnwise, finished):
    for command in ("stats", "label", "train", "evaluate"):
        assert len(turnwise(command, "-w", finished, "--json").stdout.splitlines()) == 1


def test_a_run_killed_at_every_step_ends_as_if_it_had_not_been(
    turnwise, finished, sample_slice, tmp_path
):
    folder = tmp_path / "killed"
    turnwise("init", folder, "--taxonomy", TAXONOMY, *SPLIT)
    chance = random.Random(7)
    for step in ("label: ", "encoding: ", "training: ", "packing: ", "scoring: "):
        kill_in(step, folder, sample_slice, chance.uniform(0, 1))
    turnwise("run", sample_slice, "-w", folder)
    (held, confidences), (expected, as_sure) = contents(folder), contents(finished)
    assert held == expected
    assert confidences == pytest.approx(as_sure, abs=ROUNDING)
    said, same = (answer(turnwise, one)["dimensions"] for one in (folder, finished))
    assert said.keys() == same.keys()
    for name, one in said.items():
        assert one["label"] == same[name]["label"]
        assert one["confidence"] == pytest.approx(same[name]["confidence"], abs=ROUNDING)
    assert [one.name for one in folder.glob("bundles/.*")] == []


def kill_in(step: str, folder: Path, logs: Path, after: float) -> None:
    """Kill a run some seconds after it has said that it began a step."""
    command = [INSTALLED, "run", str(logs), "-w", str(folder), "--json"]
    process = subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True)
    said = iter(process.stderr.readline, "")  # type: ignore[union-attr]
    assert any(line.startswith(step) for line in said), f"the run never came to {step!r}"
    time.sleep(after)
    process.kill()
    process.communicate()


def test_forgetting_leaves_no_trace_of_the_text(turnwise, sample_slice, tmp_path):
    folder = tmp_path / "work"
    turnwise("init", folder, "--taxonomy", TAXONOMY)
    turnwise("import", sample_slice, "-w", folder)
    line = json.loads(sample_slice.read_text("utf-8").splitlines()[0])
    text = line["turns"][0]["text"].encode()

    def holding() -> list[str]:
        return [one.name for one in folder.rglob("*") if one.is_file() and text in one.read_bytes()]

    assert holding() != []
    turnwise("forget", line["id"], "-w", folder)
    assert holding() == []
    assert "no-such" in turnwise("forget", "no-such", "-w", folder, code=2).stderr


def test_a_training_is_chosen_by_its_recipe(turnwise, finished):
    shown = turnwise("train", "--help").stdout
    assert "--recipe" in shown
    assert "--plan" in shown
    error = turnwise("train", "-w", finished, "--recipe", "nothing", code=2).stderr
    assert "finetune" in error
    error = turnwise("train", "-w", finished, "--plan", code=2).stderr
    assert "--recipe finetune" in error
    error = turnwise("train", "-w", finished, "--dimension", "mood", code=2).stderr
    assert "intent" in error
    again = json.loads(turnwise("train", "-w", finished, "--recipe", "frozen", "--json").stdout)
    assert again["fresh"] is False
