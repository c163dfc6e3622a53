"""The review queue of a project: labels in doubt -> tasks for people, and what they said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from turnwise.annotations import REVIEW, Annotation, Source
from turnwise.conversations import Conversation, Example, examples
from turnwise.errors import FormatError, WorkspaceError
from turnwise.formats.review_tasks import ReviewTask, review_config, write_review_tasks
from turnwise.labelling.review import Ranked, doubts_of, rank, same_source
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.steps.ways import labels_in_use
from turnwise.taxonomy import Taxonomy
from turnwise.workspace import Workspace

MOST = 200  # tasks: some hours of one person
BATCH = 100  # conversations whose annotations are in memory at once

Key = tuple[str, int]  # conversation id, turn


@dataclass(slots=True)
class ReviewExport:
    """What was written to be reviewed.

    Attributes:
        file: of tasks; config: of the labeling configuration. Neither is written without a task.
        tasks: turns written, the first of `queue` turns that a person should look at.
        gain: labels that their review is expected to correct, in the turns written and in those
            that say the same.
        reasons: why -> turns written for it; a turn may have several.
        source: whose labels are reviewed.
    """

    file: Path
    config: Path
    source: Source
    tasks: int = 0
    queue: int = 0
    gain: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)


def export_review(
    project: Project,
    file: Path,
    *,
    most: int = MOST,
    config: Path | None = None,
    progress: Progress = silent,
) -> ReviewExport:
    """Write the turns of the unlabelled logs that a person should look at, the first ones first.

    Asked is for dimensions that no person has labelled. The same project gives the same files.

    Args:
        most: tasks at most.
        config: where the labeling configuration goes; beside the file, as .xml, if left out.

    Raises:
        WorkspaceError: nothing is labelled by a model.
        FormatError: a file is there already, or can't be written.
    """
    taxonomy = project.taxonomy()
    used = labels_in_use(project)
    if used is None:
        raise WorkspaceError(f"{project.folder} holds no labels of models: run turnwise label")
    result = ReviewExport(file, config or file.with_suffix(".xml"), used.source)
    _refuse_places(result, review_config(taxonomy))
    with project.recorded("review export") as record:
        ids = project.split().unlabelled
        queue = rank(_open_turns(project, taxonomy, ids, progress), used.source)
        result.queue, chosen = len(queue), queue[:most]
        tasks = _tasks(project, taxonomy, chosen, result)
        if tasks:
            result.tasks = write_review_tasks(tasks, file)
            result.config.write_text(review_config(taxonomy), encoding="utf-8")
        # Where it went: what is forgotten later has to be deleted there by hand.
        record.update(file=str(file.resolve()), tasks=result.tasks)
    return result


def _refuse_places(result: ReviewExport, config: str) -> None:
    """Fail before any work where a file would be lost, or has no folder to go to."""
    if result.file == result.config:
        hint = "Name the tasks .json, or the configuration with --config"
        raise FormatError("tasks and configuration are one file", path=result.file, hint=hint)
    for path in (result.file, result.config):
        if not path.parent.is_dir():
            hint = f"Make the folder {path.parent} first, or name another"
            raise FormatError("the folder is missing", path=path, hint=hint)
        known = path == result.config and path.is_file() and path.read_bytes() == config.encode()
        if path.exists() and not known:
            hint = "Name another file, or delete this one"
            raise FormatError("the file is there already", path=path, hint=hint)


def _open_turns(
    project: Project, taxonomy: Taxonomy, ids: Sequence[str], progress: Progress = silent
) -> Iterator[tuple[Example, list[Annotation]]]:
    """Customer turns with the labels by models that no person has settled, some at a time."""
    conversations = project.workspace.conversations(ids)
    done = 0
    while batch := list(islice(conversations, BATCH)):
        said: dict[str, list[Annotation]] = {one.id: [] for one in batch}
        for one in project.workspace.annotations(list(said)):
            said[one.conversation_id].append(one)
        for conversation in batch:
            yield from _open_turns_of(conversation, said[conversation.id], taxonomy)
        done += len(batch)
        progress("review", done, len(ids))


def _open_turns_of(
    conversation: Conversation, said: Sequence[Annotation], taxonomy: Taxonomy
) -> Iterator[tuple[Example, list[Annotation]]]:
    settled = {(one.turn, one.dimension) for one in said if one.source.kind == "person"}
    labels: dict[int, list[Annotation]] = {}
    for one in said:
        if one.dimension in taxonomy and (one.turn, one.dimension) not in settled:
            labels.setdefault(one.turn, []).append(one)
    for example in examples(conversation):
        if example.index in labels:
            yield example, labels[example.index]


def _tasks(
    project: Project, taxonomy: Taxonomy, chosen: Sequence[Ranked], result: ReviewExport
) -> list[ReviewTask]:
    """The chosen turns in their order, as tasks; counts them in the result."""
    wanted = {one.key for one in chosen}
    ids = sorted({one.conversation_id for one in chosen})
    turns = {
        example.key: (example, said)
        for example, said in (_open_turns(project, taxonomy, ids) if ids else ())
        if example.key in wanted
    }
    tasks: list[ReviewTask] = []
    for place, ranked in enumerate(chosen, 1):
        example, said = turns[ranked.key]
        doubts = [one for one in doubts_of(said, result.source) if one.reasons]
        result.gain += ranked.gain
        result.reasons.update({reason for one in doubts for reason in one.reasons})
        why = [str(one) for one in doubts]
        if ranked.alike > 1:
            why.append(f"{ranked.alike} turns or more have these words and labels")
        first = sorted(said, key=lambda one: not same_source(one.source, result.source))
        task = ReviewTask(example, first, "\n".join(why), place, ranked.gain, ranked.alike)
        tasks.append(task)
    return tasks


def reviewed(
    workspace: Workspace, ids: Sequence[str] | None = None
) -> Mapping[Key, Mapping[str, str]]:
    """What people said in reviews: (conversation id, turn) -> dimension -> label.

    It is gold: it wins over any pseudo-label of the same turn and dimension.

    Args:
        ids: of conversations; None for all.

    Raises:
        WorkspaceError: an id is unknown.
    """
    found: dict[Key, dict[str, str]] = {}
    for one in workspace.annotations(ids, REVIEW):
        if one.label is not None:
            found.setdefault(one.key, {})[one.dimension] = one.label
    return found
