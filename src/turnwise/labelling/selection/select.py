"""Which turns of a pool to label first.

`all` takes them in their order. `novel` takes what is typical of each cluster, larger clusters
more often but by the square root of their size only, so that a budget is spread between one
turn per cluster (TypiClust: Hacohen et al., Active Learning on a Budget, ICML 2022) and a
plain sample. `uncertain` begins as `novel`; once a model says what it believes of the turns,
turns are drawn by their margin (Scheffer et al., 2001), by lot rather than the highest first
(Kirsch et al., Stochastic Batch Acquisition, 2021), so that what is unclear in many turns is
asked more often than what is unclear in one. In both, duplicates come last.

    pool, beliefs, labelled = Pool(turns, encoder), None, set()
    for calls in rounds(3000):
        choices = select(pool, "uncertain", calls, labelled=labelled, beliefs=beliefs)
        ...label them, add their keys to `labelled`, fit a model: beliefs = what it says of turns
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import Example
from turnwise.errors import ConfigError
from turnwise.labelling.selection.clusters import Rows
from turnwise.labelling.selection.contexts import TURNS_AT_ONCE
from turnwise.labelling.selection.pool import Pool
from turnwise.progress import Progress, silent

How = Literal["all", "novel", "uncertain"]
Why = Literal["in order", "novel", "uncertain", "duplicate"]
Key = tuple[str, int]  # conversation id, turn index

# Chosen on MultiDoGO's tuning split: see docs/selection.md.
SHARPNESS = 4.0  # a turn is drawn by its uncertainty to this power
FIRST, LATER = 6, 12  # the first round is a sixth of the budget, each later one a twelfth


class Beliefs(Protocol):
    """What a model that was fitted on all that is labelled so far says of turns.

    A trained classifier is one: `lambda turns: classifier.probabilities(turns, encoder)`.
    """

    def __call__(self, turns: Sequence[Example], /) -> Mapping[str, NDArray[np.float32]]:
        """Return dimension -> Float32[n_turns, n_labels], rows that sum to 1."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One turn to label.

    Attributes:
        key: conversation id and turn index; row: its place in the pool.
        why: what speaks for it; uncertainty: 0 to 1, where it is `uncertain`.
        of: the turn that it repeats, where it is a `duplicate`.
    """

    key: Key
    row: int
    why: Why
    uncertainty: float = 0.0
    of: Key | None = None

    @property
    def reason(self) -> str:
        """For people: `novel`, `uncertain .43`, `duplicate of talk-7, turn 2`."""
        if self.why == "uncertain":
            return f"uncertain {self.uncertainty:.2f}".replace("0.", ".")
        return f"duplicate of {self.of[0]}, turn {self.of[1]}" if self.of else self.why


def rounds(calls: int) -> list[int]:
    """Divide a budget into rounds of `uncertain`: after each one the model is fitted again."""
    first, later = -(-calls // FIRST), max(1, -(-calls // LATER))
    return [first, *(min(later, calls - start) for start in range(first, calls, later))]


def select(
    pool: Pool,
    how: How,
    calls: int,
    *,
    labelled: Collection[Key] = (),
    beliefs: Beliefs | None = None,
    progress: Progress = silent,
) -> list[Choice]:
    """Return the turns to label next, the most useful first: `calls` of them, or all there are.

    The same pool, labelled turns and beliefs give the same choices.

    Args:
        labelled: turns that have labels already. They are not chosen again, and turns that
            repeat them are duplicates.
        beliefs: for `uncertain`; without them it is `novel`, for there is nothing to be
            uncertain of.

    Raises:
        ConfigError: an unknown `how`, or calls below 1.
    """
    if how not in get_args(How):
        raise ConfigError(
            f"there is no selection {how!r}", field="select", hint="Give all, novel or uncertain"
        )
    if calls < 1:
        raise ConfigError(f"{calls} calls label nothing", field="calls", hint="Give 1 or more")
    known = np.array([one.key in labelled for one in pool.turns], np.bool_)
    if how == "all" or not known.size:
        rows = np.flatnonzero(~known)[:calls]
        return [Choice(pool.turns[row].key, int(row), "in order") for row in rows]
    original = _original_of(pool, known)
    fresh = np.flatnonzero((original == np.arange(len(original))) & ~known)
    if how == "novel" or beliefs is None:
        chosen = _novel(pool, fresh, known)[:calls]
        found = [Choice(pool.turns[row].key, int(row), "novel") for row in chosen]
    else:
        doubt = _doubt(pool, fresh, beliefs, progress)
        drawn = _drawn(pool, fresh, int(known.sum()), doubt)[:calls]
        found = [
            Choice(pool.turns[row].key, int(row), "uncertain", float(doubt[at]))
            for at, row in zip(drawn, fresh[drawn], strict=True)
        ]
    return found + _repeated(pool, original, known, calls - len(found))


def _original_of(pool: Pool, known: NDArray[np.bool_]) -> Rows:
    """As `Pool.originals`, but a turn that is labelled stands for all that say the same."""
    stands = np.arange(len(known))
    rows = np.flatnonzero(known)[::-1]
    stands[pool.originals[rows]] = rows
    found: Rows = stands[pool.originals]
    found[known] = np.flatnonzero(known)
    return found


def _novel(pool: Pool, fresh: Rows, known: NDArray[np.bool_]) -> Rows:
    """Of each cluster the most typical turn, then others by lot; clusters in turn (D'Hondt)."""
    of, count = pool.clusters.of, len(pool.clusters.sizes)
    lots = pool.contexts.tickets[fresh]
    best = fresh[np.lexsort((lots, -pool.clusters.typical[fresh], of[fresh]))]
    first = best[np.diff(of[best], prepend=-1) != 0]
    ordered = fresh[np.lexsort((lots, ~np.isin(fresh, first), of[fresh]))]
    starts = np.searchsorted(of[ordered], np.arange(count))
    before = np.arange(len(ordered)) - starts[of[ordered]]
    before += np.bincount(of[known], minlength=count)[of[ordered]]
    share = np.sqrt(pool.clusters.sizes[of[ordered]]) / (before + 1)
    return ordered[np.lexsort((pool.contexts.tickets[ordered], -share))]


def _doubt(pool: Pool, fresh: Rows, beliefs: Beliefs, progress: Progress) -> NDArray[np.float64]:
    """1 - the margin between the two likeliest labels, mean over dimensions: 0 to 1."""
    doubt = np.zeros(len(fresh))
    for start in range(0, len(fresh), TURNS_AT_ONCE):
        rows = fresh[start : start + TURNS_AT_ONCE]
        said = beliefs([pool.turns[row] for row in rows])
        each = [1.0 - _margin(probabilities) for probabilities in said.values()]
        doubt[start : start + len(rows)] = np.mean(each, axis=0)
        progress("weigh turns", start + len(rows), len(fresh))
    return doubt


def _margin(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    if probabilities.shape[1] < 2:
        return np.ones(len(probabilities))
    two = np.partition(probabilities.astype(np.float64), -2, axis=1)[:, -2:]
    return np.clip(two[:, 1] - two[:, 0], 0.0, 1.0)


def _drawn(pool: Pool, fresh: Rows, done: int, doubt: NDArray[np.float64]) -> Rows:
    """Places in `fresh`, drawn without replacement by doubt to a power (Gumbel top-k).

    Of turns with the same words only the first drawn comes before all that are new.
    """
    lots = _uniform(pool.contexts.tickets[fresh], done)
    weight = SHARPNESS * np.log(np.maximum(doubt, 1e-9)) - np.log(-np.log(lots))
    order = np.argsort(-weight, kind="stable")
    _, heard = np.unique(pool.contexts.words[fresh[order]], return_index=True)
    again = np.ones(len(order), np.bool_)
    again[heard] = False
    found: Rows = order[np.argsort(again, kind="stable")]
    return found


def _uniform(tickets: NDArray[np.uint64], salt: int) -> NDArray[np.float64]:
    """New lots for each round, in (0, 1): the finaliser of splitmix64 (Steele et al., 2014)."""
    mixed = tickets + np.uint64(salt * 0x9E3779B97F4A7C15 % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def _repeated(pool: Pool, original: Rows, known: NDArray[np.bool_], calls: int) -> list[Choice]:
    """Turns that repeat another one, for when everything else is labelled."""
    if calls <= 0:
        return []
    rows = pool.order[(original != np.arange(len(original)))[pool.order] & ~known[pool.order]]
    return [
        Choice(pool.turns[row].key, int(row), "duplicate", of=pool.turns[original[row]].key)
        for row in rows[:calls]
    ]
