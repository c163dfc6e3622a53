"""What the learner's benchmark learns from and is asked: one `Work` a data set and size.

    sgd, multidogo                  a stated number of training conversations, lowest h first
    banking77, clinc150, hwu64      full, or k turns of each label
    banking77_oos                   full; `oos_near` and `oos_far` are asked beside the test

Few-shot learns from its draw alone; the tuning split then only calibrates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import data, main_job, protocol, rivals
from benchmarks.data import DataSet
from benchmarks.protocol import Parts
from benchmarks.rivals import Task
from benchmarks.runner import Plain
from turnwise.conversations import Conversation, Example, Role
from turnwise.errors import TurnwiseError
from turnwise.sampling import stable_hash
from turnwise.taxonomy import Dimension

DIALOGUES: Mapping[str, Callable[[Path], DataSet]] = {
    "sgd": data.sgd,
    "multidogo": data.multidogo,
}
TUNING_SHARE = 4  # one tuning conversation to so many training conversations
OOS_SETS = ("clinc150", "banking77_oos")

Found = Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of a data set of conversations is used; 0 is all of it.

    Attributes:
        conversations: to train on; test_turns: customer turns of the test.
    """

    conversations: int
    test_turns: int
    quick: bool = False

    @property
    def name(self) -> str:
        """As a cell's key says it."""
        if self.quick:
            return "quick"
        trained, asked = (str(one or "all") for one in (self.conversations, self.test_turns))
        return f"{trained} conversations, {asked} test turns"


@dataclass(frozen=True)
class Work:
    """One data set, ready to be learnt.

    Attributes:
        truth, undecided: dimension -> Int64[n_test], Bool[n_test].
        outside: kind -> turns that no label of the taxonomy covers.
        few: whether a few turns of each label are all there is to learn from.
    """

    name: str
    task: Task
    truth: Mapping[str, NDArray[np.int64]]
    undecided: Mapping[str, NDArray[np.bool_]]
    outside: Mapping[str, Sequence[Example]]
    few: bool = False

    @property
    def asked(self) -> list[Example]:
        """Every turn that a system has to answer: tuning, test, then those outside."""
        rest = [one for turns in self.outside.values() for one in turns]
        return [*self.task.tuning, *self.task.test, *rest]

    def parts(self) -> dict[str, slice]:
        """Where `tuning`, `test` and each kind outside stand in `asked`."""
        sizes = {"tuning": len(self.task.tuning), "test": len(self.task.test)}
        sizes |= {kind: len(turns) for kind, turns in self.outside.items()}
        found, start = {}, 0
        for name, size in sizes.items():
            found[name] = slice(start, start + size)
            start += size
        return found


def dialogues(folder: Path, name: str, sizes: Sizes) -> Work:
    """SGD or MultiDoGO, as the main job divides it."""
    data_set = DIALOGUES[name](folder)
    whole = protocol.parts(data_set)
    job = main_job.prepare(data_set, protocol.quick(whole) if sizes.quick else _cut(whole, sizes))
    return Work(name, job.task, job.truth, job.undecided, {})


