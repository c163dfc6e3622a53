"""All turns that could be labelled, with which of them say the same, and which are alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import ContextWindow, Example
from turnwise.encoders import Encoder
from turnwise.labelling.selection.clusters import Clusters, Rows, cluster
from turnwise.labelling.selection.contexts import Contexts, see_contexts
from turnwise.progress import Progress, silent

NEAR = 0.98  # cosine in context from which a turn is a near-duplicate
RUN = 4096  # turns of one cluster that are compared with each other at most
WINDOW = ContextWindow()


class Pool:
    """Turns and what selection needs to know of them; made once, used for every round.

    A million turns: 0.8 GB for vectors of 384, one pass to cluster them, and to find
    near-duplicates only turns of one cluster are compared.

    Args:
        turns: each once.
        encoder: its vectors tell what is alike; give one that keeps them.
        window: how much of the history counts.
        seed: decides what is drawn by lot.
    """

    def __init__(
        self,
        turns: Sequence[Example],
        encoder: Encoder,
        window: ContextWindow = WINDOW,
        *,
        seed: int = 0,
        progress: Progress = silent,
    ) -> None:
        self.turns = turns
        self.contexts: Contexts = see_contexts(turns, encoder, window, seed, progress)

    @cached_property
    def order(self) -> Rows:
        """All rows, in the order of their lots."""
        return np.argsort(self.contexts.tickets, kind="stable")

    @cached_property
    def clusters(self) -> Clusters:
        """Which turns are about the same, history included."""
        return cluster(self.contexts.vectors, self.order)

    @cached_property
    def originals(self) -> Rows:
        """For each turn the row of the one that it repeats, its own where it repeats none.

        What says the same after the same history is a duplicate, and so is what is nearer than
        NEAR to a more typical turn. Originals repeat nothing themselves.
        """
        _, groups = np.unique(self.contexts.said, return_inverse=True)
        first = np.empty(groups.max(initial=-1) + 1, np.intp)
        first[groups[self.order[::-1]]] = self.order[::-1]
        same: Rows = first[groups]
        near = self._near(np.unique(first))
        found: Rows = near[same]
        return found

    def _near(self, distinct: Rows) -> Rows:
        of, typical = self.clusters.of[distinct], self.clusters.typical[distinct]
        ordered = distinct[np.lexsort((distinct, -typical, of))]
        starts = np.flatnonzero(np.diff(self.clusters.of[ordered], prepend=-1))
        original = np.arange(len(self.turns))
        for members in np.split(ordered, starts[1:]):
            for start in range(0, len(members), RUN):
                run = members[start : start + RUN]
                original[run] = run[_leaders(self.contexts.vectors[run])]
        return original


def _leaders(vectors: NDArray[np.float16]) -> Rows:
    """For each row the first row before it that leads and is near; else itself, a leader."""
    exact = vectors.astype(np.float32)
    leader = np.full(len(exact), -1, np.intp)
    for row in range(len(exact)):
        if leader[row] < 0:
            rest = leader[row:]
            rest[(exact[row:] @ exact[row] >= NEAR) & (rest < 0)] = row
            leader[row] = row
    return leader
