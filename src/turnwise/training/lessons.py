"""What an encoder is trained on: token ids of every distinct text, and which turns stand where.

A step takes whole conversations where turns are encoded apart: each text is encoded once and
serves every context of the step that it stands in, where a plain fine-tune encodes it once for
every turn that follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from turnwise.context_arrays import NO_TURN, ContextArrays
from turnwise.conversations import Example
from turnwise.training.data import Targets
from turnwise.training.losses import Wanted

# Batches among which those of like length are put together, and the least number of such lots: all
# sorted together would meet the same companions in every epoch.
SORTED_TOGETHER, LOTS = 50, 4


@dataclass(frozen=True, slots=True)
class RankedTokens:
    """Token ids of `context [SEP] answer`, for the examples that an agent answered.

    Attributes:
        row_of: example -> its place in `right` and `wrong`.
    """

    row_of: dict[int, int]
    right: list[NDArray[np.int64]]
    wrong: list[NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Lessons:
    """Examples as the training of an encoder takes them.

    Attributes:
        tokens: Int64[length] for each distinct text, also of texts that others' examples show.
        turns, roles: Int64[n_examples, 1 + history], as in `ContextArrays`.
        groups: Int64[n_examples], examples of one number share texts and go together.
        ranked: answers to tell apart; None where none are.
    """

    tokens: list[NDArray[np.int64]]
    turns: NDArray[np.int64]
    roles: NDArray[np.int64]
    wanted: Wanted
    groups: NDArray[np.int64]
    ranked: RankedTokens | None = None

    def __len__(self) -> int:
        return len(self.turns)

    def part(self, rows: NDArray[np.int64]) -> tuple[list[NDArray[np.int64]], Tensor, Tensor]:
        """Token ids of the texts of some examples, their places among these, and their roles."""
        roles = self.roles[rows]
        turns = np.where(roles == NO_TURN, self.turns[rows, :1], self.turns[rows])
        used, places = np.unique(turns, return_inverse=True)
        local = torch.from_numpy(places.reshape(turns.shape))
        return [self.tokens[at] for at in used], local, torch.from_numpy(roles)


def lessons(
    tokens: list[NDArray[np.int64]],
    contexts: ContextArrays,
    found: Targets,
    examples: Sequence[Example],
    shared: bool,
) -> Lessons:
    """Lay out examples.

    Args:
        tokens: of `contexts.texts`.
        shared: whether examples of one conversation share texts, and so go together.
    """
    conversations: dict[str, int] = {}
    groups = np.arange(len(examples))
    if shared:
        groups = np.array(
            [conversations.setdefault(one.key[0], len(conversations)) for one in examples], np.int64
        )
    return Lessons(tokens, contexts.turns, contexts.roles, wanted_of(found), groups)


def wanted_of(found: Targets) -> Wanted:
    """Hand labels over to torch, without a copy."""
    several = {place: torch.from_numpy(marks) for place, marks in found.several.items()}
    return Wanted(torch.from_numpy(found.labels), torch.from_numpy(found.weights), several)


def batches(data: Lessons, size: int, draw: np.random.Generator) -> list[NDArray[np.int64]]:
    """Every example once, in batches of about `size` examples of like length, in random order.

    Groups stay whole, so that a batch may hold a few more.
    """
    order = np.argsort(data.groups, kind="stable")
    cuts = np.flatnonzero(np.diff(data.groups[order])) + 1
    units = np.split(order, cuts)
    longest = _longest(data)
    shuffled = [units[at] for at in draw.permutation(len(units))]
    made: list[NDArray[np.int64]] = []
    sorted_together = max(1, min(SORTED_TOGETHER, len(data) // (size * LOTS)))
    for together in _runs(shuffled, size * sorted_together):
        together.sort(key=lambda unit: int(longest[unit].max()))
        made += [np.concatenate(run) for run in _runs(together, size)]
    return [made[at] for at in draw.permutation(len(made))]


def _longest(data: Lessons) -> NDArray[np.int64]:
    """Int64[n_examples]: tokens of the longest text of each."""
    lengths = np.array([len(one) for one in data.tokens], np.int64)
    longest: NDArray[np.int64] = np.where(data.roles == NO_TURN, 0, lengths[data.turns]).max(1)
    return longest


def _runs(units: Sequence[NDArray[np.int64]], size: int) -> list[list[NDArray[np.int64]]]:
    """Units in their order, in runs of at least `size` rows but for the last."""
    runs: list[list[NDArray[np.int64]]] = [[]]
    filled = 0
    for unit in units:
        if filled >= size:
            runs.append([])
            filled = 0
        runs[-1].append(unit)
        filled += len(unit)
    return runs
