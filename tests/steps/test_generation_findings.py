"""What was found of a generated set, on disk: strict JSON, and refused where it is damaged."""

from __future__ import annotations

import json
import math
from dataclasses import fields

import pytest

from turnwise.errors import FormatError
from turnwise.generated import Dropped
from turnwise.generation.files import write_generated
from turnwise.generation.quality.proxies import Quality
from turnwise.project import Project
from turnwise.steps.generated_data import generated_file
from turnwise.steps.generation_findings import (
    FINDINGS,
    other_rows,
    read_findings,
    write_findings,
)

DROPPED = [Dropped("empty", 2), Dropped("another label", 3, "turns")]


def row(name: str) -> Quality:
    """One of which no figure could be told."""
    figures = {one.name: math.nan for one in fields(Quality) if one.type == "float"}
    return Quality(**{"name": name, "conversations": 1, "turns": 1, **figures})


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "work") as made:
        file = generated_file(made, "one")
        file.parent.mkdir(parents=True)
        write_generated([], file)
        write_findings(made, "one", [row("logs"), row("hmm")], DROPPED)
        yield made


def test_what_can_not_be_told_is_null_in_the_file_and_read_as_such(project):
    def refuse(word: str) -> None:
        raise AssertionError(word)

    path = generated_file(project, "one").with_name(FINDINGS)
    written = json.loads(path.read_text("utf-8"), parse_constant=refuse)
    assert written["quality"][0]["perplexity"] is None
    rows, dropped = read_findings(project, "one")
    assert [one.name for one in rows] == ["logs", "hmm"]
    assert math.isnan(rows[0].perplexity)
    assert dropped == DROPPED


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda values: values["quality"][0].update(turns="many"), "quality.0"),
        (lambda values: values.pop("dropped"), "dropped"),
        (lambda values: values["dropped"][0].update(count=None), "dropped.0.count"),
    ],
)
def test_a_damaged_file_is_refused_with_its_field_and_no_other_set_hangs_on_it(
    project, damage, said
):
    path = generated_file(project, "one").with_name(FINDINGS)
    values = json.loads(path.read_text("utf-8"))
    damage(values)
    path.write_text(json.dumps(values), "utf-8")
    with pytest.raises(FormatError, match=FINDINGS) as raised:
        read_findings(project, "one")
    assert said in str(raised.value)
    assert other_rows(project, "two") == ()
