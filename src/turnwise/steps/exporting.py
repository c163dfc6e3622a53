"""A project's conversations with their labels -> a file, all of them or a sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from turnwise.annotations import Annotation
from turnwise.conversations import Conversation
from turnwise.errors import FormatError, WorkspaceError
from turnwise.formats import FORMATS, Labelled, format_to_write, write_labelled
from turnwise.progress import Progress, silent
from turnwise.project import Project, without_gold
from turnwise.sampling import stratified_sample

BATCH = 100  # conversations whose annotations are in memory at once
Labels = Literal["gold", "pseudo", "all"]


@dataclass(slots=True)
class ExportResult:
    """What an export wrote.

    Attributes:
        file, format: what was written.
        file, format: where, and how.
        conversations, turns: how many.
        gold, pseudo: labels that were written, by people and by models.
        loses: what the format has no place for, in words; empty where it holds all.
    """

    file: Path
    format: str
    loses: str
    conversations: int = 0
    turns: int = 0
    gold: int = 0
    pseudo: int = 0


def export_logs(
    project: Project,
    file: Path,
    *,
    format: str | None = None,
    sample: int | None = None,
    labels: Labels = "gold",
    force: bool = False,
    progress: Progress = silent,
) -> ExportResult:
    """Write the conversations of a project, in order of id, as they are stored: redacted.

    The file appears when it is complete. The same project gives the same file.

    Args:
        format: one of `formats.FORMATS`; told by the file's name where it is left out.
        sample: how many conversations, each month and domain having its share (see
            `sampling.stratified_sample`); all of them where it is left out.
        labels: those of people (gold), those of models (pseudo), or all. Models' labels stand
            apart from gold, and no import takes them for it.
        force: replace a file that is there already.

    Raises:
        ConfigError: there is no such format, or the name of the file tells none.
        FormatError: the file can't be written, is there already, or the format has no place for
            the labels.
        WorkspaceError: there are no conversations, or no labels of models where they are wanted.
    """
    chosen = format_to_write(file, format)
    _refuse_labels(project, chosen, labels)
    _refuse_place(file, force)
    total = project.workspace.counts().conversations
    if not total:
        raise WorkspaceError(f"{project.folder} holds no conversations: run turnwise import")
    result = ExportResult(file, chosen, FORMATS[chosen].loses)
    with project.recorded("export") as record:
        ids = None
        if sample is not None and sample < total:
            every = _counted(project.workspace.conversations(), "sample", total, progress)
            ids = stratified_sample(every, sample)
            total = sample
        labelled = _labelled(project, ids, labels)
        write_labelled(_noted(labelled, result, total, progress), file, chosen)
        # Where it went: what is forgotten later has to be deleted there by hand.
        record.update(file=str(file.resolve()), conversations=result.conversations)
    return result


def _refuse_labels(project: Project, format: str, labels: Labels) -> None:
    """Fail before any work where the labels that are wanted are not there, or have no place."""
    chosen = FORMATS[format]
    if labels != "gold" and not chosen.holds_pseudo:
        names = ", ".join(name for name, one in FORMATS.items() if one.write and one.holds_pseudo)
        reason = f"{format} can't tell labels of models from those of people"
        raise FormatError(reason, hint=f"Export its gold, or write {names}")
    if chosen.dimension and chosen.dimension not in project.workspace.gold_labels():
        reason = f"{format} holds labels of {chosen.dimension} by people, and there is none"
        raise FormatError(reason, hint="Choose another format, or import labelled conversations")
    made = project.workspace.counts().annotations
    if labels == "pseudo" and all(source.kind == "person" for source in made):
        raise WorkspaceError(f"{project.folder} holds no labels of models: run turnwise label")


def _refuse_place(file: Path, force: bool) -> None:
    if file.is_dir():
        raise FormatError("this is a folder", path=file, hint="Name a file in it")
    if not file.parent.is_dir():
        hint = f"Make the folder {file.parent} first, or name another"
        raise FormatError("the folder is missing", path=file, hint=hint)
    if file.exists() and not force:
        hint = "Name another file, or replace this one with --force"
        raise FormatError("the file is there already", path=file, hint=hint)


def _labelled(project: Project, ids: Sequence[str] | None, labels: Labels) -> Iterator[Labelled]:
    """Conversations with the labels that are wanted, some at a time."""
    conversations = project.workspace.conversations(ids)
    while batch := list(islice(conversations, BATCH)):
        said: dict[str, list[Annotation]] = {one.id: [] for one in batch}
        for one in project.workspace.annotations(list(said)) if labels != "gold" else ():
            if one.source.kind != "person" and one.label is not None:
                said[one.conversation_id].append(one)
        for conversation in batch:
            shown = without_gold(conversation) if labels == "pseudo" else conversation
            yield shown, said[conversation.id]


def _counted(
    conversations: Iterable[Conversation], what: str, total: int, progress: Progress
) -> Iterator[Conversation]:
    for position, conversation in enumerate(conversations, 1):
        yield conversation
        progress(what, position, total)


def _noted(
    labelled: Iterable[Labelled], result: ExportResult, total: int, progress: Progress
) -> Iterator[Labelled]:
    """Hand conversations on, counting what is in them."""
    only = FORMATS[result.format].dimension
    for conversation, said in labelled:
        yield conversation, said
        result.conversations += 1
        result.turns += len(conversation.turns)
        result.gold += sum(
            len(labels)
            for turn in conversation.turns
            for name, labels in turn.gold.items()
            if only in ("", name)
        )
        result.pseudo += len(said)
        progress("export", result.conversations, total)
