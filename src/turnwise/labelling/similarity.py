"""How alike two texts are, by themselves and in their places in a conversation.

    text:   exp((cosine of meaning - 1) / WIDTH) + WORDS * cosine of wording + LEVEL
    place:  the same + products of what was said before (OWN, LAST and OTHERS)

Both are sums of kernels, so a ridge regression on them (`ridge.py`) is one on all their
features at once. The constants were chosen by cross-validation over the sample's seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import Conversation, Role
from turnwise.encoders import Vectors
from turnwise.labelling.words import Wording, Words

Similarity = NDArray[np.float32]  # Float32[n_texts, n_others]

WIDTH = 0.4  # of the kernel on cosines: how far from each other texts still speak to each other
WORDS = 0.5
LEVEL = 0.1  # takes the place of an intercept
OWN, LAST, OTHERS = 0.3, 0.3, 0.2  # customer's turns before; other side's last turn; its others
FADING = 0.5  # of a turn's weight in the history, per turn of the same side further back


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of texts in their places, a row each.

    Attributes:
        meaning: the encoder's vectors, Float32[n_texts, size].
        wording: hashed n-grams, Float32[n_texts, BUCKETS].
        before: what was said before, Float32[n_texts, 3 * size]; 0 where nothing was.
    """

    meaning: Vectors
    wording: Words
    before: Vectors

    def __getitem__(self, rows: NDArray[np.intp]) -> Seen:
        return Seen(self.meaning[rows], self.wording[rows], self.before[rows])


def stack(parts: Sequence[Seen]) -> Seen:
    """The rows of all parts, one after the other."""
    return Seen(
        np.concatenate([part.meaning for part in parts]),
        np.concatenate([part.wording for part in parts]),
        np.concatenate([part.before for part in parts]),
    )


def see_texts(texts: Sequence[str], meaning: Vectors, wording: Wording) -> Seen:
    """Texts that stand by themselves, such as a taxonomy's examples, with their vectors."""
    nothing = np.zeros((len(texts), 3 * meaning.shape[1]), np.float32)
    return Seen(meaning, wording.vectors(texts), nothing)


def see_conversation(conversation: Conversation, meaning: Vectors, wording: Wording) -> Seen:
    """Every turn of a conversation, whoever spoke, each with what came before it."""
    seen = see_texts([turn.text for turn in conversation.turns], meaning, wording)
    roles = [turn.role for turn in conversation.turns]
    for end, row in enumerate(seen.before):
        row[:] = _before(meaning[:end], roles[:end])
    return seen


def _before(meaning: Vectors, roles: Sequence[Role]) -> Vectors:
    customers = meaning[[role == "customer" for role in roles]]
    others = meaning[[role != "customer" for role in roles]]
    parts = ((OWN, customers), (LAST, others[-1:]), (OTHERS, others))
    return np.concatenate([np.sqrt(share) * _faded(rows) for share, rows in parts])


def _faded(rows: Vectors) -> Vectors:
    """The direction of the sum of rows, the last one counting most; 0 without rows."""
    weights = FADING ** np.arange(len(rows))[::-1]
    total = weights @ rows
    direction: Vectors = (total / max(float(np.linalg.norm(total)), 1e-9)).astype(np.float32)
    return direction


def text_similarity(some: Seen, others: Seen) -> Similarity:
    """Of texts by themselves: Float32[n_some, n_others]."""
    near = np.exp((some.meaning @ others.meaning.T - 1.0) / WIDTH)
    similarity: Similarity = near + WORDS * (some.wording @ others.wording.T) + LEVEL
    return similarity


def history_similarity(some: Seen, others: Seen) -> Similarity:
    """Of what was said before them: add it to that of the texts for their likeness in place."""
    similarity: Similarity = some.before @ others.before.T
    return similarity
