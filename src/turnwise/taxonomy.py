"""The taxonomy: named dimensions, each a tree of labels, and what to do for which labels.

A taxonomy is written in YAML (`load_taxonomy`, `save_taxonomy`); `to_dict` and `from_dict` are
the same as plain values, for bundles and databases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

PATH_SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Label:
    """One label of a dimension.

    Attributes:
        name: unique within its dimension.
        path: from the root of the tree to the label; its last part is the name.
        description: what an annotator reads.
        examples: utterances that carry the label.
        excludes: what does not belong here, in words.
        confused_with: names of labels of the same dimension that are easily mistaken for it.
        titles: locale -> short title for people.
    """

    name: str
    path: tuple[str, ...]
    description: str = ""
    examples: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    confused_with: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """What it says of itself: title and description."""
        return f"{self.title()}. {self.description}".rstrip(". ")

    def title(self, locale: str = "") -> str:
        """The title in a locale, in its language, in English, or the name."""
        for wanted in (locale, locale.replace("_", "-").split("-")[0], "en"):
            if wanted in self.titles:
                return self.titles[wanted]
        return self.name


@dataclass(frozen=True)
class Dimension:
    """One aspect that every customer turn is labelled along."""

    name: str
    labels: tuple[Label, ...]
    description: str = ""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Label names, in the order in which every probability vector holds them."""
        return tuple(label.name for label in self.labels)

    @cached_property
    def index(self) -> Mapping[str, int]:
        return {name: position for position, name in enumerate(self.names)}

    def label(self, name: str) -> Label:
        return self.labels[self.index[name]]

    def under(self, node: str) -> frozenset[str]:
        """Names of the labels that a label name or a path prefix (`A > B`) stands for."""
        if node in self.index:
            return frozenset((node,))
        prefix = tuple(part.strip() for part in node.split(PATH_SEPARATOR.strip()))
        return frozenset(label.name for label in self.labels if label.path[: len(prefix)] == prefix)


@dataclass(frozen=True, slots=True)
class Action:
    """What to do with a turn whose labels match.

    Attributes:
        when: dimension -> label names or path prefixes; a dimension left out matches any label.
        workflow, queue, hand_off: one of them is set: a workflow to start, a queue of agents,
            or the reason why a person takes over.
    """

    name: str
    when: Mapping[str, tuple[str, ...]]
    workflow: str = ""
    queue: str = ""
    hand_off: str = ""

    @property
    def target(self) -> str:
        """What the action leads to, in one string: `workflow:cancel`, `queue:billing`, ..."""
        for kind in ("workflow", "queue", "hand_off"):
            if value := getattr(self, kind):
                return f"{kind}:{value}"
        return ""


@dataclass(frozen=True)
class Taxonomy:
    """Dimensions with their labels, and the actions that labels lead to."""

    name: str
    dimensions: tuple[Dimension, ...]
    version: int = 1
    actions: tuple[Action, ...] = ()

    @cached_property
    def _by_name(self) -> Mapping[str, Dimension]:
        return {dimension.name: dimension for dimension in self.dimensions}

    @property
    def dimension_names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    def __getitem__(self, dimension: str) -> Dimension:
        return self._by_name[dimension]

    def __contains__(self, dimension: object) -> bool:
        return dimension in self._by_name

    def matched_by(self, action: Action) -> Mapping[str, frozenset[str]]:
        """The labels of each dimension that an action asks for; one left out is any."""
        return {
            name: frozenset().union(*(self[name].under(node) for node in nodes))
            for name, nodes in action.when.items()
        }

    def action_for(self, labels: Mapping[str, str]) -> Action | None:
        """The first action whose conditions all hold, or None where none does."""
        for action, wanted in self._conditions:
            if all(labels.get(name) in names for name, names in wanted.items()):
                return action
        return None

    @cached_property
    def _conditions(self) -> tuple[tuple[Action, Mapping[str, frozenset[str]]], ...]:
        return tuple((action, self.matched_by(action)) for action in self.actions)


def to_dict(taxonomy: Taxonomy) -> dict[str, Any]:
    """A taxonomy as plain values, as they stand in the YAML file; empty parts are left out."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(part) for key, part in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(part) for part in value]
        return value

    def filled(values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: plain(value) for key, value in values.items() if value}

    written: dict[str, Any] = {"name": taxonomy.name, "version": taxonomy.version}
    written["dimensions"] = {
        dimension.name: {
            "description": dimension.description,
            "labels": [filled(asdict(label)) for label in dimension.labels],
        }
        for dimension in taxonomy.dimensions
    }
    if taxonomy.actions:
        written["actions"] = [
            {"name": action.name, "when": plain(action.when)}
            | {key: value for key, value in filled(asdict(action)).items() if key != "when"}
            for action in taxonomy.actions
        ]
    return written


def from_dict(values: Mapping[str, Any]) -> Taxonomy:
    """The inverse of `to_dict`, for values that were checked before they were written."""

    def several(value: str | list[str]) -> tuple[str, ...]:
        return (value,) if isinstance(value, str) else tuple(value)

    def label(written: Mapping[str, Any]) -> Label:
        parts = {key: tuple(v) if isinstance(v, list) else v for key, v in written.items()}
        return Label(**({"path": (written["name"],)} | parts))

    return Taxonomy(
        name=values["name"],
        version=values.get("version", 1),
        dimensions=tuple(
            Dimension(name, tuple(label(one) for one in body["labels"]), body["description"])
            for name, body in values["dimensions"].items()
        ),
        actions=tuple(
            Action(**{**one, "when": {k: several(v) for k, v in one["when"].items()}})
            for one in values.get("actions", ())
        ),
    )


def load_taxonomy(path: Path | str) -> Taxonomy:
    """Read and check a taxonomy file.

    Raises:
        TaxonomyError: with file, line and what to do, for YAML that does not parse, an unknown
            field, a duplicate label, a path that does not end in its label or runs through
            another, and an action that names no label.
    """
    # Here, not above: the checks need yaml and pydantic, which a loaded bundle does without.
    from turnwise.taxonomy_file import read_taxonomy

    return read_taxonomy(Path(path))


def save_taxonomy(taxonomy: Taxonomy, path: Path | str) -> None:
    """Write a taxonomy as YAML that `load_taxonomy` reads back equal."""
    import yaml

    Path(path).write_text(
        yaml.safe_dump(to_dict(taxonomy), sort_keys=False, allow_unicode=True, width=100),
        encoding="utf-8",
    )
