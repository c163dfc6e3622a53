"""A new taxonomy for a project, with what became of the labels of the old one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from turnwise.errors import TaxonomyError, WorkspaceError
from turnwise.gold_taxonomy import infer_taxonomy
from turnwise.label_map import read_label_map
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.steps.taxonomy_files import replace_file
from turnwise.taxonomy import Taxonomy, load_taxonomy
from turnwise.workspace import Change, Moved, Open

REPORTS = "reports"
STORING = ("import", "label", "review import")  # commands that store labels as the taxonomy was


@dataclass(frozen=True, slots=True)
class MigrateResult:
    """What a change of the taxonomy did.

    Attributes:
        before, after: versions of the taxonomy in this workspace.
        moved: what became of each label that did not stay, and how many carried it.
        added: dimension -> labels that no old one leads to: with some, all logs are to be
            labelled anew.
        open: turns that need a label anew, by conversation and turn; with those that a
            person had labelled.
        seed_changed: the labelled seed or the test holds other conversations now, since some
            lost all their gold: what reads the seed is labelled anew.
        files: the list of open turns, for people and as JSON lines; none where there are none.
        taxonomy: the workspace's file, which holds the new taxonomy.
        dry_run: nothing was changed.
    """

    before: int
    after: int
    moved: tuple[Moved, ...]
    added: dict[str, tuple[str, ...]]
    open: tuple[Open, ...]
    seed_changed: bool
    files: tuple[Path, ...]
    taxonomy: Path
    dry_run: bool


class _UndoneError(Exception):
    """Takes a dry run back."""


def migrate_taxonomy(
    project: Project,
    file: Path,
    map_file: Path,
    *,
    dry_run: bool = False,
    progress: Progress = silent,
) -> MigrateResult:
    """Carry a project over to a new taxonomy.

    Labels, gold too, follow where one label became one; what became several or none is kept
    under the old version and listed. The database changes in one transaction, and the
    workspace's taxonomy file after it: killed in between, the same call completes it.

    Args:
        file: the new taxonomy; may be the workspace's own file, edited.
        map_file: what became of labels: see `label_map`.
        dry_run: find out what would happen, and change nothing.

    Raises:
        TaxonomyError: one of the files is faulty, or labels vanish that the map is silent about.
        WorkspaceError: there is no earlier taxonomy, or it is the new one already; or a command
            that stores labels is running on this machine.
    """
    project.refuse_beside(STORING, "and would store labels of the old taxonomy")
    new = load_taxonomy(file)
    target = project.folder / project.config.taxonomy
    made = _made_already(project, new, map_file)
    if made is not None:
        result = _result(project, made, seed_changed=False, dry_run=dry_run)
    elif dry_run:
        result = _tried(project, new, map_file, progress)
    else:
        with project.recorded("taxonomy migrate") as record:
            result = _migrated(project, new, map_file, progress)
            record.update(before=result.before, after=result.after, open=len(result.open))
    if dry_run:
        return result
    if file.resolve() != target.resolve():
        replace_file(target, file.read_bytes())
    return replace(result, files=_write_list(project, result))


def _made_already(project: Project, new: Taxonomy, map_file: Path) -> Change | None:
    """The latest change, if it is the one that is asked for: it was killed before its end."""
    last = project.workspace.earlier.last_change()
    if last is None or project.workspace.taxonomy(last.after) != new:
        return None
    old = project.workspace.taxonomy(last.before)
    assert old is not None
    moved = [{one.dimension: {one.label}} for one in project.workspace.earlier.moved_labels(last)]
    known = _together(_labels(old), *moved)
    try:
        again = read_label_map(map_file, known, new)
    except TaxonomyError:
        return None
    same = (again.moves, again.gone) == (last.map.moves, last.map.gone)
    return replace(last, map=again) if same else None


def _tried(project: Project, new: Taxonomy, map_file: Path, progress: Progress) -> MigrateResult:
    found: list[MigrateResult] = []
    with suppress(_UndoneError), project.workspace.transaction():
        found.append(replace(_migrated(project, new, map_file, progress), dry_run=True))
        raise _UndoneError
    return found[0]


def _migrated(project: Project, new: Taxonomy, map_file: Path, progress: Progress) -> MigrateResult:
    workspace = project.workspace
    with workspace.transaction():
        before, old = _old_taxonomy(project, new)
        known = _together(_labels(old), workspace.stored_labels())
        label_map = read_label_map(map_file, known, new)
        if not label_map.changes and _labels(old) == _labels(new):
            raise WorkspaceError(
                "the new taxonomy has the same labels, and the map moves none: there is nothing "
                f"to carry over. Save it as {project.config.taxonomy} in {project.folder}"
            )
        split = project.split()
        after = workspace.put_taxonomy(new)
        change = workspace.migrate(before, after, label_map, progress)
        now = project.split()
        seed_changed = (split.seed, split.test) != (now.seed, now.test)
        return _result(project, change, seed_changed=seed_changed, dry_run=False)


def _old_taxonomy(project: Project, new: Taxonomy) -> tuple[int, Taxonomy]:
    """The latest taxonomy before the new one under which everything that is stored was said.

    The workspace's file may have been edited, and read by other commands, before anything was
    carried over: what was put last need not be what the labels are of.
    """
    workspace = project.workspace
    with suppress(TaxonomyError):
        project.given_taxonomy()
    stored = workspace.stored_labels()
    if not workspace.taxonomies() and stored:
        workspace.put_taxonomy(infer_taxonomy(workspace.gold_labels()))
    versions = [(number, one) for number, one in workspace.taxonomies() if one != new]
    if not versions:
        raise WorkspaceError(
            f"{project.folder} has had no other taxonomy: there is nothing to carry over. Save "
            f"the new one there as {project.config.taxonomy}"
        )
    fitting = [
        (number, one)
        for number, one in versions
        if all(labels <= _labels(one).get(name, set()) for name, labels in stored.items())
    ]
    return (fitting or versions)[0]


def _result(
    project: Project, change: Change, *, seed_changed: bool, dry_run: bool
) -> MigrateResult:
    return MigrateResult(
        before=change.before,
        after=change.after,
        moved=tuple(project.workspace.earlier.moved_labels(change)),
        added=dict(change.map.added or {}),
        open=tuple(project.workspace.earlier.open_turns(change)),
        seed_changed=seed_changed,
        files=(),
        taxonomy=project.folder / project.config.taxonomy,
        dry_run=dry_run,
    )


def _write_list(project: Project, result: MigrateResult) -> tuple[Path, ...]:
    """The open turns as JSON lines and for people, where `forget` looks for texts."""
    if not result.open:
        return ()
    stem = project.folder / REPORTS / f"taxonomy-{result.before}-to-{result.after}"
    stem.parent.mkdir(exist_ok=True)
    lines = (json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in result.open)
    readable, listed = stem.with_suffix(".txt"), stem.with_suffix(".jsonl")
    listed.write_text("".join(lines), encoding="utf-8")
    readable.write_text("\n".join(_readable(result)), encoding="utf-8")
    return readable, listed


def _readable(result: MigrateResult) -> Iterable[str]:
    yield (
        f"Turns that need a label anew: taxonomy {result.before} of this workspace became "
        f"{result.after}."
    )
    yield "What they had is kept under the old one; 'gold' was given by a person."
    last = ""
    for one in result.open:
        if one.conversation_id != last:
            yield ""
            yield one.conversation_id
            last = one.conversation_id
        became = " or ".join(one.became) or "(removed)"
        gold = " (gold)" if one.gold else ""
        text = " ".join(one.text.split())
        yield f"  turn {one.turn}, {one.dimension}: {one.label}{gold} -> {became}"
        yield f"    {text}"
    yield ""


def _labels(taxonomy: Taxonomy) -> dict[str, set[str]]:
    return {one.name: set(one.names) for one in taxonomy.dimensions}


def _together(*parts: dict[str, set[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for part in parts:
        for name, labels in part.items():
            found.setdefault(name, set()).update(labels)
    return found
