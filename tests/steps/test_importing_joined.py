"""An import says which messages became one turn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from turnwise.cli import show
from turnwise.project import Project
from turnwise.steps import import_logs


def logs(path: Path, *talks: list[dict[str, Any]]) -> Path:
    records = ({"id": f"c{at}", "turns": turns} for at, turns in enumerate(talks))
    path.write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    return path


def said(text: str, role: str = "customer", **rest: Any) -> dict[str, Any]:
    return {"role": role, "text": text, **rest}


def test_a_customer_whom_nobody_answers_makes_one_turn_and_that_is_said(tmp_path, capsys):
    alone = [said("it broke"), said("cancel it"), said("bye")]
    held = [said("hi"), said("it broke"), said("Which one?", "agent")]
    apart = [said("it broke", messages=[0]), said("cancel it", messages=[2])]
    with Project.create(tmp_path / "work") as project:
        file = logs(tmp_path / "logs.jsonl", alone, held, apart)
        result = import_logs(project, [file])
        assert (result.added, result.turns, result.joined, result.unanswered) == (3, 5, 3, 1)
        show.imported(result, json=False)
        out = " ".join(capsys.readouterr().out.split())
        assert "Joined 3 messages" in out
        assert "Nobody answers in 1 conversations" in out
        again = import_logs(project, [file])
        assert (again.added, again.joined, again.unanswered) == (0, 0, 0)
