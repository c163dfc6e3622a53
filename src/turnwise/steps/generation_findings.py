"""What was found of a generated set: its measures, and what was dropped, beside its file."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from turnwise.errors import FormatError
from turnwise.generated import Dropped
from turnwise.generation.quality.proxies import Quality
from turnwise.project import Project
from turnwise.steps.generated_data import generated_file, generated_names
from turnwise.unfinished import write_file

FINDINGS = "findings.json"


def _told(row: object) -> object:
    """A row as it is here, where NaN is what can't be told; JSON has null for it."""
    if not isinstance(row, dict):
        return row
    return {name: math.nan if value is None else value for name, value in row.items()}


class _Findings(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    quality: list[Annotated[Quality, BeforeValidator(_told)]]
    dropped: list[Dropped]


def write_findings(
    project: Project, name: str, rows: Sequence[Quality], dropped: Sequence[Dropped]
) -> None:
    """Note what was found of a set, for the card of a corpus that it goes into."""
    plain = [
        {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in asdict(one).items()
        }
        for one in rows
    ]
    values = {"quality": plain, "dropped": [asdict(one) for one in dropped]}
    path = generated_file(project, name).with_name(FINDINGS)
    write_file(path, json.dumps(values, indent=1, allow_nan=False) + "\n")


def read_findings(project: Project, name: str) -> tuple[list[Quality], list[Dropped]]:
    """What `write_findings` noted; nothing where it is not there.

    Raises:
        FormatError: the file is damaged.
    """
    path = generated_file(project, name).with_name(FINDINGS)
    if not path.is_file():
        return [], []
    try:
        values = _Findings.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or None
        hint = "Delete the file, or generate the set anew"
        raise FormatError(str(first["msg"]), path=path, field=field, hint=hint) from error
    return values.quality, values.dropped


def other_rows(project: Project, name: str) -> tuple[Quality, ...]:
    """The measures of the other sets, each under its own name, to stand in one table.

    One whose findings are damaged is left out: what was just made does not hang on it.
    """
    found = []
    for other in generated_names(project):
        try:
            rows, _ = read_findings(project, other)
        except FormatError:
            continue
        if other != name and len(rows) > 1:  # the logs come first
            found.append(replace(rows[1], name=other))
    return tuple(found)
