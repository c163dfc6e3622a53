"""An edited table -> labels: what is kept, dropped and merged, each fault with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from turnwise.discovery.table import Edited, read_rows
from turnwise.errors import TaxonomyError
from turnwise.taxonomy import PATH_SEPARATOR, Label

MOST_FAULTS = 20  # that are told at once
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person made of the table.

    Attributes:
        labels: that are kept, in the order of the rows, with the examples of what was merged.
        into: existing label -> examples that were merged into it.
    """

    labels: tuple[Label, ...]
    into: Mapping[str, tuple[str, ...]]


def read_table(path: Path, existing: Sequence[str] = (), inner: Sequence[str] = ()) -> Decided:
    """Read an edited table.

    Args:
        existing: names of labels of the taxonomy that it adds to; rows may be merged into them.
        inner: names of that taxonomy's inner nodes, which no label may have.

    Raises:
        TaxonomyError: with every fault, each with its line and what to do: a column that is
            missing, a name that is empty, twice there or that of an existing label, a `keep` that
            is neither yes nor no, a `merge_into` that names no row, a row that is dropped, or goes
            round in a circle; or nothing is kept.
    """
    edited = list(read_rows(path))
    faults = sorted(_faults(edited, frozenset(existing), frozenset(inner)))
    if not any(one.keep for one in edited) and not faults:
        faults = [(1, "no row is kept. Write yes in the column keep of those to take over")]
    if faults:
        raise _refusal(path, faults)
    return _decide(edited, existing)


def _decide(edited: Sequence[Edited], existing: Sequence[str]) -> Decided:
    by_name = {one.name: one for one in edited}
    gathered: dict[str, list[str]] = {}
    for one in edited:
        if one.keep:
            target = one.merge_into or one.name
            while target not in existing and by_name[target].merge_into:
                target = by_name[target].merge_into
            gathered.setdefault(target, []).extend(one.examples)
    labels = tuple(
        one.label(_distinct([*one.examples, *gathered[one.name]]))
        for one in edited
        if one.keep and not one.merge_into
    )
    into = {name: _distinct(gathered[name]) for name in existing if name in gathered}
    return Decided(labels, into)


def _distinct(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


Fault = tuple[int, str]  # line, what is wrong and what to do


def _faults(
    edited: Sequence[Edited], existing: frozenset[str], inner: frozenset[str]
) -> Iterator[Fault]:
    lines: dict[str, int] = {}
    kept = [one for one in edited if one.keep]
    groups = inner.union(*(one.group for one in kept if not one.merge_into))
    for one in edited:
        if one.keep is None:
            yield one.line, "keep is neither yes nor no. Write one of them"
        if not one.name or len(one.name) > LONGEST_NAME:
            yield one.line, f"the name is empty, or longer than {LONGEST_NAME}. Write a short one"
        elif PATH_SEPARATOR.strip() in one.name:
            yield one.line, f"the name {one.name!r} holds '>', which parts groups. Write another"
        elif one.name in lines:
            first = lines[one.name]
            yield (
                one.line,
                f"the name {one.name!r} stands on line {first} too. Rename one of them, or write "
                "it into merge_into of the other under a name of its own",
            )
        elif one.keep and not one.merge_into and one.name in existing:
            yield (
                one.line,
                f"the taxonomy has a label {one.name!r} already. Rename the row, or write the "
                "label into its column merge_into",
            )
        elif one.keep and not one.merge_into and one.name in groups:
            yield one.line, f"{one.name!r} is the name of a group too. Rename one of them"
        lines.setdefault(one.name, one.line)
    yield from _merge_faults(edited, existing)


def _merge_faults(edited: Sequence[Edited], existing: frozenset[str]) -> Iterator[Fault]:
    by_name = {one.name: one for one in edited if one.name}
    for one in edited:
        if one.merge_into and one.keep is False:
            yield (
                one.line,
                f"the row is dropped and merged into {one.merge_into!r}. Write yes into keep to "
                "give its examples to that, or empty merge_into to drop it",
            )
        if not one.merge_into or not one.keep:
            continue
        target = by_name.get(one.merge_into)
        if one.merge_into == one.name and one.name not in existing:
            yield one.line, "the row is merged into itself. Empty the cell merge_into"
        elif target is None and one.merge_into not in existing:
            yield (
                one.line,
                f"merge_into names no row and no label: {one.merge_into!r}. Write a name as it "
                "stands in the column name",
            )
        elif one.merge_into not in existing and target and target.keep is False:
            yield (
                one.line,
                f"{one.merge_into!r}, which it is merged into, is dropped on line {target.line}. "
                "Write yes in its column keep, or merge into another",
            )
        elif _goes_round(one, by_name, existing):
            yield one.line, "merge_into goes round in a circle. Empty the cell of one of the rows"


def _goes_round(one: Edited, by_name: Mapping[str, Edited], existing: frozenset[str]) -> bool:
    seen, at = {one.name}, one.merge_into
    while at not in existing and at in by_name and at not in seen:
        seen.add(at)
        at = by_name[at].merge_into
    return at not in existing and at in seen


def _refusal(path: Path, faults: Sequence[Fault]) -> TaxonomyError:
    if len(faults) == 1:
        line, reason = faults[0]
        return TaxonomyError(reason, path=path, line=line)
    listed = "".join(f"\n  line {line}: {reason}" for line, reason in faults[:MOST_FAULTS])
    more = f"\n  and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
    return TaxonomyError(f"{len(faults)} faults{listed}{more}", path=path)
