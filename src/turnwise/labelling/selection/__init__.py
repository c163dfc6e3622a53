"""Turns -> which of them to label first, so that a budget of calls goes further.

    turns --Pool--> copies and clusters --select--> choices, each with its reason

`select` answers one question at a time. How `uncertain` goes in rounds stands with it.
"""

from turnwise.labelling.selection.pool import Pool
from turnwise.labelling.selection.select import Beliefs, Choice, How, rounds, select

__all__ = ["Beliefs", "Choice", "How", "Pool", "rounds", "select"]
