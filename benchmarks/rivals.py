"""Classifiers that ours is set beside: the same turns, the same frozen vectors, other heads.

    majority             the most frequent label of train
    tfidf                words and word pairs of the turn, logistic regression
    logistic-turn        logistic regression on the encoder's vector of the turn
    logistic-history     on [turn; one faded mean of the history's vectors per side]
    logistic-context     on [turn; vector of the history joined to one text]

Logistic regression is scikit-learn's; its strength is chosen on the tuning split from three.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from turnwise.conversations import ContextWindow, Example, Role, context_text, context_turns
from turnwise.encoders import Encoder

STRENGTHS = (1.0, 10.0, 100.0)  # scikit-learn's C
MAX_ITERATIONS = 300
FADE = 0.5  # weight of a turn of history relative to the one after it
TFIDF_WORDS = 50_000

Features = NDArray[np.float32] | csr_matrix  # Float32[n_turns, n_features]
Classes = NDArray[np.int64]  # Int64[n_turns], place of the label in the taxonomy's order


@dataclass(frozen=True)
class Turns:
    """The same turns three times: to learn from, to choose the strength by, and to score."""

    train: Sequence[Example]
    tuning: Sequence[Example]
    test: Sequence[Example]


@dataclass(frozen=True)
class Truth:
    """Classes of the turns of one dimension, and how many labels the dimension has."""

    train: Classes
    tuning: Classes
    labels: int


@dataclass(frozen=True)
class Rival:
    """What a rival says of the test turns.

    Attributes:
        probabilities: Float32[n_test, n_labels], rows sum to 1.
        seconds: to fit once at the chosen strength, without making the features.
        strength: scikit-learn's C; 0 where there is nothing to choose.
    """

    probabilities: NDArray[np.float32]
    seconds: float
    strength: float = 0.0


Make = Callable[[Sequence[Example]], Features]


def majority(turns: Turns, truth: Truth) -> Rival:
    """The shares of the labels in train, whatever the turn."""
    shares = np.bincount(truth.train, minlength=truth.labels) / len(truth.train)
    return Rival(np.tile(shares.astype(np.float32), (len(turns.test), 1)), 0.0)


def vector_features(encoder: Encoder, window: ContextWindow, joined: bool) -> Make:
    """Features from frozen vectors: of the turn alone, or with its history behind it.

    Args:
        window: of kind `single`, `customer`, or `both`.
        joined: encode the history as one text, rather than fading the vectors of its turns.
    """

    def make(turns: Sequence[Example]) -> Features:
        current = encoder.encode([one.text for one in turns])
        if window.kind == "single":
            return current
        past = _joined(turns, encoder, window) if joined else _faded(turns, encoder, window)
        return np.hstack([current, past])

    return make


def _joined(turns: Sequence[Example], encoder: Encoder, window: ContextWindow) -> Features:
    """Float32[n, size]: the history as one text, in the form that `context_text` gives it."""
    texts = []
    for one in turns:
        before = replace(window, max_turns=window.max_turns - 1)
        last = _last_of(one, window)
        texts.append("" if last is None else context_text(last, before, encoder.count_tokens))
    vectors = encoder.encode(texts)
    vectors[[not text for text in texts]] = 0
    return vectors


def _last_of(example: Example, window: ContextWindow) -> Example | None:
    """The turn with which the history of an example ends, as an example of its own."""
    for index in range(example.index - 1, -1, -1):
        if window.kind == "both" or example.conversation.turns[index].role == "customer":
            return Example(example.conversation, index)
    return None


def _faded(turns: Sequence[Example], encoder: Encoder, window: ContextWindow) -> Features:
    """Float32[n, sides * size]: per side, the mean of its turns, each half as much as the next."""
    sides: tuple[tuple[Role, ...], ...] = (("customer",),)
    if window.kind == "both":
        sides = (("customer",), ("agent", "bot"))
    histories = [context_turns(one, window, encoder.count_tokens) for one in turns]
    vectors = encoder.encode([turn.text for history in histories for turn in history])
    means = np.zeros((len(turns), len(sides), encoder.size), np.float32)
    start = 0
    for row, history in enumerate(histories):
        rows = vectors[start : start + len(history)]
        start += len(history)
        for side, roles in enumerate(sides):
            said = rows[[turn.role in roles for turn in history]]
            if len(said):
                weights = FADE ** np.arange(len(said) - 1, -1, -1, dtype=np.float32)
                means[row, side] = weights @ said / weights.sum()
    return means.reshape(len(turns), -1)


def tfidf_features(train: Sequence[Example]) -> Make:
    """Words and word pairs that stand twice or more in train, sublinear counts."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=2,
        sublinear_tf=True,
        max_features=TFIDF_WORDS,
        token_pattern=r"\b\w+\b",
        dtype=np.float32,
    ).fit(one.text for one in train)

    def make(turns: Sequence[Example]) -> Features:
        return words.transform(one.text for one in turns)

    return make


def logistic(turns: Turns, truth: Truth, make: Make) -> Rival:
    """Logistic regression at each strength; the best on the tuning split counts."""
    train, tuning, test = make(turns.train), make(turns.tuning), make(turns.test)
    best: tuple[float, Rival] | None = None
    for strength in STRENGTHS:
        start = time.perf_counter()
        model = _fit(train, truth.train, strength)
        seconds = time.perf_counter() - start
        right = float(np.mean(model.predict(tuning) == truth.tuning))
        if best is None or right > best[0]:
            probabilities = np.zeros((len(turns.test), truth.labels), np.float32)
            probabilities[:, model.classes_] = model.predict_proba(test)
            best = right, Rival(probabilities, seconds, strength)
    assert best is not None
    return best[1]


def _fit(features: Features, classes: Classes, strength: float):  # type: ignore[no-untyped-def]
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=strength, max_iter=MAX_ITERATIONS).fit(features, classes)
