"""A workspace is a folder that is made once and opened again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from workspace_samples import new_workspace, talks

from turnwise.errors import WorkspaceError
from turnwise.taxonomy import Dimension, Label, Taxonomy
from turnwise.workspace import Workspace


def taxonomy(*labels: str) -> Taxonomy:
    return Taxonomy("shop", (Dimension("intent", tuple(Label(one, (one,)) for one in labels)),))


def test_a_folder_that_is_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(
        WorkspaceError, match=f"no workspace. Make one with: turnwise init {tmp_path}"
    ):
        Workspace.open(tmp_path)


def test_a_workspace_is_not_made_twice(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="is a workspace already"):
        Workspace.create(workspace.folder)


def test_making_is_repeated_after_it_was_killed_half_way(tmp_path: Path) -> None:
    Workspace.create(tmp_path).close()  # killed here, before the settings were written
    with new_workspace(tmp_path) as workspace:
        assert workspace.ids() == ()


def test_a_folder_where_a_file_stands_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(WorkspaceError, match="taken can't be made"):
        Workspace.create(tmp_path / "taken")


def test_a_lost_database_is_not_silently_replaced_by_an_empty_one(workspace: Workspace) -> None:
    workspace.close()
    (workspace.folder / "turnwise.db").unlink()
    with pytest.raises(WorkspaceError, match=r"turnwise.db is missing. Restore it"):
        Workspace.open(workspace.folder)
    assert not (workspace.folder / "turnwise.db").exists()


def test_what_was_stored_is_there_when_opened_again(workspace: Workspace) -> None:
    workspace.add(talks(3))
    workspace.close()
    with Workspace.open(workspace.folder) as again:
        assert list(again.conversations()) == talks(3)


@pytest.mark.parametrize("url", ["mysql://host/logs", "not a url"])
def test_a_database_of_another_kind_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(WorkspaceError, match="postgresql://"):
        Workspace.create(tmp_path, url)


def test_a_url_that_cannot_be_read_is_not_shown_for_its_password() -> None:
    with pytest.raises(WorkspaceError) as caught:
        Workspace.create(Path("nowhere"), "postgresql//user:secret@host/name")
    assert "secret" not in str(caught.value)


def test_opening_loads_neither_alembic_nor_onnxruntime(workspace: Workspace) -> None:
    workspace.close()
    code = (
        "import sys; import turnwise; assert 'sqlalchemy' not in sys.modules\n"
        "from turnwise.workspace import Workspace\n"
        f"Workspace.open({str(workspace.folder)!r}).counts()\n"
        "print([one for one in ('alembic', 'onnxruntime', 'torch') if one in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_taxonomies_get_a_version_for_each_content(workspace: Workspace) -> None:
    assert workspace.taxonomy() is None
    assert workspace.put_taxonomy(taxonomy("ask", "buy")) == 1
    assert workspace.put_taxonomy(taxonomy("buy", "ask")) == 2, "the order of labels is content"
    assert workspace.put_taxonomy(taxonomy("ask", "buy")) == 1
    assert workspace.taxonomy() == taxonomy("ask", "buy"), "the one put last is current"
    assert workspace.taxonomy(2) == taxonomy("buy", "ask")
    assert workspace.taxonomy(3) is None
