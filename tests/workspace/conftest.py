"""A new workspace for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from workspace_samples import new_workspace

from turnwise.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with new_workspace(tmp_path / "logs") as workspace:
        yield workspace
