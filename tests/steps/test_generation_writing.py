"""The folder of a generated set while it is written."""

from __future__ import annotations

import pytest

from tests.workspaces import copy_folder
from turnwise.project import Project
from turnwise.steps.generating import GenerateOptions, GenerateResult, generate_conversations


def made(project: Project, seed: int) -> GenerateResult:
    options = GenerateOptions(method="hmm", conversations=30, keep=1.0, pairs=True, seed=seed)
    return generate_conversations(project, options)


def test_a_run_that_ends_while_it_writes_leaves_nothing_of_the_set_before_beside_its_own(
    finished, tmp_path, monkeypatch
):
    def ended(*_: object) -> None:
        raise KeyboardInterrupt

    with Project.open(copy_folder(finished, tmp_path / "work")) as project:
        file = made(project, 0).file
        before, names = file.read_bytes(), {one.name for one in file.parent.iterdir()}
        assert len(names) == 4  # conversations, pairs, findings, report
        with monkeypatch.context() as patch:
            patch.setattr("turnwise.steps.generation_writing.write_pairs", ended)
            with pytest.raises(KeyboardInterrupt):
                made(project, 1)
        assert file.read_bytes() != before
        assert [one.name for one in file.parent.iterdir()] == [file.name]
        made(project, 1)
        assert {one.name for one in file.parent.iterdir()} == names
