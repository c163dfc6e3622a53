"""Accuracy, precision, recall, F1, top-k, coverage and confusions, in numpy.

Turns are rows and labels are positions in a dimension's names. Where a turn may carry several
gold labels, `settle` first picks the one that it is scored against.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turnwise.evaluation.figures import CoveragePoint

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]


def settle(gold: Bool, predicted: Int, first: Int) -> Int:
    """Pick the gold label of each turn: the predicted one if a person gave it, else the first.

    Args:
        gold: Bool[n_turns, n_labels], the labels that a person gave.
        predicted: Int[n_turns].
        first: Int[n_turns], the first label that a person gave.

    Returns:
        Int[n_turns]. A turn is right where it equals `predicted`.
    """
    return np.where(gold[np.arange(len(predicted)), predicted], predicted, first)


def tally(truth: Int, predicted: Int, n_labels: int) -> Float:
    """Count hits, predictions and gold of each label: Float[3, n_labels]."""
    everything = np.zeros(len(truth), np.int64)
    counts: Float = tally_by_group(truth, predicted, n_labels, everything)[0].astype(np.float64)
    return counts


def tally_by_group(truth: Int, predicted: Int, n_labels: int, group: Int) -> NDArray[np.float32]:
    """`tally` for each group of turns: Float32[n_groups, 3, n_labels]; groups count from 0."""
    n_groups = int(group.max()) + 1

    def count(labels: Int, groups: Int) -> NDArray[np.float32]:
        cells = np.bincount(groups * n_labels + labels, minlength=n_groups * n_labels)
        return cells.reshape(n_groups, n_labels).astype(np.float32)

    right = truth == predicted
    hits = count(truth[right], group[right])
    return np.stack((hits, count(predicted, group), count(truth, group)), axis=1)


def _divide(part: Float, whole: Float) -> Float:
    """part / whole, and 0 where there is no whole."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0)


def precision_recall_f1(tallies: Float) -> Float:
    """Precision, recall and F1 of each label, 0 where undefined.

    Args:
        tallies: Float[..., 3, n_labels], as `tally` gives them.

    Returns:
        Float[..., 3, n_labels].
    """
    hits, predicted, support = (tallies[..., row, :] for row in range(3))
    return np.stack(
        (_divide(hits, predicted), _divide(hits, support), _divide(2 * hits, predicted + support)),
        axis=-2,
    )


def macro(scores: Float, tallies: Float, gold_only: bool = False) -> Float:
    """Mean over the labels that occur in gold or predictions, or in gold alone.

    Args:
        scores: Float[..., 3, n_labels], as `precision_recall_f1` gives them.
        tallies: the same shape, as `tally` gives them.

    Returns:
        Float[..., 3]: precision, recall, F1.
    """
    present = tallies[..., 2, :] > 0
    if not gold_only:
        present = present | (tallies[..., 1, :] > 0)
    return _divide((scores * present[..., None, :]).sum(-1), present.sum(-1)[..., None])


def weighted(scores: Float, tallies: Float) -> Float:
    """Mean over labels weighted by their gold: Float[..., 3]; weighted recall is accuracy."""
    support = tallies[..., 2:3, :]
    return _divide((scores * support).sum(-1), support.sum(-1))


def rank(probabilities: NDArray[np.float32], top: int) -> Int:
    """The surest labels of each turn, best first; ties go to the label that stands first.

    Returns:
        Int[n_turns, min(top, n_labels)].
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    return order.astype(np.int64)


def top_k(gold: Bool, ranked: Int) -> tuple[float, ...]:
    """Share of turns with a gold label among the first k, for k from 1 on."""
    hit = np.take_along_axis(gold, ranked, axis=1)
    return tuple(float(share) for share in np.maximum.accumulate(hit, axis=1).mean(axis=0))


def coverage_curve(confidence: Float, right: Bool, points: int = 100) -> tuple[CoveragePoint, ...]:
    """Accuracy on the surest turns, for growing shares of them.

    Turns of one confidence can't be told apart, so at a threshold that falls among them each
    counts in proportion, as if they were taken in random order.

    Args:
        confidence, right: Float[n_turns] and Bool[n_turns].
        points: how many shares; fewer where there are fewer turns.
    """
    n_turns = len(right)
    order = np.argsort(-confidence, kind="stable")
    falling = confidence[order]
    ends = np.append(np.flatnonzero(np.diff(falling)) + 1, n_turns)
    hits = np.cumsum(right[order])[ends - 1]
    taken = np.unique(np.ceil(np.arange(1, points + 1) * n_turns / points).astype(np.int64))
    reached = np.interp(taken, np.append(0, ends), np.append(0, hits))
    return tuple(
        CoveragePoint(count / n_turns, min(hit / count, 1.0), float(falling[count - 1]))
        for count, hit in zip(taken.tolist(), reached.tolist(), strict=True)
    )


def confusion_counts(truth: Int, predicted: Int, n_labels: int) -> Int:
    """Turns by gold label (rows) and predicted label (columns): Int[n_labels, n_labels]."""
    flat = np.bincount(truth * n_labels + predicted, minlength=n_labels * n_labels)
    return flat.reshape(n_labels, n_labels)


def most_confused(counts: Int, limit: int) -> list[tuple[int, int]]:
    """Pairs (gold, predicted) that differ, the most frequent first, at most `limit`."""
    wrong = counts * (1 - np.eye(len(counts), dtype=np.int64))
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    pairs = [divmod(int(cell), len(counts)) for cell in order]
    return [pair for pair in pairs if wrong[pair] > 0]


def labels_most_confused(counts: Int, limit: int) -> list[int]:
    """Labels of the most frequent confusions, either way round, at most `limit`, in order."""
    either_way = np.triu(counts + counts.T, 1)
    chosen: list[int] = []
    for pair in most_confused(either_way, either_way.size):
        fresh = [label for label in pair if label not in chosen]
        if len(chosen) + len(fresh) > limit:
            break
        chosen += fresh
    return sorted(chosen)
