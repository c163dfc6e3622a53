"""Reading a taxonomy file: YAML to checked types, each complaint with the line it is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from turnwise.errors import TaxonomyError
from turnwise.taxonomy import PATH_SEPARATOR, Dimension, Taxonomy, from_dict

MAX_BYTES = 20_000_000
Place = tuple[str | int, ...]  # keys and positions from the root of the file to a value


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
    text = _read_text(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error)
        raise TaxonomyError(
            f"not valid YAML: {reason}", path=path, line=mark.line + 1 if mark else None
        ) from error

    def complain(reason: str, place: Place, hint: str = "") -> TaxonomyError:
        field = ".".join(map(str, place)) or None
        return TaxonomyError(reason, path=path, line=_line(root, place), field=field, hint=hint)

    try:
        checked = _File.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        hint = 'Quote names such as "YES", "NO" and numbers' if "string" in first["msg"] else ""
        raise complain(first["msg"], tuple(first["loc"]), hint) from error
    taxonomy = from_dict(checked.model_dump(exclude_none=True))
    for reason, place, hint in (*_label_faults(taxonomy), *_action_faults(taxonomy)):
        raise complain(reason, place, hint)
    return taxonomy


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TaxonomyError(f"larger than {MAX_BYTES:,} bytes", path=path)
        return path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise TaxonomyError(f"can't be read: {reason}", path=path) from error
    except UnicodeDecodeError as error:
        raise TaxonomyError("is not UTF-8", path=path, hint="Save it as UTF-8") from error


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


def _line(node: Any, place: Place) -> int | None:
    """The line, from 1, of the nearest YAML node on the way to a place."""
    line: int | None = None
    for step in (None, *place):
        if step is not None:
            child = _child(node, step)
            if child is None:
                break
            node = child
        if node is not None:
            line = node.start_mark.line + 1
    return line


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    return None
