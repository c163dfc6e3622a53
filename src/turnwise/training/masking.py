"""What a masked language model has to guess: some tokens of each text, hidden.

15 in 100 tokens are hidden: 80 of 100 of these behind the mask token, 10 behind a random one, 10
behind themselves (BERT: Devlin et al., 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from turnwise.errors import TrainingError

Ids = NDArray[np.int64]
Marks = NDArray[np.bool_]

MASKED, BEHIND_MASK, BEHIND_RANDOM = 0.15, 0.8, 0.1


@dataclass(frozen=True, slots=True)
class Masker:
    """Which tokens may be hidden, and behind what.

    Attributes:
        mask: id of the mask token; specials: ids that are never hidden; others: all the rest.
    """

    mask: int
    specials: Ids
    others: Ids

    def open(self, ids: Ids) -> Marks:
        """Which tokens may be hidden."""
        return ~np.isin(ids, self.specials)

    def hide(self, ids: Ids, there: Marks, draw: np.random.Generator) -> tuple[Ids, Marks]:
        """Return ids with some hidden, and which those are: at least one where one may be.

        Args:
            ids, there: Int64 and Bool[n, length], tokens and what is no padding among them.
        """
        free = self.open(ids) & there
        hidden = free & (draw.random(ids.shape) < MASKED)
        if free.any() and not hidden.any():
            hidden.flat[draw.choice(np.flatnonzero(free))] = True
        way = draw.random(ids.shape)
        anything = draw.choice(self.others, ids.shape)
        shown = np.where(hidden & (way < BEHIND_MASK), self.mask, ids)
        at_random = hidden & (way >= BEHIND_MASK) & (way < BEHIND_MASK + BEHIND_RANDOM)
        return np.where(at_random, anything, shown), hidden


def masker_of(path: Path) -> Masker:
    """Read from tokenizer.json what may be hidden.

    Raises:
        TrainingError: there is no mask token.
    """
    tokenizer = Tokenizer.from_file(str(path))
    added = tokenizer.get_added_tokens_decoder()
    specials = {place: token.content for place, token in added.items() if token.special}
    masks = [at for at, said in specials.items() if said.strip("[]<>|").lower() == "mask"]
    if not masks:
        raise TrainingError(
            f"{path}: this tokenizer has no mask token, so its encoder can't be trained on logs. "
            "Leave out the epochs on logs, or choose an encoder of the BERT family"
        )
    everything = np.array(sorted(tokenizer.get_vocab().values()), np.int64)
    named = np.array(sorted(specials), np.int64)
    return Masker(masks[0], named, np.setdiff1d(everything, named))
