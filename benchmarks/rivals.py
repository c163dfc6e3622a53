"""Classifiers that ours is set beside: the same turns, the same frozen vectors, other heads.

    majority, tfidf      the library's own baselines
    logistic             on the encoder's vector of the turn
    logistic-history     on [turn; one faded mean of the history's vectors per side]
    logistic-context     on [turn; vector of the history joined to one text]

Logistic regression is scikit-learn's; its strength is chosen on the tuning split from three.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.protocol import label_of
from turnwise import evaluation
from turnwise.conversations import ContextWindow, Example, Role, context_text, context_turns
from turnwise.encoders import Encoder, Vectors
from turnwise.taxonomy import Dimension, Taxonomy

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

STRENGTHS = (1.0, 10.0, 100.0)  # scikit-learn's C
MAX_ITERATIONS = 300
FADE = 0.5  # weight of a turn of history relative to the one after it
FEW_TURNS = 20_000  # below, a second thread costs far more than it brings on shared cores

Classes = NDArray[np.int64]  # Int64[n_turns], places of labels in the taxonomy's order
Features = Callable[[Sequence[Example]], Vectors]  # Float32[n_turns, n_features]


@dataclass(frozen=True)
class Task:
    """Turns with one label of each dimension of a taxonomy.

    Attributes:
        train: to learn from; tuning: to choose settings and to calibrate by; test: to score.
    """

    taxonomy: Taxonomy
    train: Sequence[Example]
    tuning: Sequence[Example]
    test: Sequence[Example]


@dataclass(frozen=True)
class Answer:
    """What a classifier says of the test turns.

    Attributes:
        probabilities: dimension -> Float32[n_test, n_labels], rows sum to 1.
        seconds: to train once, vectors given; strength: dimension -> the C that was chosen.
    """

    probabilities: Mapping[str, NDArray[np.float32]]
    seconds: float
    strength: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """A turn to learn from, as the library's baselines take it."""

    example: Example
    labels: Mapping[str, str]
    weights: Mapping[str, float]


def labels_of(example: Example, taxonomy: Taxonomy) -> Mapping[str, str]:
    """The one label of each dimension of a turn."""
    return {name: label_of(example, name) for name in taxonomy.dimension_names}


def classes_of(turns: Sequence[Example], dimension: Dimension) -> Classes:
    """Places of the turns' labels in the dimension's order."""
    places = [dimension.index[label_of(one, dimension.name)] for one in turns]
    return np.array(places, np.int64)


def majority(task: Task) -> Answer:
    """The most frequent label of train, whatever the turn."""
    return _baseline(task, evaluation.majority)


def tfidf(task: Task, window: ContextWindow | None, encoder: Encoder) -> Answer:
    """Words and characters of the turn, and of its context where a window is given."""
    if window is None:
        return _baseline(task, evaluation.tfidf)

    def text_of(example: Example) -> str:
        return context_text(example, window, encoder.count_tokens)

    return _baseline(
        task, lambda train, test, taxonomy: evaluation.tfidf(train, test, taxonomy, text_of)
    )


def _baseline(
    task: Task,
    fit: Callable[
        [Sequence[Labelled], Sequence[Example], Taxonomy], Mapping[str, NDArray[np.float32]]
    ],
) -> Answer:
    names = task.taxonomy.dimension_names
    train = [
        Labelled(one, labels_of(one, task.taxonomy), dict.fromkeys(names, 1.0))
        for one in task.train
    ]
    start = time.perf_counter()
    with few_threads(len(train)):
        probabilities = fit(train, task.test, task.taxonomy)
    return Answer(probabilities, time.perf_counter() - start)


def turn_features(encoder: Encoder) -> Features:
    """The vector of the turn alone."""
    return lambda turns: encoder.encode([one.text for one in turns])


def history_features(encoder: Encoder, window: ContextWindow) -> Features:
    """[turn; per side the mean of its turns in the window, each half as much as the next]."""
    sides: tuple[tuple[Role, ...], ...] = (("customer",),)
    if window.kind == "both":
        sides = (("customer",), ("agent", "bot"))

    def make(turns: Sequence[Example]) -> Vectors:
        histories = [context_turns(one, window, encoder.count_tokens) for one in turns]
        vectors = encoder.encode([turn.text for history in histories for turn in history])
        means = np.zeros((len(turns), len(sides), encoder.size), np.float32)
        start = 0
        for row, history in enumerate(histories):
            rows = vectors[start : start + len(history)]
            start += len(history)
            for side, roles in enumerate(sides):
                means[row, side] = _faded(rows[[turn.role in roles for turn in history]])
        current = encoder.encode([one.text for one in turns])
        return np.hstack([current, means.reshape(len(turns), -1)])

    return make


def _faded(vectors: Vectors) -> Vectors | float:
    """Float32[size]: the mean that fades from the last row to the first; 0 where there is none."""
    if len(vectors) == 0:
        return 0.0
    weights = FADE ** np.arange(len(vectors) - 1, -1, -1, dtype=np.float32)
    mean: Vectors = weights @ vectors / weights.sum()
    return mean


def context_features(encoder: Encoder, window: ContextWindow) -> Features:
    """[turn; vector of its history as one text, zero where there is no history]."""

    def make(turns: Sequence[Example]) -> Vectors:
        texts = [history_text(one, window, encoder) for one in turns]
        vectors = encoder.encode(texts)
        vectors[[not text for text in texts]] = 0
        return np.hstack([encoder.encode([one.text for one in turns]), vectors])

    return make


def history_text(example: Example, window: ContextWindow, encoder: Encoder) -> str:
    """The history of a turn in the form that `context_text` gives a whole context."""
    for index in range(example.index - 1, -1, -1):
        if window.kind == "both" or example.conversation.turns[index].role == "customer":
            last = Example(example.conversation, index)
            earlier = replace(window, max_turns=window.max_turns - 1)
            return context_text(last, earlier, encoder.count_tokens)
    return ""


def logistic(task: Task, features: Features) -> Answer:
    """Logistic regression per dimension, at the strength that is best on the tuning split.

    Seconds are those of the fits up to the chosen one, each starting where the last ended.
    """
    train, tuning, test = map(features, (task.train, task.tuning, task.test))
    probabilities: dict[str, NDArray[np.float32]] = {}
    chosen: dict[str, float] = {}
    seconds = 0.0
    for dimension in task.taxonomy.dimensions:
        known, held = classes_of(task.train, dimension), classes_of(task.tuning, dimension)
        answer = np.zeros((len(task.test), len(dimension.names)), np.float32)
        most, spent = -1.0, 0.0
        for model, strength, elapsed in _fits(train, known):
            right = float(np.mean(model.predict(tuning) == held))
            if right > most:
                most, spent, chosen[dimension.name] = right, elapsed, strength
                answer[:, model.classes_] = model.predict_proba(test)
        probabilities[dimension.name] = answer
        seconds += spent
    return Answer(probabilities, seconds, chosen)


def _fits(features: Vectors, classes: Classes) -> Iterator[tuple[LogisticRegression, float, float]]:
    """The model at each strength, the strength, and seconds of all fits up to it."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=MAX_ITERATIONS, warm_start=True)
    elapsed = 0.0
    for model.C in STRENGTHS:
        start = time.perf_counter()
        with warnings.catch_warnings(), few_threads(len(classes)):
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(features, classes)
        elapsed += time.perf_counter() - start
        yield model, model.C, elapsed


@contextmanager
def few_threads(turns: int) -> Iterator[None]:
    """One thread for small matrices: measured 30 times as fast on two busy cores."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1 if turns < FEW_TURNS else None):
        yield
