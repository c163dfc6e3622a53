"""What people said of turns in Label Studio, out of its JSON or JSON-MIN export.

Read are tasks of one turn (`review_tasks.py`) and tasks of a whole conversation
(`label_studio.py`, JSON only). Skipped annotations and predictions are no judgements. JSON-MIN
has one record for each annotation, the data and the choices as fields side by side.
Format: https://labelstud.io/guide/export
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from turnwise.errors import FormatError
from turnwise.formats import checks
from turnwise.formats.arrays import Element, elements
from turnwise.formats.review_tasks import DIALOGUE, LABEL
from turnwise.formats.streams import chunks, opened

_NOT_OURS = "Read back a JSON export of a project made with 'turnwise review export'"

Labels = dict[str, tuple[str, ...]]  # dimension -> what was chosen
Shown = tuple[tuple[str, str], ...]  # role and text of turns


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one person said of one turn.

    Attributes:
        conversation_id, turn: which.
        shown: `digest` of what the person saw, up to the turn.
        person: who, as Label Studio tells people apart; a name for nobody else.
        moment: when, as text that sorts; empty where the file does not say.
        ground_truth: marked as the one that holds.
        labels: dimension -> labels; those that were not answered are missing.
    """

    conversation_id: str
    turn: int
    shown: bytes
    person: str
    moment: str
    ground_truth: bool
    labels: Labels

    @property
    def key(self) -> tuple[str, int]:
        return self.conversation_id, self.turn


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a file: what was said in it, or why it can't be read.

    Attributes:
        line: where it begins, from 1.
        judgements: none where nobody answered.
    """

    line: int
    judgements: tuple[Judgement, ...] = ()
    error: FormatError | None = None


def digest(turns: Iterable[tuple[str, str]]) -> bytes:
    """Tells conversations apart by role and text of their turns, up to the one that is judged."""
    return sha256(json.dumps(list(turns)).encode("ascii")).digest()


def read_judgements(path: Path) -> Iterator[Task]:
    """Yield the tasks of an export, one at a time however long the file is.

    Raises:
        FormatError: the file is no JSON array, ends inside it, or holds no task of ours; tasks
            before were yielded.
    """
    ours = False
    error: FormatError | None = None
    with opened(path) as stream:
        try:
            for element in elements(chunks(stream, path), ("data", "turnwise")):
                task = _task(element, path)
                error = error or task.error
                ours = ours or task.error is None
                yield task
        except FormatError as broken:
            broken.path = path
            broken.hint = ". ".join(filter(None, (broken.hint, _NOT_OURS)))
            raise
    if error is not None and not ours:
        raise FormatError(
            f"no task can be read; the first: {error.reason}", path=path, hint=_NOT_OURS
        )


def _task(element: Element, path: Path) -> Task:
    try:
        if element.error is not None:
            raise element.error
        return Task(element.line, tuple(_judgements(element.value)))
    except FormatError as error:
        error.path, error.line = path, element.line
        return Task(element.line, error=error)


def _judgements(task: object) -> Iterator[Judgement]:
    if not isinstance(task, dict):
        raise FormatError("this is no task", hint=_NOT_OURS)
    if "data" not in task:
        yield from _of_minimal(task)
        return
    data = task["data"]
    if not isinstance(data, dict) or not isinstance(data.get(DIALOGUE), list):
        raise FormatError("the task holds no dialogue", field=f"data.{DIALOGUE}", hint=_NOT_OURS)
    for position, annotation in enumerate(_list(task.get("annotations"), "annotations")):
        if not isinstance(annotation, dict):
            raise FormatError("an annotation is no object", field="annotations", hint=_NOT_OURS)
        if not annotation.get("was_cancelled"):
            about = _About.of(annotation, "completed_by", str(annotation.get("id", position)))
            results = _list(annotation.get("result"), "annotations.result")
            yield from _of_annotation(data, about, results)


@dataclass(frozen=True, slots=True)
class _About:
    """Whose an annotation is, and when it was made."""

    person: str
    moment: str
    ground_truth: bool

    @classmethod
    def of(cls, annotation: Mapping[str, object], field: str, id: str) -> _About:
        person = annotation.get(field)
        if isinstance(person, dict):
            person = person.get("id") or person.get("email")
        return cls(
            # Nobody is named: it may be anyone, so it is nobody else's.
            f"annotation {id}" if person is None else str(person),
            str(annotation.get("updated_at") or annotation.get("created_at") or ""),
            annotation.get("ground_truth") is True,
        )

    def said(self, conversation: str, turn: int, shown: Shown, labels: Labels) -> Judgement:
        moment, truth = self.moment, self.ground_truth
        return Judgement(conversation, turn, digest(shown), self.person, moment, truth, labels)


def _of_annotation(
    data: Mapping[str, object], about: _About, results: Sequence[object]
) -> Iterator[Judgement]:
    if "turnwise" in data:
        id, turn, shown = _place(data)
        yield about.said(id, turn, shown, _choices(results))
        return
    shown = _shown(data)
    id = checks.name(data.get("conversation_id"), "data.conversation_id")
    if not id:
        raise FormatError("the task names no conversation", field="data", hint=_NOT_OURS)
    by_turn: dict[int, list[object]] = {}
    for result in results:
        if _is_choice(result):
            by_turn.setdefault(_region(result, len(shown)), []).append(result)
    for turn, chosen in by_turn.items():
        yield about.said(id, turn, shown[: turn + 1], _choices(chosen))


def _of_minimal(record: Mapping[str, object]) -> Iterator[Judgement]:
    """The same of JSON-MIN, where one label is a string and several stand in `choices`."""
    if "turnwise" not in record:
        raise FormatError("the task holds no turn to review", field="turnwise", hint=_NOT_OURS)
    id, turn, shown = _place(record)
    labels: Labels = {}
    for name, value in record.items():
        if name.startswith(LABEL) and value not in (None, "", []):
            several = value.get("choices") if isinstance(value, dict) else value
            labels |= checks.gold({name.removeprefix(LABEL): several}, "choices")
    if "annotator" in record:
        about = _About.of(record, "annotator", str(record.get("annotation_id", "")))
        yield about.said(id, turn, shown, labels)


def _place(data: Mapping[str, object]) -> tuple[str, int, Shown]:
    place = data.get("turnwise")
    id = place.get("conversation_id") if isinstance(place, dict) else None
    turn = place.get("turn") if isinstance(place, dict) else None
    if not isinstance(id, str) or type(turn) is not int:
        raise FormatError("the task names no turn", field="turnwise", hint=_NOT_OURS)
    return id, turn, _shown(data)


def _shown(data: Mapping[str, object]) -> Shown:
    dialogue = data.get(DIALOGUE)
    if not isinstance(dialogue, list):
        raise FormatError("the task holds no dialogue", field=DIALOGUE, hint=_NOT_OURS)
    checks.few_enough(dialogue, DIALOGUE)
    return tuple(
        (str(one.get("author")), str(one.get("text"))) if isinstance(one, dict) else ("", "")
        for one in dialogue
    )


def _choices(results: Sequence[object]) -> Labels:
    labels: Labels = {}
    for result in results:
        if not isinstance(result, dict) or not _is_choice(result):
            continue
        name, value = result.get("from_name"), result.get("value")
        if not isinstance(value, dict) or not isinstance(name, str):
            raise FormatError("a result is incomplete", field="annotations", hint=_NOT_OURS)
        chosen = checks.gold({name.removeprefix(LABEL): value.get("choices")}, "annotations")
        for dimension, more in chosen.items():
            known = labels.get(dimension, ())
            labels[dimension] = (*known, *(one for one in more if one not in known))
    return labels


def _is_choice(result: object) -> bool:
    return isinstance(result, dict) and result.get("type") == "choices"


def _region(result: object, turns: int) -> int:
    """The turn of a dialogue that a choice belongs to."""
    value = result.get("value") if isinstance(result, dict) else None
    start, end = (value.get("start"), value.get("end")) if isinstance(value, dict) else ("", "")
    if not str(start).isdecimal() or start != end or int(str(start)) >= turns:
        hint = "Choose for one turn at a time: click the turn, then the label"
        raise FormatError("a choice belongs to no turn", field="annotations", hint=hint)
    return int(str(start))


def _list(value: object, field: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise FormatError("this is no list", field=field, hint=_NOT_OURS)
    return value