def _cut(whole: Parts, sizes: Sizes) -> Parts:
    train, tuning, test = whole.train, whole.tuning, whole.test
    if sizes.conversations:
        train = _lowest(train, sizes.conversations)
        tuning = _lowest(tuning, max(1, sizes.conversations // TUNING_SHARE))
    if sizes.test_turns:
        test = protocol.lowest(test, sizes.test_turns)
    return replace(whole, train=train, tuning=tuning, test=test)


def _lowest(talks: Sequence[Conversation], count: int) -> tuple[Conversation, ...]:
    return tuple(sorted(talks, key=lambda one: stable_hash(one.id))[:count])


def utterances(folder: Path, name: str, shots: int, seed: int) -> Work:
    """A set of utterances, in scope; with `shots` a draw of so many turns a label (0: all)."""
    data_set = data.utterances(folder, name)
    whole = protocol.parts(data_set)
    dimension = data_set.taxonomy.dimensions[0]
    known = frozenset(dimension.names)
    train, tuning, test = (
        protocol.in_scope_only(protocol.labelled(part, "intent"), known)
        for part in (whole.train, whole.tuning, whole.test)
    )
    if shots:
        train = protocol.few_shot(train, shots, seed)
    task = Task(data_set.taxonomy, train, tuning, test)
    truth = {"intent": rivals.classes_of(test, dimension)}
    outside = _outside(whole) if name in OOS_SETS and not shots else {}
    return Work(name, task, truth, {}, outside, few=shots > 0)


def _outside(whole: Parts) -> dict[str, list[Example]]:
    found: dict[str, list[Example]] = {}
    for one in protocol.labelled(whole.test, "intent"):
        label = protocol.label_of(one, "intent")
        if data.out_of_scope(label):
            found.setdefault(label, []).append(one)
    return found


def cut_off(examples: Sequence[Example]) -> list[Example]:
    """Each turn without its history, as single-turn data would hold it.

    The turns of the other side that answer it stay, so that a response can still be ranked.
    """
    customer: Role = "customer"
    made = []
    for one in examples:
        end = one.index + 1
        turns = one.conversation.turns
        while end < len(turns) and turns[end].role != customer:
            end += 1
        alone = replace(
            one.conversation, id=f"{one.key[0]}#{one.index}", turns=turns[one.index : end]
        )
        made.append(Example(alone, 0))
    return made


def scored(
    work: Work, probabilities: Mapping[str, NDArray[np.float32]]
) -> dict[str, dict[str, float]]:
    """Figures of the test turns per dimension: all, undecided, and a domain by position.

    Args:
        probabilities: dimension -> Float32[n_test, n_labels].
    """
    found = {}
    for name, answers in probabilities.items():
        truth = work.truth[name]
        figures = protocol.figures(answers, truth)
        parts: dict[str, NDArray[np.intp]] = {}
        if name in work.undecided:
            parts["undecided"] = np.flatnonzero(work.undecided[name])
        if name == "domain":
            parts |= {
                part: np.array(rows, np.intp) for part, rows in protocol.by_position(work.task.test)
            }
        for part, rows in parts.items():
            if len(rows):
                of_part = protocol.figures(answers[rows], truth[rows])
                figures |= {f"{part}_{key}": value for key, value in of_part.items()}
        top, of_top = _top_level(work.task.taxonomy[name], answers)
        if top.shape[1] < answers.shape[1]:
            of_level = protocol.figures(top, of_top[truth])
            figures |= {f"top_level_{key}": value for key, value in of_level.items()}
        found[name] = {key: round(value, 4) for key, value in figures.items()}
    return found


def _top_level(
    dimension: Dimension, answers: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Float32[n, n_tops], probabilities of the first level of the paths; Int64[n_labels], whose."""
    tops = sorted({label.path[0] for label in dimension.labels})
    of_top = np.array([tops.index(label.path[0]) for label in dimension.labels], np.int64)
    summed = np.zeros((len(answers), len(tops)), np.float32)
    np.add.at(summed.T, of_top, answers.T)
    return summed, of_top


@dataclass(frozen=True)
class Said:
    """What a trained system says of `Work.asked`.

    Attributes:
        probabilities: dimension -> Float32[n_asked, n_labels], rows sum to 1.
        scores: dimension -> the same before the softmax, where there are such.
        taught, vectors: Float32[n, size] of the turns trained on and of `asked`, where the
            system has vectors; classes: dimension -> Int64[n], what the former are.
        facts: seconds, epochs and what else is worth knowing of the training.
    """

    probabilities: Mapping[str, NDArray[np.float32]]
    facts: Found
    scores: Mapping[str, NDArray[np.float32]] | None = None
    taught: NDArray[np.float32] | None = None
    vectors: NDArray[np.float32] | None = None
    classes: Mapping[str, NDArray[np.int64]] | None = None


class LeftOutError(TurnwiseError):
    """Why a cell can't be measured here: what is missing, and how to come by it."""
