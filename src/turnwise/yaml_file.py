"""Reading a YAML file that somebody wrote by hand: strict, bounded, and with places to point at.

Anchors are refused (a few lines of them can stand for gigabytes), and so is a key that stands
twice, of which YAML would silently keep the last.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from turnwise.errors import InputError

try:
    from yaml import CSafeLoader as _SafeLoader  # libyaml: some ten times as fast
except ImportError:
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]

MAX_BYTES = 20_000_000
MAX_DEPTH = 100  # libyaml's own recursion has no limit, and ends the process
Place = tuple[str | int, ...]  # keys and positions from the root of the file to a value


class _Loader(_SafeLoader):
    """Safe, and without a key twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _fault("a key is a list or a mapping", key)
            if key.value in seen:
                raise _fault(f"the key {key.value!r} stands twice", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class YamlFile:
    """A YAML file that was read.

    Attributes:
        path: the file; values: what it says, in plain values; None where it says nothing.

    Raises:
        InputError: it can't be read, or is no YAML, of the kind given, with the line.
    """

    def __init__(self, path: Path, error: type[InputError]) -> None:
        self.path = path
        text = _text(path, error)
        try:
            _check_events(text)
            loader = _Loader(text)
            self._root = loader.get_single_node()
            self.values: Any = None
            if self._root is not None:
                self.values = loader.construct_document(self._root)
        except yaml.MarkedYAMLError as fault:
            mark = fault.problem_mark
            line = mark.line + 1 if mark else None
            raise error(f"not valid YAML: {fault.problem}", path=path, line=line) from None
        except (yaml.YAMLError, ValueError, OverflowError) as fault:
            raise error(f"not valid YAML: {fault}", path=path) from None

    def line(self, place: Place) -> int | None:
        """The line, from 1, of the nearest thing on the way to a place."""
        node = self._root
        line = None if node is None else node.start_mark.line + 1
        for step in place:
            node = _child(node, step)
            if node is None:
                break
            line = node.start_mark.line + 1
        return line


def _check_events(text: str) -> None:
    """Refuse what no tree may be made of: aliases, and more levels than anybody writes."""
    depth = 0
    for event in yaml.parse(text, _SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _fault("anchors and aliases are not read here", event)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _fault("nested too deeply", event)


def _fault(problem: str, place: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=place.start_mark)


def _text(path: Path, error: type[InputError]) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise error(f"larger than {MAX_BYTES:,} bytes", path=path)
        return path.read_text(encoding="utf-8")
    except OSError as fault:
        raise error(f"can't be read: {fault.strerror or fault}", path=path) from fault
    except UnicodeDecodeError as fault:
        raise error("is not UTF-8", path=path, hint="Save it as UTF-8") from fault


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    return None
