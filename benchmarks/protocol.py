"""How every benchmark divides its data, draws its samples and sets its figures side by side.

Everything is by conversation and by h(id) = sha256(id), so that added data reshuffles nothing:
what was in the test stays in the test, and a sample keeps its members. Rivals that need no
classifier of ours stand in `rivals.py`, the table of cells in `runner.py`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from benchmarks import data
from benchmarks.data import DataSet
from turnwise.conversations import Conversation, Example, examples
from turnwise.evaluation.calibration import calibration
from turnwise.evaluation.metrics import macro, precision_recall_f1, tally
from turnwise.sampling import Split, in_tuning_split, split_conversations, stable_hash

SEEDS = (0, 1, 2)
QUICK_TURNS = 3_000  # of a quick form, over all its parts
DECIDED_SHARE = 0.8  # a known text decides its label where this share of its uses agrees
FEW_WORDS = 3
LARKSPUR_SEED = LARKSPUR_TEST = 60

_PUNCTUATION = re.compile(r"[^\w\s]|_")


@dataclass(frozen=True)
class Parts:
    """A data set as a classifier gets it.

    Attributes:
        train: conversations to learn from; tuning: h mod 10 = 0 of the training split, which
            stops, tunes and calibrates; test: only ever scored.
        known: the whole training split. What is in scope and what is undecided is told by it
            whatever part of it is learnt from, so that a quick form asks the same turns.
    """

    name: str
    train: tuple[Conversation, ...]
    tuning: tuple[Conversation, ...]
    test: tuple[Conversation, ...]
    known: tuple[Conversation, ...]


TEST_SPLITS: Mapping[str, str] = {"sgd": "dev"}  # published without labels for its own test


def parts(data_set: DataSet) -> Parts:
    """Train, tuning and test of a data set; the test is `dev` for SGD, else the official one."""
    known = data_set.train
    return Parts(
        data_set.name,
        train=tuple(one for one in known if not in_tuning_split(one.id)),
        tuning=tuple(one for one in known if in_tuning_split(one.id)),
        test=data_set.splits[TEST_SPLITS.get(data_set.name, "test")],
        known=known,
    )


def quick(whole: Parts, turns: int = QUICK_TURNS) -> Parts:
    """The same with `turns` customer turns over train, tuning and test (6 : 1 : 3)."""
    return Parts(
        whole.name,
        train=lowest(whole.train, turns * 6 // 10),
        tuning=lowest(whole.tuning, turns // 10),
        test=lowest(whole.test, turns * 3 // 10),
        known=whole.known,
    )


def lowest(conversations: Iterable[Conversation], turns: int) -> tuple[Conversation, ...]:
    """Conversations by increasing h while they hold `turns` customer turns or fewer in all.

    More data puts new conversations between them and drops some at the end; none moves.
    """
    ordered = sorted(conversations, key=lambda one: stable_hash(one.id))
    counts = accumulate(sum(1 for _ in examples(one)) for one in ordered)
    return tuple(one for one, count in zip(ordered, counts, strict=True) if count <= turns)


def larkspur_split(conversations: Iterable[Conversation]) -> Split:
    """By increasing h: 60 labelled as the seed, 60 the test, all others unlabelled logs."""
    return split_conversations((one.id for one in conversations), (), LARKSPUR_SEED, LARKSPUR_TEST)


def labelled(conversations: Iterable[Conversation], dimension: str) -> list[Example]:
    """The customer turns that carry exactly one label of a dimension."""
    return [
        one
        for conversation in conversations
        for one in examples(conversation)
        if len(one.gold.get(dimension, ())) == 1
    ]


def label_of(example: Example, dimension: str) -> str:
    """The one label of a turn that `labelled` let through."""
    return example.gold[dimension][0]


@dataclass(frozen=True)
class Scope:
    """Test turns by what training could know of their label.

    Attributes:
        inside: the label occurs in train.
        out_of_domain: SGD only: the label's service occurs nowhere in train.
        between: the rest, scored nowhere: a new label of a known service.
    """

    inside: list[Example]
    out_of_domain: list[Example]
    between: list[Example]


def scope(whole: Parts, dimension: str) -> Scope:
    """Divide the test turns with one label by whether training could know the label."""
    labels = {label_of(one, dimension) for one in labelled(whole.known, dimension)}
    services = {data.service_of(label) for label in labels} if whole.name == "sgd" else set()
    found = Scope([], [], [])
    for one in labelled(whole.test, dimension):
        label = label_of(one, dimension)
        if label in labels:
            found.inside.append(one)
        elif services and data.service_of(label) not in services:
            found.out_of_domain.append(one)
        else:
            found.between.append(one)
    return found


def bare(text: str) -> str:
    """A text lower-cased, without punctuation, its words one space apart."""
    return " ".join(_PUNCTUATION.sub("", text.lower()).split())


class Undecided:
    """Tells the turns whose text alone does not decide their label.

    A turn is undecided when its bare text stands in train with its most frequent label under
    80% of its occurrences, or when it has three words or fewer. This is where history must pay.

    Args:
        train: turns of the whole training split with one label of `dimension`.
    """

    def __init__(self, train: Iterable[Example], dimension: str) -> None:
        uses: dict[str, Counter[str]] = defaultdict(Counter)
        for one in train:
            uses[bare(one.text)][label_of(one, dimension)] += 1
        self._open = frozenset(
            text
            for text, labels in uses.items()
            if max(labels.values()) < DECIDED_SHARE * labels.total()
        )

    def __call__(self, example: Example) -> bool:
        text = bare(example.text)
        return text in self._open or len(text.split()) <= FEW_WORDS

    def by_train(self, example: Example) -> bool:
        """Whether train alone says so, however short the turn is."""
        return bare(example.text) in self._open


def few_shot(
    train: Iterable[Example], k: int, seed: int, dimension: str = "intent"
) -> list[Example]:
    """Draw k turns of each label, by lowest h of the text, offset by the seed.

    Each seed takes the next k distinct texts of a label, so that draws share nothing as long
    as a label has k times as many texts as there are seeds; beyond its last text a label goes
    on with its first. A label with fewer than k texts gives all it has.
    """
    texts: dict[str, dict[str, Example]] = defaultdict(dict)
    for one in train:
        texts[label_of(one, dimension)].setdefault(one.text, one)
    drawn = []
    for label in sorted(texts):
        ordered = sorted(texts[label].values(), key=lambda one: stable_hash(one.text))
        count = min(k, len(ordered))
        drawn += [ordered[(seed * k + step) % len(ordered)] for step in range(count)]
    return drawn


def in_scope_only(
    turns: Iterable[Example], labels: Set[str], dimension: str = "intent"
) -> list[Example]:
    """Turns whose label is one of `labels`: clinc150 without oos, for example."""
    return [one for one in turns if label_of(one, dimension) in labels]


def by_position(turns: Sequence[Example]) -> Iterator[tuple[str, list[int]]]:
    """Positions of the turns that open their conversation, and of all later ones.

    MultiDoGO's domain is constant in a conversation, so that any earlier turn reveals it: a
    figure over all turns would credit a model with reading the history.
    """
    yield "first", [place for place, one in enumerate(turns) if one.index == 0]
    yield "later", [place for place, one in enumerate(turns) if one.index > 0]


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over seeds: mean and range."""

    mean: float
    low: float
    high: float
    runs: int


