"""Generated conversations as a project keeps them, and what training learns from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from turnwise.conversations import Example, examples
from turnwise.errors import TrainingError
from turnwise.generated import GeneratedConversation
from turnwise.generation.files import read_generated
from turnwise.generation.ranking import read_pairs
from turnwise.project import Project
from turnwise.sampling import cap_per_label, hold_apart
from turnwise.taxonomy import Taxonomy
from turnwise.training import LabelledExample
from turnwise.training.data import Answers
from turnwise.workspace.forgetting import GENERATED

CONVERSATIONS, PAIRS = "conversations.jsonl", "pairs.jsonl"
MOST = 0.999  # weight of a turn: 1 is what tells gold


def generated_file(project: Project, name: str) -> Path:
    """Where the conversations of a generated set are."""
    return project.folder / GENERATED / name / CONVERSATIONS


def generated_names(project: Project) -> list[str]:
    """The generated sets of a project."""
    return sorted(
        one.parent.name for one in (project.folder / GENERATED).glob(f"*/{CONVERSATIONS}")
    )


def read_set(project: Project, name: str) -> list[GeneratedConversation]:
    """The conversations of a generated set.

    Raises:
        TrainingError: there is no such set. FormatError: its file is damaged.
    """
    return list(read_generated(_file(project, name)))


def generated_key(project: Project) -> list[object]:
    """What a training depends on of the generated sets that it learns from; nothing without any.

    Raises:
        TrainingError: there is no such set.
    """
    names, weight = project.config.generation.learn, project.config.generation.weight
    paths = [_file(project, name) for name in names]
    if project.config.training.ranking != "none":
        paths += [pairs for one in paths if (pairs := one.with_name(PAIRS)).is_file()]
    files = {
        str(one.relative_to(project.folder / GENERATED)): sha256(one.read_bytes()).hexdigest()
        for one in paths
    }
    return [files, weight] if files else []


def generated_examples(project: Project, taxonomy: Taxonomy) -> Iterator[LabelledExample]:
    """The customer turns of the generated sets that training learns from, capped per label, and
    the answers to them that were judged, where it learns to rank answers.

    Left out are conversations, and answers, that were made of one which tests or calibrates by now.

    Raises:
        TrainingError: there is no such set, it has labels that the taxonomy lacks, or its pairs of
            answers are of another one.
        FormatError: one of its files is damaged.
    """
    weight = min(project.config.generation.weight, MOST)
    split = project.split()
    _, calibrating = hold_apart(split.seed, project.config.split.calibration)
    apart = {*split.test, *calibrating}
    turns: list[Example] = []
    answers: dict[tuple[str, int], Answers] = {}
    for name in project.config.generation.learn:
        made = [_of_set(name, one) for one in read_generated(_file(project, name))]
        kept = [_checked(one, taxonomy, name) for one in made if apart.isdisjoint(_made_of(one))]
        turns += [turn for one in kept for turn in examples(one.conversation()) if turn.gold]
        if project.config.training.ranking != "none":
            gone = {one.id for one in made} - {one.id for one in kept}
            answers.update(_judged(project, name, made, apart | gone))
    cap = project.config.caps.training
    for one, labels in cap_per_label(
        turns, lambda one: {name: gold[0] for name, gold in one.gold.items()}, cap
    ):
        weights = dict.fromkeys(labels, weight)
        yield LabelledExample(one, labels, weights, answers=answers.get(one.key, ()))


def _of_set(name: str, one: GeneratedConversation) -> GeneratedConversation:
    """A conversation under an id of its set's own: sets of one method number theirs alike."""
    return replace(one, id=f"{name}/{one.id}")


def _judged(
    project: Project, name: str, made: Sequence[GeneratedConversation], apart: Set[str]
) -> Iterator[tuple[tuple[str, int], Answers]]:
    """A better and a worse answer to turns of a set; none where it was made without pairs.

    Args:
        apart: conversations whose answers are not learnt from.

    Raises:
        TrainingError: a pair is of no question of the set. FormatError: the file is damaged.
    """
    path = _file(project, name).with_name(PAIRS)
    said = {one.id: [(turn.role, turn.text.strip()) for turn in one.turns] for one in made}
    for pair in read_pairs(path) if path.is_file() else ():
        id, end = f"{name}/{pair.conversation_id}", pair.turn + 1
        asked = [(role, text.strip()) for role, text in pair.context]
        if len(asked) != end or asked != said.get(id, [])[:end]:
            raise TrainingError(
                f"{path}: {pair.conversation_id}#{pair.turn} is no question of the generated set "
                f"{name!r}, so that its answers are to something else. Run 'turnwise generate "
                "--pairs' again, or delete the file"
            )
        answers = pair.better, pair.worse
        whose = {one.source.rpartition("#")[0] for one in answers}
        if apart.isdisjoint({*whose, *(f"{name}/{one}" for one in whose)}):
            yield (id, pair.turn), (pair.better.text, pair.worse.text)


def _made_of(one: GeneratedConversation) -> Iterator[str]:
    """The conversations of the logs that its turns were made from."""
    for turn in one.turns:
        for source in turn.sources:
            yield source.rpartition("#")[0]


def _file(project: Project, name: str) -> Path:
    path = generated_file(project, Path(name).name)
    if not path.is_file():
        there = ", ".join(generated_names(project)) or "none yet"
        raise TrainingError(
            f"there is no generated set {name!r} (there: {there}). Run 'turnwise generate', or "
            "leave it out of generation.learn"
        )
    return path


def _checked(one: GeneratedConversation, taxonomy: Taxonomy, name: str) -> GeneratedConversation:
    for turn in one.customer:
        for dimension, label in turn.labels.items():
            if dimension not in taxonomy or label not in taxonomy[dimension].index:
                raise TrainingError(
                    f"generated set {name!r}: the taxonomy has no {dimension} {label!r} (any "
                    "more). Run 'turnwise generate' again"
                )
    return one
