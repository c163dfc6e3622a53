"""A killed import has lost nothing finished, and goes on where it stopped."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from workspace_samples import new_workspace, numbered

from turnwise.workspace import Workspace

BATCH, BATCHES = 40, 60

IMPORT = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from turnwise.workspace import Workspace
from workspace_samples import numbered
with Workspace.open(sys.argv[1]) as workspace:
    for batch in range({BATCHES}):
        ids = range(batch * {BATCH}, (batch + 1) * {BATCH})
        workspace.add([numbered(id) for id in ids])
        print(batch, flush=True)
"""


def importing(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", IMPORT, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_an_import_killed_at_random_moments_ends_with_the_same_content(tmp_path: Path) -> None:
    chance = random.Random(7)
    new_workspace(tmp_path).close()
    for kill in range(1, 4):
        process = importing(tmp_path)
        assert process.stdout is not None
        finished = -1
        for line in process.stdout:
            finished = int(line)
            if finished == kill * 14:
                time.sleep(chance.random() * 0.02)
                process.send_signal(signal.SIGKILL)
                finished = max([finished, *map(int, process.stdout)])
        assert process.wait() == -signal.SIGKILL
        check_whole_batches(tmp_path, at_least=finished + 1)
    assert importing(tmp_path).wait() == 0
    with Workspace.open(tmp_path) as workspace:
        assert list(workspace.conversations()) == [numbered(id) for id in range(BATCH * BATCHES)]


def check_whole_batches(folder: Path, at_least: int) -> None:
    with sqlite3.connect(folder / "turnwise.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    with Workspace.open(folder) as workspace:
        stored, counts = list(workspace.conversations()), workspace.counts()
    assert len(stored) % BATCH == 0
    assert len(stored) >= at_least * BATCH
    assert counts.conversations == len(stored)
    assert counts.turns == sum(len(one.turns) for one in stored)
