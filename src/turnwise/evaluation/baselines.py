"""What every model is shown beside: the majority label, and TF-IDF with logistic regression.

Both learn from the same labelled turns as the model and answer with probabilities in the
taxonomy's order, so that they are scored in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import Example
from turnwise.errors import EvaluationError
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Dimension, Taxonomy

if TYPE_CHECKING:
    from sklearn.pipeline import FeatureUnion

Probabilities = Mapping[str, NDArray[np.float32]]  # dimension -> [n_examples, n_labels]
TextOf = Callable[[Example], str]
_Sparse = Any  # a scipy.sparse matrix, Float32[n_examples, n_features]; scipy has no types


class Labelled(Protocol):
    """A turn to learn from: its labels per dimension, and how much each counts."""

    @property
    def example(self) -> Example: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def weights(self) -> Mapping[str, float]: ...


def majority(
    train: Sequence[Labelled], examples: Sequence[Example], taxonomy: Taxonomy
) -> Probabilities:
    """Answer every turn with how frequent each label is in training: the surest is the majority.

    Raises:
        EvaluationError: a dimension without a training label, or a label outside the taxonomy.
    """
    answers = {}
    for dimension in taxonomy.dimensions:
        _, labels, weights = _learnable(train, dimension)
        counts = np.bincount(labels, weights=weights, minlength=len(dimension.names))
        shares = (counts / counts.sum()).astype(np.float32)
        answers[dimension.name] = np.tile(shares, (len(examples), 1))
    return answers


def tfidf(
    train: Sequence[Labelled],
    examples: Sequence[Example],
    taxonomy: Taxonomy,
    text_of: TextOf | None = None,
    progress: Progress = silent,
) -> Probabilities:
    """Answer with logistic regression over TF-IDF of words and of characters.

    Args:
        train: one regression per dimension is fitted on those that carry a label for it.
        examples: the turns to answer.
        text_of: the context that the model sees. Its features stand beside those of the turn
            alone, so that the current turn stays apart from its history: in cross-validation
            on training turns that did about as well as the better of the two by itself, which
            differs between dimensions. None gives the turn alone.

    Raises:
        EvaluationError: scikit-learn is not installed, a dimension has no training label, or a
            label is outside the taxonomy.
    """
    learnable = [_learnable(train, dimension) for dimension in taxonomy.dimensions]
    if not examples:
        return {one.name: np.zeros((0, len(one.names)), np.float32) for one in taxonomy.dimensions}
    fields: list[TextOf] = [_turn_text] if text_of is None else [_turn_text, text_of]
    features = _vectorizer(len(fields))
    known = features.fit_transform([_texts(one.example, fields) for one in train])
    asked = features.transform([_texts(example, fields) for example in examples])
    answers = {}
    for done, dimension in enumerate(taxonomy.dimensions):
        progress("TF-IDF baseline", done, len(taxonomy.dimensions))
        answers[dimension.name] = _regress(known, learnable[done], asked, dimension)
    progress("TF-IDF baseline", len(taxonomy.dimensions), len(taxonomy.dimensions))
    return answers


_Learnable = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


def _learnable(train: Sequence[Labelled], dimension: Dimension) -> _Learnable:
    """Rows of `train` with a label of the dimension, those labels, and their weights."""
    name = dimension.name
    rows = [
        row
        for row, one in enumerate(train)
        if name in one.labels and one.weights.get(name, 1.0) > 0
    ]
    labels = [train[row].labels[name] for row in rows]
    if not rows:
        raise EvaluationError(
            f"no training turn has a label for {name}, so there is no baseline for it; "
            "label some, or leave the dimension out"
        )
    if unknown := sorted(set(labels) - set(dimension.names)):
        raise EvaluationError(
            f"training labels outside the taxonomy, dimension {name}: {', '.join(unknown[:5])}; "
            "add them to the taxonomy or mend the labels"
        )
    return (
        np.array(rows),
        np.array([dimension.index[label] for label in labels]),
        np.array([train[row].weights.get(name, 1.0) for row in rows]),
    )


def _turn_text(example: Example) -> str:
    return example.text


def _texts(example: Example, fields: Sequence[TextOf]) -> tuple[str, ...]:
    return tuple(text_of(example).lower() for text_of in fields)


def _vectorizer(n_fields: int) -> FeatureUnion:
    """Words and word pairs, and 2 to 4 characters within words, 10,000 of each and per field.

    Measured by cross-validation on training turns: both together beat either, and more than
    10,000 changes nothing but time and memory.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_union
    except ImportError as error:
        raise EvaluationError(
            "the TF-IDF baseline needs scikit-learn; install it with: pip install 'turnwise[train]'"
        ) from error
    kinds = (
        {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
        {"analyzer": "char_wb", "ngram_range": (2, 4)},
    )
    return make_union(
        *(
            TfidfVectorizer(
                preprocessor=itemgetter(field),
                sublinear_tf=True,
                max_features=10_000,
                dtype=np.float32,
                **kind,
            )
            for field in range(n_fields)
            for kind in kinds
        )
    )


def _regress(
    known: _Sparse, learnable: _Learnable, asked: _Sparse, dimension: Dimension
) -> NDArray[np.float32]:
    """Probabilities of one dimension; a label that was never learnt has none."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    rows, labels, weights = learnable
    answer = np.zeros((asked.shape[0], len(dimension.names)), np.float32)
    if len(np.unique(labels)) == 1:
        answer[:, labels[0]] = 1
        return answer
    # C 10 beat 1 and equalled 100 in cross-validation; the looser tolerance costs no accuracy.
    regression = LogisticRegression(C=10, tol=1e-3, max_iter=300)
    # More threads only wait for each other here, and for minutes where the machine is busy.
    with threadpool_limits(1):
        regression.fit(known[rows], labels, sample_weight=weights)
        answer[:, regression.classes_] = regression.predict_proba(asked)
    return answer