def spread(values: Sequence[float]) -> Spread:
    """Mean and range of one figure over the seeds; at least one value."""
    return Spread(sum(values) / len(values), min(values), max(values), len(values))


def differs(one: Spread, other: Spread) -> bool:
    """Whether a difference counts: the ranges do not touch."""
    return one.high < other.low or other.high < one.low


def figures(probabilities: NDArray[np.float32], truth: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy, macro-F1 and calibration error of the turns of one dimension.

    Macro-F1 is over the labels that occur in gold or predictions. Under 3,000 turns,
    `perfect_calibration_error` is what a perfectly calibrated model of the same confidences
    would show, by simulation.

    Args:
        probabilities: Float32[n_turns, n_labels], rows sum to 1; n_turns > 0.
        truth: Int64[n_turns].
    """
    predicted = probabilities.argmax(axis=1)
    right = predicted == truth
    counts = tally(truth, predicted, probabilities.shape[1])
    sure = calibration(probabilities.max(axis=1).astype(np.float64), right)
    found = {
        "turns": float(len(truth)),
        "accuracy": float(right.mean()),
        "macro_f1": float(macro(precision_recall_f1(counts), counts)[2]),
        "calibration_error": sure.error,
    }
    if sure.perfect is not None:
        found["perfect_calibration_error"] = sure.perfect
    return found
