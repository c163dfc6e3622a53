"""Labelled single turns, and which of them are nearest to a text: what LARA shows a model.

Search is exact: a product of vectors per dimension. For the few tens of thousands of examples
that a taxonomy and a labelled seed hold, an index would save nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import Conversation, examples
from turnwise.encoders import Encoder, Vectors
from turnwise.taxonomy import Taxonomy

VOTING = 3  # examples of a label whose mean cosine proposes it

Proposals = tuple[tuple[str, float], ...]  # labels with a score, best first


class Proposer(Protocol):
    """A classifier of single turns, which names the labels that a text may carry."""

    def propose(self, texts: Sequence[str], dimension: str, count: int) -> Sequence[Proposals]:
        """For each text the `count` best labels of a dimension, fewer where there are fewer."""
        ...


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text that carries a label by itself, without a history.

    Attributes:
        conversation_id, turn: where it was said; empty and -1 where the taxonomy says it.
    """

    text: str
    dimension: str
    label: str
    conversation_id: str = ""
    turn: int = -1


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A labelled text, and the cosine to what it was retrieved for."""

    example: LabelledText
    score: float


def single_turn_examples(
    taxonomy: Taxonomy, seed: Iterable[Conversation]
) -> tuple[LabelledText, ...]:
    """The taxonomy's utterances, and the seed's turns that need no history to be understood.

    Those are the turns that open a conversation. A label that neither gives an example (a bare
    answer opens none) is shown by its later turns. Gold that names no label of the taxonomy is
    passed over.
    """
    found = [
        LabelledText(text, dimension.name, label.name)
        for dimension in taxonomy.dimensions
        for label in dimension.labels
        for text in label.examples
    ]
    later: list[LabelledText] = []
    for conversation in seed:
        for one in examples(conversation):
            said = [
                LabelledText(one.text, name, label, *one.key)
                for name, labels in one.gold.items()
                for label in labels
                if name in taxonomy and label in taxonomy[name].index
            ]
            (later if one.history else found).extend(said)
    shown = {(one.dimension, one.label) for one in found}
    return (*found, *(one for one in later if (one.dimension, one.label) not in shown))


@dataclass(frozen=True, slots=True)
class Shelf:
    """The examples of one dimension.

    Attributes:
        vectors: Float32[n_examples, size]. carriers: label -> rows that carry it, Int[...].
    """

    texts: tuple[LabelledText, ...]
    vectors: Vectors
    carriers: Mapping[str, NDArray[np.intp]]


@dataclass(frozen=True, slots=True)
class Demonstrations:
    """Labelled single turns to retrieve from; made by `shelve`.

    It also proposes labels, by the mean cosine to the nearest examples of each; a trained
    classifier in its place proposes better ones.
    """

    shelves: Mapping[str, Shelf]
    encoder: Encoder

    def nearest(
        self, queries: Vectors, dimension: str, labels: Sequence[str], count: int, besides: str = ""
    ) -> tuple[Demonstration, ...]:
        """The examples of each label nearest to any of the queries, nearest of all first.

        Args:
            queries: Float32[n, size], the forms in which one turn is looked for.
            count: examples per label at most.
            besides: id of a conversation whose own turns are left out.
        """
        shelf = self.shelves.get(dimension)
        if shelf is None or not count:
            return ()
        found: list[Demonstration] = []
        for label in labels:
            rows = shelf.carriers.get(label, np.array([], np.intp))
            scores = (shelf.vectors[rows] @ queries.T).max(axis=1, initial=-1.0)
            order = np.argsort(-scores, kind="stable")
            ranked = (Demonstration(shelf.texts[rows[at]], float(scores[at])) for at in order)
            found.extend(_first(ranked, count, besides))
        return tuple(sorted(found, key=lambda one: -one.score))

    def propose(self, texts: Sequence[str], dimension: str, count: int) -> list[Proposals]:
        """Labels by the mean cosine to their nearest examples; implements `Proposer`."""
        shelf = self.shelves.get(dimension)
        if shelf is None:
            return [() for _ in texts]
        labels = list(shelf.carriers)
        cosines = self.encoder.encode(texts) @ shelf.vectors.T
        scores = np.stack([_best(cosines[:, shelf.carriers[one]]) for one in labels], axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
        return [
            tuple((labels[at], float(row[at])) for at in best)
            for row, best in zip(scores, order, strict=True)
        ]


def shelve(texts: Sequence[LabelledText], encoder: Encoder) -> Demonstrations:
    """Encode labelled texts, each distinct one once."""
    distinct = list(dict.fromkeys(one.text for one in texts))
    vectors = encoder.encode(distinct) if distinct else np.zeros((0, encoder.size), np.float32)
    place = {text: row for row, text in enumerate(distinct)}
    shelves = {}
    for dimension in dict.fromkeys(one.dimension for one in texts):
        own = tuple(one for one in texts if one.dimension == dimension)
        carriers: dict[str, list[int]] = {}
        for row, one in enumerate(own):
            carriers.setdefault(one.label, []).append(row)
        shelves[dimension] = Shelf(
            own,
            vectors[[place[one.text] for one in own]],
            {label: np.array(rows, np.intp) for label, rows in carriers.items()},
        )
    return Demonstrations(shelves, encoder)


def _first(ranked: Iterable[Demonstration], count: int, besides: str) -> Iterable[Demonstration]:
    """The first few with different texts, those of one conversation left out."""
    seen: set[str] = set()
    for one in ranked:
        if len(seen) == count:
            return
        if one.example.text not in seen and not (
            besides and one.example.conversation_id == besides
        ):
            seen.add(one.example.text)
            yield one


def _best(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of each row's best few, Float32[n_texts, n_examples] -> Float32[n_texts]."""
    count = min(VOTING, cosines.shape[1])
    mean: NDArray[np.float32] = -np.partition(-cosines, count - 1, axis=1)[:, :count].mean(axis=1)
    return mean
