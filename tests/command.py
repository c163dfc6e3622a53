"""The command `turnwise`: as it is installed, or within this process, which starts in no time."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from unittest import mock

from turnwise.cli import main

INSTALLED = str(Path(sys.executable).with_name("turnwise"))


def run_installed(*arguments: object, code: int = 0, text: str = "") -> CompletedProcess[str]:
    """Run the installed command; gives the finished process with its output as text."""
    command = [INSTALLED, *map(str, arguments)]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert "Traceback" not in done.stderr, done.stderr
    return _ended_with(code, done)


def run_here(
    *arguments: object, code: int = 0, text: str = "", columns: int = 80
) -> CompletedProcess[str]:
    """Run the command within this process; what it does not foresee fails the test as it is."""
    command = ["turnwise", *map(str, arguments)]
    given, out, err = (_stream(part) for part in (text, "", ""))
    ended = 0
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        mock.patch.object(sys, "stdin", given),
        mock.patch.object(sys, "argv", command),
        mock.patch.dict(os.environ, COLUMNS=str(columns)),  # 80 is what no terminal is taken for
    ):
        try:
            main()
        except SystemExit as end:
            ended = end.code  # type: ignore[assignment]
    return _ended_with(code, CompletedProcess(command, ended or 0, _text(out), _text(err)))


def _stream(text: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    return stream.buffer.getvalue().decode()  # type: ignore[attr-defined]


def _ended_with(code: int, done: CompletedProcess[str]) -> CompletedProcess[str]:
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done
