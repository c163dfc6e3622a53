"""Turns in the order in which a person's review is expected to gain most.

    gain of a turn = labels of it that are expected to be wrong x turns that it speaks for

A label that was not given is no error: it is a reason to look, and adds no gain.
A review corrects the labels of one turn, and classifiers learn from it what turns of the same
wording and the same labels would teach them: it speaks for these, up to `MOST_ALIKE` of them.
Only the first of them has their number in its gain, so that a queue does not ask the same again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Example
from turnwise.labelling.review.doubts import Doubt, doubts_of
from turnwise.sampling import stable_hash

MOST_ALIKE = 10  # beyond it one more turn that is alike teaches little

Said = tuple[Example, Sequence[Annotation]]  # a turn with what annotators said of it


@dataclass(frozen=True, slots=True)
class Ranked:
    """A turn in the queue.

    Attributes:
        conversation_id, turn: which.
        gain: what a review is expected to correct, in labels, over all turns it speaks for.
        alike: turns it speaks for, itself included; 1 for those that repeat another.
    """

    conversation_id: str
    turn: int
    gain: float
    alike: int

    @property
    def key(self) -> tuple[str, int]:
        return self.conversation_id, self.turn


def rank(turns: Iterable[Said], final: Source) -> list[Ranked]:
    """Order the turns that a person should look at, the greatest gain first.

    In the queue is a turn with a label that strategies disagree on, that is unsure, that a critic
    revised, or that is missing. Ties are in the order of a hash of the turn: the same turns with
    the same labels give the same queue.

    Args:
        turns: each once, with its labels by all annotators; dimensions that nothing is asked of,
            since a person labelled them, left out. Read once; some 200 bytes are kept of each.
        final: whose labels are in use.
    """
    found: list[tuple[tuple[str, int], float, bytes]] = []
    for example, said in turns:
        doubts = doubts_of(said, final)
        if any(one.reasons for one in doubts):
            error = sum(one.error for one in doubts)
            found.append((example.key, error, _wording(example.text, doubts)))
    numbers = Counter(wording for _, _, wording in found)
    ranked: list[Ranked] = []
    for key, error, wording in sorted(found, key=lambda one: (-one[1], _lot(one[0]))):
        alike = min(numbers.pop(wording, 1), MOST_ALIKE)
        ranked.append(Ranked(*key, error * alike, alike))
    return sorted(ranked, key=lambda one: (-one.gain, _lot(one.key)))


def _wording(text: str, doubts: Sequence[Doubt]) -> bytes:
    """The same for turns of the same words, whatever the case, and the same labels."""
    labels = sorted((one.dimension, one.label or "") for one in doubts)
    return sha256(repr((" ".join(text.casefold().split()), labels)).encode()).digest()[:16]


def _lot(key: tuple[str, int]) -> int:
    return stable_hash(f"review {key[0]} {key[1]}")
