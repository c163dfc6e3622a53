"""Checks of a taxonomy's actions: rules that can never match, combinations that none covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from turnwise.errors import TaxonomyError
from turnwise.taxonomy import Action, Taxonomy

# One bit a combination: past this the check itself would need gigabytes.
MAX_COMBINATIONS = 50_000_000


@dataclass(frozen=True, slots=True)
class ActionCheck:
    """What the check found.

    Attributes:
        unreachable: names of rules that earlier rules leave nothing to match.
        uncovered: how many combinations of labels no rule covers, of `combinations` in all.
        examples: some of the uncovered combinations, as dimension -> label.
    """

    unreachable: tuple[str, ...]
    uncovered: int
    combinations: int
    examples: tuple[dict[str, str], ...] = ()


def check_actions(taxonomy: Taxonomy, examples: int = 5) -> ActionCheck:
    """Hold every rule against every combination of labels of the dimensions that rules name.

    Raises:
        TaxonomyError: the dimensions have more than 50 million combinations.
    """
    dimensions = [
        dimension
        for dimension in taxonomy.dimensions
        if any(dimension.name in action.when for action in taxonomy.actions)
    ]
    shape = [len(dimension.names) for dimension in dimensions]
    if prod(shape) > MAX_COMBINATIONS:
        raise TaxonomyError(f"the actions span {prod(shape):,} combinations, too many to check")
    covered = np.zeros(shape, dtype=bool)
    unreachable = []
    for action in taxonomy.actions:
        block = np.ix_(*_chosen(taxonomy, action, [d.name for d in dimensions]))
        if covered[block].all():
            unreachable.append(action.name)
        covered[block] = True
    free = np.argwhere(~covered)
    return ActionCheck(
        unreachable=tuple(unreachable),
        uncovered=len(free),
        combinations=covered.size,
        examples=tuple(
            {d.name: d.names[i] for d, i in zip(dimensions, row, strict=True)}
            for row in free[:examples]
        ),
    )


def _chosen(taxonomy: Taxonomy, action: Action, names: Sequence[str]) -> list[np.ndarray]:
    """Positions of the labels that an action matches, per dimension."""
    wanted = taxonomy.matched_by(action)
    return [
        np.flatnonzero(
            [label in wanted.get(name, taxonomy[name].index) for label in taxonomy[name].names]
        )
        for name in names
    ]
