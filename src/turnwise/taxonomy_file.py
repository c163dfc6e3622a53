"""Reading a taxonomy file: YAML to checked types, each complaint with the line it is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from turnwise.errors import TaxonomyError
from turnwise.taxonomy import PATH_SEPARATOR, Dimension, Taxonomy, from_dict
from turnwise.yaml_file import Place, YamlFile


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[list[str], BeforeValidator(_as_list)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Label(_Part):
    name: Name
    path: list[Name] | None = None
    description: str = ""
    examples: Texts = []
    excludes: Texts = []
    confused_with: Texts = []
    titles: dict[str, str] = {}


class _Dimension(_Part):
    description: str = ""
    labels: list[_Label] = Field(min_length=1)


class _Action(_Part):
    name: Name
    when: dict[str, Texts]
    workflow: str = ""
    queue: str = ""
    hand_off: str = ""

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if sum(map(bool, (self.workflow, self.queue, self.hand_off))) != 1:
            raise ValueError("needs exactly one of workflow, queue and hand_off")
        return self


class _File(_Part):
    name: Name
    version: int = 1
    dimensions: dict[Name, _Dimension] = Field(min_length=1)
    actions: list[_Action] = []


def read_taxonomy(path: Path) -> Taxonomy:
    """Read and check one file; see `turnwise.taxonomy.load_taxonomy`."""
    file = YamlFile(path, TaxonomyError)

    def complain(reason: str, place: Place, hint: str = "") -> TaxonomyError:
        field = ".".join(map(str, place)) or None
        return TaxonomyError(reason, path=path, line=file.line(place), field=field, hint=hint)

    try:
        checked = _File.model_validate(file.values)
    except ValidationError as error:
        first = error.errors()[0]
        hint = 'Quote names such as "YES", "NO" and numbers' if "string" in first["msg"] else ""
        raise complain(first["msg"], tuple(first["loc"]), hint) from error
    taxonomy = from_dict(checked.model_dump(exclude_none=True))
    for reason, place, hint in (*_label_faults(taxonomy), *_action_faults(taxonomy)):
        raise complain(reason, place, hint)
    return taxonomy


Fault = tuple[str, Place, str]  # what is wrong, where, what to do


def _label_faults(taxonomy: Taxonomy) -> Iterator[Fault]:
    for dimension in taxonomy.dimensions:
        here: Place = ("dimensions", dimension.name, "labels")
        yield from _duplicates(dimension.names, here)
        inner = {
            label.path[:depth] for label in dimension.labels for depth in range(1, len(label.path))
        }
        for position, label in enumerate(dimension.labels):
            if not label.path or label.path[-1] != label.name:
                yield (
                    f"unknown path {PATH_SEPARATOR.join(label.path)!r}: it does not end in the "
                    f"label {label.name!r}",
                    (*here, position, "path"),
                    "Let the last part of a path be the label's own name",
                )
            if label.path in inner:
                yield (
                    f"label {label.name!r} is also an inner node of another label's path",
                    (*here, position, "path"),
                    "Give the inner node another name: only leaves are labels",
                )
            for other in label.confused_with:
                if other not in dimension.index:
                    yield (
                        f"confused_with names no label: {other!r}",
                        (*here, position, "confused_with"),
                        f"Labels of {dimension.name}: {_some(dimension)}",
                    )


def _action_faults(taxonomy: Taxonomy) -> Iterator[Fault]:
    yield from _duplicates([action.name for action in taxonomy.actions], ("actions",))
    for position, action in enumerate(taxonomy.actions):
        for name, nodes in action.when.items():
            here: Place = ("actions", position, "when", name)
            if name not in taxonomy:
                known = ", ".join(taxonomy.dimension_names)
                yield f"unknown dimension {name!r}", here, f"Dimensions: {known}"
                continue
            for node in nodes:
                if not taxonomy[name].under(node):
                    kind = "unknown path" if PATH_SEPARATOR.strip() in node else "names no label"
                    yield (
                        f"action {action.name!r} {kind}: {node!r}",
                        here,
                        f"Labels of {name}: {_some(taxonomy[name])}",
                    )


def _duplicates(names: Sequence[str], here: Place) -> Iterator[Fault]:
    for name, count in Counter(names).items():
        if count > 1:
            last = len(names) - 1 - names[::-1].index(name)
            yield f"duplicate name {name!r}", (*here, last, "name"), "Rename or remove one of them"


def _some(dimension: Dimension, limit: int = 12) -> str:
    names = ", ".join(dimension.names[:limit])
    return names + (", ..." if len(dimension.names) > limit else "")
