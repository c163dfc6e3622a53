"""What people said in Label Studio -> gold of single turns, beside that of conversations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from turnwise.annotations import REVIEW, Annotation
from turnwise.conversations import Conversation
from turnwise.errors import FormatError
from turnwise.formats.judgements import Judgement, digest, read_judgements
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.taxonomy import Taxonomy
from turnwise.workspace import Kept, Replaced

Key = tuple[str, int]  # conversation id, turn
EVERY = 1_000  # tasks between two reports of progress


@dataclass(frozen=True, slots=True)
class Refused:
    """What was not taken, and why.

    Attributes:
        line: where the task begins in the file, from 1; of several on one turn, the first.
        conversation_id, turn: empty and -1 where the task can't be read.
    """

    line: int
    reason: str
    conversation_id: str = ""
    turn: int = -1


@dataclass(slots=True)
class ReviewImport:
    """What a file of reviews brought.

    Attributes:
        tasks: in the file; unanswered: those that nobody labelled, or that were skipped.
        turns: that labels were taken from; partly: those of them without a label in some
            dimension.
        added, same: labels stored, and those that were known already.
        replaced: labels that took the place of an earlier review.
        kept: imported gold that says otherwise and holds.
        refused: turns of which nothing was taken.
    """

    tasks: int = 0
    unanswered: int = 0
    turns: int = 0
    partly: int = 0
    added: int = 0
    same: int = 0
    replaced: list[Replaced] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


class _FaultError(Exception):
    """Why a turn is refused."""


def import_review(project: Project, file: Path, progress: Progress = silent) -> ReviewImport:
    """Read a JSON or JSON-MIN export of Label Studio and store its labels as gold.

    The labels of a turn are taken all or not at all, and those of the file together. Reading the
    same file again changes nothing; a later review takes the place of an earlier one, and imported
    gold is never touched.

    Raises:
        FormatError: the file can't be read, is none of Label Studio, or is of another workspace.
        WorkspaceError: a conversation was forgotten meanwhile.
    """
    # Not the inferred one alone: gold that the file lacks is mended by a review.
    taxonomy = project.given_taxonomy() or project.taxonomy()
    result = ReviewImport()
    with project.recorded("review import") as record:
        said, lines = _read(file, result, progress)
        _refuse_unknown(project, file, said, lines, result)
        annotations = list(_checked(project, taxonomy, said, lines, result))
        put = project.workspace.put_review(annotations)
        result.added, result.same = put.added, put.same
        result.replaced, result.kept = put.replaced, put.kept
        result.refused.sort(key=lambda one: (one.line, one.turn))
        record.update(file=str(file.resolve()), added=put.added, replaced=len(put.replaced))
    return result


Said = dict[str, dict[int, list[Judgement]]]  # conversation id -> turn -> judgements, in order
Lines = dict[Key, int]


def _read(file: Path, result: ReviewImport, progress: Progress) -> tuple[Said, Lines]:
    said: Said = {}
    lines: Lines = {}
    for task in read_judgements(file):
        result.tasks += 1
        if result.tasks % EVERY == 0:
            progress(f"read {file.name}", result.tasks, 0)
        if task.error is not None:
            result.refused.append(Refused(task.line, task.error.reason))
            continue
        answers = [one for one in task.judgements if one.labels]
        result.unanswered += not answers
        for one in answers:
            said.setdefault(one.conversation_id, {}).setdefault(one.turn, []).append(one)
            lines.setdefault(one.key, task.line)
    return said, lines


def _refuse_unknown(
    project: Project, file: Path, said: Said, lines: Lines, result: ReviewImport
) -> None:
    """Take out what is of conversations that the workspace does not hold."""
    unknown = set(said).difference(project.workspace.ids())
    if unknown and len(unknown) == len(said):
        raise FormatError(
            f"none of its {len(said):,} conversations is in {project.folder}",
            path=file,
            hint="Name with -w the workspace that it was exported from; what was forgotten since "
            "can't be reviewed",
        )
    for id in unknown:
        for turn in said.pop(id):
            reason = "the workspace holds no such conversation"
            result.refused.append(Refused(lines[id, turn], reason, id, turn))


def _checked(
    project: Project, taxonomy: Taxonomy, said: Said, lines: Lines, result: ReviewImport
) -> Iterator[Annotation]:
    """The labels of every turn that is in order."""
    for conversation in project.workspace.conversations(list(said)) if said else ():
        for turn, judgements in said[conversation.id].items():
            try:
                labels = _labels(conversation, turn, judgements, taxonomy)
            except _FaultError as fault:
                key = (conversation.id, turn)
                result.refused.append(Refused(lines[key], str(fault), *key))
                continue
            result.turns += 1
            result.partly += len(labels) < len(taxonomy.dimensions)
            for dimension, label in labels.items():
                yield Annotation(conversation.id, turn, dimension, label, REVIEW)


def _labels(
    conversation: Conversation, turn: int, judgements: Sequence[Judgement], taxonomy: Taxonomy
) -> Mapping[str, str]:
    """Dimension -> the label that people agree on.

    Raises:
        _FaultError: the turn can't be taken.
    """
    counted = _that_count(judgements)
    _compare(conversation, turn, counted)
    given: dict[str, set[tuple[str, ...]]] = {}
    for one in counted:
        for dimension, labels in one.labels.items():
            given.setdefault(dimension, set()).add(labels)
    for dimension, answers in given.items():
        names = sorted({label for labels in answers for label in labels})
        if dimension not in taxonomy:
            raise _FaultError(f"the taxonomy has no dimension {dimension!r}")
        if unknown := [one for one in names if one not in taxonomy[dimension].index]:
            raise _FaultError(f"dimension {dimension!r} has no label {unknown[0]!r}")
        if len(answers) > 1:
            raise _FaultError(f"people disagree on {dimension}: {', '.join(names)}")
        if len(names) > 1:
            raise _FaultError(
                f"{dimension} has several labels, where one is asked: {', '.join(names)}"
            )
    return {dimension: labels[0] for dimension, (labels,) in given.items()}


def _that_count(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Those marked as ground truth, or all; of each person the latest."""
    truth = [one for one in judgements if one.ground_truth]
    latest: dict[str, Judgement] = {}
    for one in sorted(truth or judgements, key=lambda one: one.moment):
        latest[one.person] = one
    return list(latest.values())


def _compare(conversation: Conversation, turn: int, judgements: Sequence[Judgement]) -> None:
    """Refuse labels of something else than what is stored."""
    if not 0 <= turn < len(conversation.turns):
        raise _FaultError("the conversation has no such turn")
    if conversation.turns[turn].role != "customer":
        raise _FaultError("this is no turn of the customer")
    stored = digest((one.role, one.text) for one in conversation.turns[: turn + 1])
    if any(one.shown != stored for one in judgements):
        raise _FaultError("the text is not the one that is stored: it changed since the export")
