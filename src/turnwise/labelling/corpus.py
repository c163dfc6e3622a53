"""Everything that the embedded annotator learns from, as one list of texts.

First every turn of the seed, whoever spoke, then what the taxonomy says of each label: its
example utterances and, as utterances of less weight, its name, title and description. So a
taxonomy without examples, or no seed at all, needs no code of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import Conversation
from turnwise.encoders import Encoder
from turnwise.labelling.ridge import Targets
from turnwise.labelling.similarity import Seen, see
from turnwise.labelling.words import Wording
from turnwise.taxonomy import Dimension, Label, Taxonomy

EXAMPLE_WEIGHT = 1.0
DESCRIPTION_WEIGHT = 0.3
SEED_TURNS = 4000  # of both sides: the regressions take memory by its square, time by its cube


@dataclass(frozen=True, slots=True)
class Track:
    """Which texts are customer turns, and which of them follow each other.

    Attributes:
        customers: rows of the customer turns among the texts, Int[n_turns].
        previous: the customer turn before each, as a position in `customers`; -1 at the start.
        starts: the first text of the conversation of each, Int[n_turns].
    """

    customers: NDArray[np.intp]
    previous: NDArray[np.intp]
    starts: NDArray[np.intp]

    def steps(self) -> list[NDArray[np.intp]]:
        """Positions of all first customer turns, then of all second ones, and so on."""
        depth = np.zeros(len(self.customers), np.intp)
        for position, before in enumerate(self.previous):
            depth[position] = 0 if before < 0 else depth[before] + 1
        return [np.flatnonzero(depth == step) for step in range(int(depth.max(initial=-1)) + 1)]


def track(conversations: Sequence[Conversation]) -> Track:
    """Where the customer turns of some conversations stand among all their turns."""
    customers: list[int] = []
    previous: list[int] = []
    starts: list[int] = []
    start = 0
    for conversation in conversations:
        before = -1
        for index, turn in enumerate(conversation.turns):
            if turn.role == "customer":
                customers.append(start + index)
                previous.append(before)
                starts.append(start)
                before = len(customers) - 1
        start += len(conversation.turns)
    return Track(
        np.array(customers, np.intp), np.array(previous, np.intp), np.array(starts, np.intp)
    )


@dataclass(frozen=True, slots=True)
class Corpus:
    """The texts, as seen, and where each comes from.

    Attributes:
        texts, places: what was said, and as which turn of which conversation; None for what
            the taxonomy says.
        seen: their vectors. wording: how they were hashed.
        groups: texts that are left out together: a conversation, or one text of the taxonomy.
        seed: the conversations, first in `texts`. seed_track: their customer turns.
        said: dimension -> rows, label and weight of what the taxonomy says of it.
    """

    texts: tuple[str, ...]
    places: tuple[tuple[str, int] | None, ...]
    seen: Seen
    wording: Wording
    groups: NDArray[np.intp]
    seed: tuple[Conversation, ...]
    seed_track: Track
    said: dict[str, Said]

    def gold(self, dimension: Dimension) -> Targets:
        """What a person said of each text, Float64[n_corpus, n_labels]; rows of 0 elsewhere."""
        targets = np.zeros((len(self.texts), len(dimension.labels)))
        row = 0
        for conversation in self.seed:
            for turn in conversation.turns:
                known = [one for one in turn.gold.get(dimension.name, ()) if one in dimension.index]
                for one in known:
                    targets[row, dimension.index[one]] += 1.0 / len(known)
                row += 1
        return targets


@dataclass(frozen=True, slots=True)
class Said:
    """What the taxonomy says of a dimension: rows of the corpus, their label and weight."""

    rows: NDArray[np.intp]
    labels: NDArray[np.intp]
    weights: NDArray[np.float64]


def build_corpus(taxonomy: Taxonomy, seed: Sequence[Conversation], encoder: Encoder) -> Corpus:
    """Gather and embed all texts; the seed's order makes no difference."""
    seed = _capped(seed)
    texts = [turn.text for one in seed for turn in one.turns]
    places: list[tuple[str, int] | None] = [
        (one.id, index) for one in seed for index in range(len(one.turns))
    ]
    groups = [number for number, one in enumerate(seed) for _ in one.turns]
    said: dict[str, Said] = {}
    for dimension in taxonomy.dimensions:
        lines = [(at, *line) for at, one in enumerate(dimension.labels) for line in _lines(one)]
        said[dimension.name] = Said(
            rows=np.arange(len(texts), len(texts) + len(lines)),
            labels=np.array([at for at, _, _ in lines], np.intp),
            weights=np.array([weight for _, _, weight in lines]),
        )
        texts.extend(text for _, text, _ in lines)
    taught = texts[len(places) :]
    groups.extend(range(len(seed), len(seed) + len(taught)))
    places.extend([None] * len(taught))
    wording = Wording.of(texts)
    return Corpus(
        texts=tuple(texts),
        places=tuple(places),
        seen=see(texts, encoder.encode(texts), wording),
        wording=wording,
        groups=np.array(groups, np.intp),
        seed=seed,
        seed_track=track(seed),
        said=said,
    )


def _capped(seed: Sequence[Conversation]) -> tuple[Conversation, ...]:
    """By hash of the id, until there are SEED_TURNS turns: a larger seed keeps its first part."""
    kept: list[Conversation] = []
    room = SEED_TURNS
    for one in sorted(seed, key=lambda one: sha256(one.id.encode()).digest()):
        room -= len(one.turns)
        if room < 0 and kept:
            break
        kept.append(one)
    return tuple(kept)


def _lines(label: Label) -> list[tuple[str, float]]:
    spoken = label.title().replace("_", " ").lower()
    described = f"{spoken}: {label.description}" if label.description else spoken
    return [*((text, EXAMPLE_WEIGHT) for text in label.examples), (described, DESCRIPTION_WEIGHT)]
