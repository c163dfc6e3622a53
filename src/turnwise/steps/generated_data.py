"""Generated conversations as a project keeps them, and what training learns from them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel

from turnwise.conversations import examples
from turnwise.errors import TrainingError
from turnwise.generated import Dropped, GeneratedConversation
from turnwise.generation.files import read_generated
from turnwise.generation.quality.proxies import Quality
from turnwise.project import Project
from turnwise.sampling import cap_per_label, hold_apart
from turnwise.taxonomy import Taxonomy
from turnwise.training import LabelledExample
from turnwise.unfinished import write_file
from turnwise.workspace.forgetting import GENERATED

CONVERSATIONS, FINDINGS = "conversations.jsonl", "findings.json"
MOST = 0.999  # weight of a turn: 1 is what tells gold


class _Findings(BaseModel):
    quality: list[Quality]
    dropped: dict[str, int]


def generated_file(project: Project, name: str) -> Path:
    """Where the conversations of a generated set are."""
    return project.folder / GENERATED / name / CONVERSATIONS


def generated_names(project: Project) -> list[str]:
    """The generated sets of a project."""
    return sorted(
        one.parent.name for one in (project.folder / GENERATED).glob(f"*/{CONVERSATIONS}")
    )


def write_findings(folder: Path, rows: Sequence[Quality], dropped: Mapping[str, int]) -> None:
    """Note what was found of a generated set, for the card of a corpus that it goes into."""
    values = {"quality": [asdict(one) for one in rows], "dropped": dict(dropped)}
    write_file(folder / FINDINGS, json.dumps(values, indent=1) + "\n")


def read_findings(project: Project, name: str) -> tuple[list[Quality], list[Dropped]]:
    """What `write_findings` noted; nothing where it is not there."""
    path = generated_file(project, name).with_name(FINDINGS)
    if not path.is_file():
        return [], []
    values = _Findings.model_validate_json(path.read_text("utf-8"))
    return values.quality, [Dropped(*one) for one in values.dropped.items()]


def other_rows(project: Project, name: str) -> tuple[Quality, ...]:
    """The measures of the other sets, each under its own name, to stand in one table."""
    found = []
    for other in generated_names(project):
        rows, _ = read_findings(project, other)
        if other != name and len(rows) > 1:  # the logs come first
            found.append(replace(rows[1], name=other))
    return tuple(found)


def read_set(project: Project, name: str) -> list[GeneratedConversation]:
    """The conversations of a generated set.

    Raises:
        TrainingError: there is no such set. FormatError: its file is damaged.
    """
    return list(read_generated(_file(project, name)))


def generated_key(project: Project) -> list[object]:
    """What a training depends on of the generated sets that it learns from; nothing without any.

    Raises:
        TrainingError: there is no such set.
    """
    names, weight = project.config.generation.learn, project.config.generation.weight
    files = {name: sha256(_file(project, name).read_bytes()).hexdigest() for name in names}
    return [files, weight] if files else []


def generated_examples(project: Project, taxonomy: Taxonomy) -> Iterator[LabelledExample]:
    """The customer turns of the generated sets that training learns from, capped per label.

    Left out are conversations that were made of one which tests or calibrates by now.

    Raises:
        TrainingError: there is no such set, or it has labels that the taxonomy lacks.
        FormatError: its file is damaged.
    """
    weight = min(project.config.generation.weight, MOST)
    split = project.split()
    _, calibrating = hold_apart(split.seed, project.config.split.calibration)
    apart = {*split.test, *calibrating}
    conversations = [
        _checked(one, taxonomy, name).conversation()
        for name in project.config.generation.learn
        for one in read_generated(_file(project, name))
        if apart.isdisjoint(_made_of(one))
    ]
    turns = (one for conversation in conversations for one in examples(conversation) if one.gold)
    cap = project.config.caps.training
    for one, labels in cap_per_label(
        turns, lambda one: {name: gold[0] for name, gold in one.gold.items()}, cap
    ):
        yield LabelledExample(one, labels, dict.fromkeys(labels, weight))


def _made_of(one: GeneratedConversation) -> Iterator[str]:
    """The conversations of the logs that its turns were made from."""
    for turn in one.turns:
        for source in turn.sources:
            yield source.rpartition("#")[0]


def _file(project: Project, name: str) -> Path:
    path = generated_file(project, Path(name).name)
    if not path.is_file():
        there = ", ".join(generated_names(project)) or "none yet"
        raise TrainingError(
            f"there is no generated set {name!r} (there: {there}). Run 'turnwise generate', or "
            "leave it out of generation.learn"
        )
    return path


def _checked(one: GeneratedConversation, taxonomy: Taxonomy, name: str) -> GeneratedConversation:
    for turn in one.customer:
        for dimension, label in turn.labels.items():
            if dimension not in taxonomy or label not in taxonomy[dimension].index:
                raise TrainingError(
                    f"generated set {name!r}: the taxonomy has no {dimension} {label!r} (any "
                    "more). Run 'turnwise generate' again"
                )
    return one
