"""What became of the labels of a taxonomy in a newer one: a file that people write.

    intent:
      CANCEL: END              # renamed; merged where several lead to one label
      QUESTION: [ASK, HOW_TO]  # split
      OTHER: []                # removed
    mood: []                   # a whole dimension that was removed

A label that is not named stays what it is. All lines hold at once: `A: B` with `B: A` exchanges
two names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from turnwise.errors import TaxonomyError
from turnwise.taxonomy import Taxonomy
from turnwise.yaml_file import Place, YamlFile

Labels = Mapping[str, Set[str]]  # dimension -> names

QUOTE = 'Quote names such as "YES", "NO" and numbers'
SHOWN = 12  # names that a message lists


@dataclass(frozen=True)
class LabelMap:
    """What became of labels.

    Attributes:
        moves: dimension -> old label -> the labels that it became: one (renamed, merged),
            several (split) or none (removed). Labels that stay are left out.
        gone: dimensions that were removed.
        added: dimension -> new labels that no old one leads to.
    """

    moves: Mapping[str, Mapping[str, tuple[str, ...]]]
    gone: frozenset[str] = frozenset()
    added: Mapping[str, tuple[str, ...]] | None = None

    def became(self, dimension: str, label: str) -> tuple[str, ...]:
        """The labels that one became; itself where it stays."""
        if dimension in self.gone:
            return ()
        return self.moves.get(dimension, {}).get(label, (label,))

    @property
    def changes(self) -> bool:
        """Whether anything became something else."""
        return bool(self.gone) or any(self.moves.values())


def read_label_map(path: Path, old: Labels, new: Taxonomy) -> LabelMap:
    """Read what became of labels, and check it against both taxonomies.

    Args:
        path: a YAML file, see above; one that says nothing moves nothing.
        old: every label that there was.

    Raises:
        TaxonomyError: with file and line: no YAML, an unknown dimension or label, a removed
            label that the new taxonomy still has; and, in one message, every old label that is
            not in the new taxonomy and that the file is silent about.
    """
    file = YamlFile(path, TaxonomyError)
    moves: dict[str, Mapping[str, tuple[str, ...]]] = {}
    gone = set()
    for dimension, said in _mapping(file, file.values, ()).items():
        here: Place = (dimension,)
        if dimension not in old:
            known = f"Dimensions: {_some(old)}"
            raise _fault(file, f"the old taxonomy has no dimension {dimension!r}", here, known)
        if said == [] and dimension not in new:
            gone.add(dimension)
        elif dimension in new:
            found = dict(_moves(file, said, here, old[dimension], new))
            _refuse_still_there(file, dimension, found, new)
            moves[dimension] = {name: to for name, to in found.items() if to != (name,)}
        else:
            hint = f"Write '{dimension}: []' to remove it, or keep it in the new taxonomy"
            raise _fault(file, f"the new taxonomy has no dimension {dimension!r}", here, hint)
    found_map = LabelMap(moves, frozenset(gone))
    _refuse_vanished(file, found_map, old, new)
    return LabelMap(moves, frozenset(gone), _added(found_map, old, new))


def _moves(
    file: YamlFile, said: Any, here: Place, old: Set[str], new: Taxonomy
) -> Iterator[tuple[str, tuple[str, ...]]]:
    (dimension,) = here
    assert isinstance(dimension, str)
    known = new[dimension]
    for label, value in _mapping(file, said, here).items():
        place = (*here, label)
        if label not in old:
            hint = f"Labels of {dimension}: {_some(old)}"
            raise _fault(file, f"the old taxonomy has no label {label!r}", place, hint)
        names = value if isinstance(value, list) else [value]
        for name in names:
            if not isinstance(name, str):
                raise _fault(file, "must be a label or a list of labels", place, QUOTE)
            if name not in known.index:
                hint = f"Labels of {dimension}: {_some(known.names)}"
                raise _fault(file, f"the new taxonomy has no label {name!r}", place, hint)
        if len(set(names)) < len(names):
            raise _fault(file, f"{label!r} leads to the same label twice", place, "Remove one")
        yield label, tuple(names)


def _refuse_still_there(
    file: YamlFile, dimension: str, found: Mapping[str, tuple[str, ...]], new: Taxonomy
) -> None:
    """A removed label may be there only as the new name of another one."""
    led_to = {name for names in found.values() for name in names}
    for label, names in found.items():
        if not names and label not in led_to and label in new[dimension].index:
            hint = "Remove this line where the label stays, or the label from the new taxonomy"
            reason = f"says that it was removed, and the new taxonomy still has {label!r}"
            raise _fault(file, reason, (dimension, label), hint)


def _mapping(file: YamlFile, value: Any, place: Place) -> dict[str, Any]:
    """A mapping with names for keys; what says nothing is an empty one."""
    value = {} if value is None else value
    if not isinstance(value, dict):
        what = "old labels to new ones" if place else "dimensions to what became of their labels"
        hint = "Write lines such as 'OLD: NEW' or 'OLD: [NEW, OTHER]' under the dimension's name"
        raise _fault(file, f"must lead from {what}", place, hint)
    for key in value:
        if not isinstance(key, str):
            raise _fault(file, f"{key!r} is no text", place, QUOTE)
    return value


def _refuse_vanished(file: YamlFile, found: LabelMap, old: Labels, new: Taxonomy) -> None:
    silent = []
    for dimension, labels in old.items():
        said = found.moves.get(dimension, {})
        kept = new[dimension].index if dimension in new else ()
        lost = sorted(name for name in labels if name not in kept and name not in said)
        if dimension in found.gone or not lost:
            continue
        silent.append(f"{dimension}: {', '.join(lost)}")
    if silent:
        raise TaxonomyError(
            "the new taxonomy lacks labels, and nothing says what became of them ("
            + "; ".join(silent)
            + ")",
            path=file.path,
            hint="Write for each 'OLD: NEW', 'OLD: [NEW, OTHER]' where it was split, or 'OLD: []' "
            "where it was removed; 'DIMENSION: []' for a whole dimension",
        )


def _added(found: LabelMap, old: Labels, new: Taxonomy) -> dict[str, tuple[str, ...]]:
    added = {}
    for dimension in new.dimensions:
        before = old.get(dimension.name, frozenset())
        led_to = {name for label in before for name in found.became(dimension.name, label)}
        if fresh := tuple(name for name in dimension.names if name not in led_to):
            added[dimension.name] = fresh
    return added


def _fault(file: YamlFile, reason: str, place: Place, hint: str) -> TaxonomyError:
    field = ".".join(map(str, place)) or None
    return TaxonomyError(reason, path=file.path, line=file.line(place), field=field, hint=hint)


def _some(names: Iterable[str]) -> str:
    every = sorted(names)
    return ", ".join(every[:SHOWN]) + (", ..." if len(every) > SHOWN else "")
