"""Which label follows which: what the customer turns before make likely, beside what is said.

    labels of consecutive turns of the training --counts--> Chain --ChainPrior--> probabilities

A Markov chain over labels, with shares of first labels and of transitions, is how Chain-of-Intent
writes conversations (S2, 3.1); its counts may come of a model's labels, for chance evens out. Here
it is read the other way round, as the forward pass of a hidden Markov model whose emissions are a
classifier's probabilities over label shares (Bourlard and Morgan, 1994):

    p(y | text, before)  ~  p(y | text) * (sum over x of b(x) T(y | x) / p(y)) ^ weight

with b what is believed of the turn before, found the same way. The classifier has read the text of
the turns before, so that a weight below 1 keeps what both know from counting twice. T is smoothed
towards the label shares by Witten and Bell (1991): the more different labels follow one, the less
its counts are trusted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle.manifest import PACK_AGAIN, read_as
from turnwise.bundle.refusal import Conformal, OperatingPoint
from turnwise.errors import BundleError
from turnwise.taxonomy import Dimension, Taxonomy

TRANSITIONS = "transitions.json"
# Customer turns before a turn that are looked at: each is read anew with every decision. Where the
# model reads the history itself, more of them brought hardly anything (SGD, MultiDoGO).
EARLIER = 4
LEAST = 1e-9  # a probability that is nought would never come back
UNSEEN = 0.5  # turns that each label is given beside those that were counted
ROWS_AT_ONCE = 1024  # turns; bounds the memory

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]
Feed = Callable[[Int, Float], Float]


@dataclass(frozen=True, slots=True)
class Succession:
    """How often a label came right after another, `previous` None: first in a conversation.

    A pair counts as much as its less certain label: 1 of gold, the confidence of a pseudo-label.
    """

    previous: str | None
    label: str
    count: float


@dataclass(frozen=True, slots=True)
class Chain:
    """The labels of one dimension, one after another.

    Attributes:
        weight: of what the turns before say, in [0, 1]; 0 where it did not help.
        temperature: of what both say together.
        turns: held-out turns that weight and temperature were fitted on; loss_text, loss: mean
            negative log-likelihood of their labels in nats, by the text alone and by both.
        conformal, operating: fitted on the same turns for these probabilities; None at weight 0.
    """

    successions: tuple[Succession, ...]
    weight: float
    temperature: float
    turns: int
    loss_text: float
    loss: float
    conformal: Conformal | None
    operating: OperatingPoint | None


@dataclass(frozen=True, slots=True)
class Transitions:
    """The chains of a bundle, by dimension; dimensions of several labels a turn have none."""

    chains: Mapping[str, Chain]

    def write(self, path: Path) -> None:
        text = json.dumps(asdict(self), ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path, taxonomy: Taxonomy) -> Self:
        """Read a bundle's chains.

        Raises:
            BundleError: they can't be read, or fit other labels than the taxonomy's.
        """
        try:
            found: Self = read_as(cls, json.loads(path.read_text(encoding="utf-8")), "")
            _check(found, taxonomy)
        except (OSError, ValueError) as error:
            raise BundleError(f"{path}: can't be read ({error}). {PACK_AGAIN}") from error
        return found


def _check(found: Transitions, taxonomy: Taxonomy) -> None:
    for name, chain in found.chains.items():
        if name not in taxonomy:
            raise ValueError(f"the taxonomy has no dimension {name}")
        known = {*taxonomy[name].index, None}
        for one in chain.successions:
            if one.label not in known or one.previous not in known or not one.count > 0:
                raise ValueError(f"chains.{name}.successions don't fit the labels of {name}")
        if not 0 <= chain.weight <= 1 or not 0 < chain.temperature < np.inf:
            raise ValueError(f"chains.{name} holds a weight or a temperature out of its range")
        sets = chain.conformal
        if sets is not None and len(sets.least_by_label) != len(taxonomy[name].labels):
            raise ValueError(f"chains.{name}.conformal.least_by_label doesn't fit {name}")


class ChainPrior:
    """What the turns before make likely, along one dimension."""

    def __init__(self, successions: Sequence[Succession], dimension: Dimension) -> None:
        size, index = len(dimension.labels), dimension.index
        counts = np.zeros((size + 1, size))  # the last row: at the start of a conversation
        for one in successions:
            row = size if one.previous is None else index[one.previous]
            counts[row, index[one.label]] += one.count
        shares = counts.sum(0) + UNSEEN
        shares /= shares.sum()
        left = np.maximum(1, (counts > 0).sum(1, keepdims=True))
        # T(y | x) / p(y): how much likelier a label is after another than at large.
        lift = (counts / shares + left) / (counts.sum(1, keepdims=True) + left)
        self._lift = np.append(lift, np.ones((1, size)), 0)  # the last row: nothing is known
        self._start, self._nothing = np.eye(size + 2)[-2:]

    def read(
        self, rows: Float, places: Int, opens: Bool, weight: float, feed: Feed | None = None
    ) -> Float:
        """Return Float64[n, n_labels], the probabilities of n turns with those before them.

        Args:
            rows: Float64[n_turns, n_labels], of every turn by its text.
            places: Int64[n, width], rows of each turn's predecessors, oldest first, and last of
                itself; negative where there is none. See `windows`.
            opens: Bool[n], whether the first of them opens its conversation.
            feed: what is fed back of turns, given their places and their Float64[n, n_labels];
                None: these probabilities.
        """
        cuts = [slice(at, at + ROWS_AT_ONCE) for at in range(0, len(places), ROWS_AT_ONCE)]
        parts = [self._some(rows, places[cut], opens[cut], weight, feed) for cut in cuts]
        return np.concatenate(parts) if parts else rows[:0]

    def _some(
        self, rows: Float, places: Int, opens: Bool, weight: float, feed: Feed | None
    ) -> Float:
        belief = np.where(opens[:, None], self._start, self._nothing)
        for at in places.T:
            said = np.log(np.maximum(rows[at], LEAST)) + weight * np.log(belief @ self._lift)
            found = shares_of(said)
            there = at >= 0
            fed = found if feed is None else feed(at, found)
            belief[there] = np.pad(fed[there], ((0, 0), (0, 2)))
        return found


def windows(lengths: Sequence[int]) -> tuple[Int, Bool]:
    """The places and openings that `ChainPrior.read` takes, for every turn of conversations.

    Args:
        lengths: turns of each conversation, whose rows follow one another.
    """
    position = np.concatenate([np.arange(one) for one in (*lengths, 0)]).astype(np.int64)
    back = np.arange(EARLIER, -1, -1)
    places = np.arange(len(position))[:, None] - back
    return np.where(position[:, None] >= back, places, -1), position <= EARLIER


def shares_of(logs: Float, temperature: float = 1.0) -> Float:
    """Return Float64[n, n_labels], rows that sum to 1, of logarithms over a temperature."""
    raised = np.exp((logs - logs.max(1, keepdims=True)) / temperature)
    found: Float = raised / raised.sum(1, keepdims=True)
    return found


def tempered(rows: Float, temperature: float) -> Float:
    """The same probabilities, less sure above temperature 1, surer below."""
    return rows if temperature == 1 else shares_of(np.log(np.maximum(rows, LEAST)), temperature)
