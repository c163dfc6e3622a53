"""`turnwise evaluate --history`, as typed."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from turnwise.bundle import Bundle
from turnwise.bundle.transitions import TRANSITIONS
from turnwise.errors import BundleError
from turnwise.project import current_bundle


def test_it_says_what_feeding_labels_back_brings(turnwise, finished):
    found = json.loads(turnwise("evaluate", "--history", "-w", finished, "--json").stdout)
    ways = found["dimensions"]["domain"]["ways"]
    assert list(ways) == ["text", "beliefs", "labels", "gold"]
    assert found["milliseconds"].keys() == {"text", "labels"}
    shown = turnwise("evaluate", "--history", "-w", finished).stdout
    assert all(name in shown for name in ("domain", "intent", "issue"))
    assert "Reading a turn takes" in shown


def test_it_goes_with_no_other_score(turnwise, finished):
    done = turnwise("evaluate", "--history", "--policy", "-w", finished, code=2)
    assert "give one of them" in " ".join(done.stderr.split())


def test_the_chains_are_among_the_files_that_a_bundle_vouches_for(finished):
    folder = current_bundle(finished)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert TRANSITIONS in manifest["files"]


@pytest.fixture
def copy(finished, tmp_path):
    """The bundle of the slice, its large files linked."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    for file in current_bundle(finished).iterdir():
        if file.suffix == ".json":
            shutil.copy(file, folder)
        else:
            os.link(file, folder / file.name)
    return folder


def test_a_bundle_that_was_packed_without_chains_still_serves(copy):
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    del manifest["files"][TRANSITIONS]
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    (copy / TRANSITIONS).unlink()
    assert Bundle.load(copy, threads=1).transitions is None


def test_chains_that_were_changed_by_hand_are_refused(copy):
    text = (copy / TRANSITIONS).read_text("utf-8")
    (copy / TRANSITIONS).write_text(text.replace('"weight": 0.0', '"weight": 0.9'), "utf-8")
    with pytest.raises(BundleError, match="its sha256 is another"):
        Bundle.load(copy, threads=1)
