"""A folder is whole or absent, and what killed processes left is cleared away."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from turnwise.unfinished import move_into_place, unfinished_folder


def make(parent: Path, name: str, said: str = "whole") -> Path:
    with unfinished_folder(parent) as made:
        (made / "proof").write_text(said, encoding="utf-8")
        move_into_place(made, parent / name, "proof")
    return parent / name


def killed_inside(parent: Path) -> Path:
    """The folder that a process leaves which is killed while it fills one."""
    program = (
        "import os, signal, sys; from pathlib import Path;"
        "from turnwise.unfinished import unfinished_folder\n"
        "with unfinished_folder(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(parent)], check=False)
    (left,) = parent.iterdir()
    return left


def test_a_filled_folder_appears_whole_and_nothing_else(tmp_path: Path):
    folder = make(tmp_path / "new", "done")
    assert (folder / "proof").read_text(encoding="utf-8") == "whole"
    assert list(folder.parent.iterdir()) == [folder]


def test_what_breaks_off_leaves_nothing(tmp_path: Path):
    def break_off() -> None:
        with unfinished_folder(tmp_path) as made:
            (made / "proof").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert list(tmp_path.iterdir()) == []


def test_the_first_of_two_that_make_the_same_stays(tmp_path: Path):
    first = make(tmp_path, "done")
    assert make(tmp_path, "done", "later") == first
    assert (first / "proof").read_text(encoding="utf-8") == "whole"


def test_something_else_in_the_place_is_not_passed_over(tmp_path: Path):
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "other").touch()
    with pytest.raises(OSError, match="done"):
        make(tmp_path, "done")


def test_what_a_killed_process_left_is_cleared_and_what_is_filled_is_not(tmp_path: Path):
    left = killed_inside(tmp_path)
    with unfinished_folder(tmp_path) as one, unfinished_folder(tmp_path) as other:
        assert not left.exists()
        assert one.is_dir()
        assert other.is_dir()


def test_what_another_machine_left_is_cleared_after_a_day(tmp_path: Path):
    old, new = tmp_path / ".making-elsewhere-1-a", tmp_path / ".making-elsewhere-1-b"
    old.mkdir()
    new.mkdir()
    os.utime(old, (0, 0))
    make(tmp_path, "done")
    assert not old.exists()
    assert new.exists()
