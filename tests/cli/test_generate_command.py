"""turnwise generate, and what follows it, as a person uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.workspaces import copy_folder


@pytest.fixture(scope="module")
def work(finished, tmp_path_factory) -> Path:
    return copy_folder(finished, tmp_path_factory.mktemp("generate") / "work")


def test_generate_shows_what_it_made_and_the_next_commands_work(turnwise, work, tmp_path):
    said = turnwise("generate", "-w", work, "-n", 20, "--pairs").stdout
    assert "embedded-0-" in said
    assert "customer:" in said
    assert "Beside the logs" in said
    assert f"Next: turnwise train -w {work} --generated embedded" in said.replace("\n", " ")
    assert (work / "generated" / "embedded" / "report.html").read_text("utf-8").count("<svg") > 0
    result = json.loads(turnwise("generate", "-w", work, "-n", 20, "--json").stdout)
    assert result["begun"] == 20
    assert result["kept"] <= result["made"]
    out = turnwise(
        "export", tmp_path / "corpus", "-w", work, "--generated", "embedded", "--licence", "CC0-1.0"
    ).stdout
    assert "data card" in out
    again = ("export", tmp_path / "corpus", "-w", work, "--generated", "embedded")
    assert "--force" in turnwise(*again, "--licence", "X", code=2).stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--method", "magic"), "--method is one of"),
        (("--by", "magic"), "--by is one of"),
        (("-n", "0"), "not between 1 and 1,000,000"),
        (("--keep", "0"), "not above 0"),
        (("--switching", "2"), "not between 0 and 1"),
        (("--calls", "3"), "costs nothing"),
        (("--dry-run",), "nothing to tell"),
        (("--market", "Atlantis"), "no labelled conversation is of market 'Atlantis'"),
        (("--name", "a/b"), "no name of a set"),
    ],
)
def test_what_can_not_be_done_is_said_without_a_traceback(turnwise, work, options, said):
    done = turnwise("generate", "-w", work, *options, code=2)
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_training_on_a_set_that_is_not_there_says_which_are(turnwise, work):
    done = turnwise("train", "-w", work, "--generated", "nothing", code=2)
    assert "no generated set 'nothing'" in " ".join(done.stderr.split())


def test_an_empty_workspace_says_what_to_do_first(turnwise, tmp_path):
    turnwise("init", tmp_path / "work")
    said = turnwise("generate", "-w", tmp_path / "work", code=2).stderr
    assert "turnwise label" in said or "labelled seed" in said
