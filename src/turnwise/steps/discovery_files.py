"""What discovery writes: the proposed taxonomy, the table to edit, the report; and reading it back.

A file that is there already is kept as NAME.before where the new one differs: a table may hold
somebody's work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from turnwise.clusters import Discovery
from turnwise.discovery.additions import Addition
from turnwise.discovery.decisions import read_table
from turnwise.discovery.proposal import (
    check_dimension,
    extended,
    names_taken,
    new_taxonomy,
    propose_labels,
    with_examples,
)
from turnwise.discovery.table import Row, table_text
from turnwise.errors import EvaluationError, WorkspaceError
from turnwise.evaluation import Section
from turnwise.progress import Progress
from turnwise.steps.report_sections import additions_section
from turnwise.steps.taxonomy_files import replace_file
from turnwise.taxonomy import Dimension, Label, Taxonomy, load_taxonomy, save_taxonomy

TAXONOMY, TABLE, REPORT = "taxonomy.yaml", "table.csv", "report.html"


@dataclass(frozen=True, slots=True)
class Files:
    """What was written; None where there was nothing to write, and `note` says why."""

    labels: tuple[Label, ...]
    taxonomy: Path | None
    table: Path | None
    report: Path | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """The taxonomy that is added to, and each cluster's place beside it."""

    taxonomy: Taxonomy
    dimension: Dimension
    additions: tuple[Addition, ...]


@dataclass(frozen=True, slots=True)
class TableResult:
    """What an edited table came to.

    Attributes:
        labels: names that were taken over; merged: existing label -> examples that it gained.
        taxonomy: the file.
    """

    labels: tuple[str, ...]
    merged: Mapping[str, int]
    taxonomy: Path


def write_files(
    found: Discovery,
    given: Given | None,
    folder: Path,
    facts: Mapping[str, str],
    progress: Progress,
) -> Files:
    """Write taxonomy, table and report of a discovery.

    Args:
        folder: made where it is missing. facts: of the run, for the report.

    Raises:
        WorkspaceError: the folder can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(f"{folder} can't be made: {error.strerror}") from error
    labels = propose_labels(found, () if given is None else names_taken(given.dimension))
    taxonomy = table = None
    if labels:
        proposed = _proposed(given, labels)
        taxonomy, table = folder / TAXONOMY, folder / TABLE
        write_taxonomy(proposed, taxonomy)
        _replace_table(table, table_text(_rows(found, labels, given)).encode())
    sections = () if given is None else (additions_section(given.additions, given.dimension.name),)
    report, note = _report(found, folder / REPORT, facts, sections, progress)
    return Files(labels, taxonomy, table, report, note)


def _replace_table(table: Path, content: bytes) -> None:
    """Write the table; no kept one is written over, since it may be the one somebody edited."""
    kept = table.with_name(f"{table.name}.before")
    if kept.exists() and table.exists() and table.read_bytes() != content:
        places = (table.with_name(f"{kept.name}-{number}") for number in count(2))
        kept.replace(next(place for place in places if not place.exists()))
    replace_file(table, content)


def taxonomy_from_table(
    table: Path, out: Path, against: Path | None = None, dimension: str = "intent"
) -> TableResult:
    """Read an edited table back, and write the taxonomy that it makes.

    Args:
        against: the taxonomy that the table adds to; dimension: of it. None: a taxonomy of its own.

    Raises:
        TaxonomyError: the table is faulty, with every fault's line; or the taxonomy is.
        WorkspaceError: there is no folder for `out`.
    """
    if not out.parent.is_dir():
        raise WorkspaceError(f"{out}: there is no folder {out.parent}. Make it first")
    if against is None:
        decided = read_table(table)
        made = new_taxonomy(decided.labels)
    else:
        base = load_taxonomy(against)
        check_dimension(base, dimension)
        names = base[dimension].names
        inner = names_taken(base[dimension]).difference(names)
        decided = read_table(table, names, sorted(inner))
        made = extended(with_examples(base, dimension, decided.into), dimension, decided.labels)
    write_taxonomy(made, out)
    merged = {name: len(texts) for name, texts in decided.into.items()}
    return TableResult(tuple(one.name for one in decided.labels), merged, out)


def write_taxonomy(taxonomy: Taxonomy, path: Path) -> None:
    """Write a taxonomy that was read back and checked, whole or not at all."""
    made = path.with_name(f"{path.name}.new")
    try:
        save_taxonomy(taxonomy, made)
        load_taxonomy(made)
        replace_file(path, made.read_bytes())
    finally:
        made.unlink(missing_ok=True)


def _proposed(given: Given | None, labels: Sequence[Label]) -> Taxonomy:
    if given is None:
        return new_taxonomy(labels)
    return extended(given.taxonomy, given.dimension.name, labels)


def _rows(found: Discovery, labels: Sequence[Label], given: Given | None) -> list[Row]:
    nearest = [""] * len(labels) if given is None else [one.nearest for one in given.additions]
    return [
        Row(label, cluster.turns, cluster.turns / turns_read(found), cluster.good, near)
        for cluster, label, near in zip(found.clusters, labels, nearest, strict=True)
    ]


def turns_read(found: Discovery) -> int:
    """Turns that were read: clustered, left unclustered, explained and set aside; 1 at least."""
    return max(1, found.turns + sum(one.count for one in found.set_aside))


def _report(
    found: Discovery,
    path: Path,
    facts: Mapping[str, str],
    sections: Sequence[Section],
    progress: Progress,
) -> tuple[Path | None, str]:
    from turnwise.evaluation.discovery import write_discovery_report

    try:
        write_discovery_report(found, path, facts=facts, sections=sections, progress=progress)
    except EvaluationError as error:  # the plotting libraries are an extra
        return None, f"No report was written: {error}"
    return path, ""
