"""What one dimension's labels have to do with a text by itself.

Two regressions on the corpus and two plain likenesses give each text a score per label. None
of them knows yet how the labels of a conversation follow each other: `beliefs.py` adds that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from turnwise.encoders import Vectors
from turnwise.labelling.choice import softmax
from turnwise.labelling.corpus import Corpus, Said
from turnwise.labelling.ridge import Lesson, Ridge, Scores, Targets, fit_ridge
from turnwise.labelling.similarity import Seen, Similarity
from turnwise.taxonomy import Dimension

# Chosen by cross-validation over the sample's seed, as the constants of similarity.py were.
CONPENALTY, PENALTY = 0.5, 1.0
REPLY_WEIGHT = 0.5  # of an agent's turn, taken to be about what the customer says next
SHARPNESS = 0.1  # of scores, where it is asked how undecided a text leaves us


@dataclass(frozen=True, slots=True)
class Signals:
    """Scores of texts per label, each Float64[n_texts, n_labels].

    Attributes:
        turn: the text by itself, learnt from the customers' turns and the taxonomy.
        reply: the same as `turn` for what agents say, learnt from their turns too.
        nearest: cosine to the label's nearest example; described: to its description.
    """

    turn: Scores
    reply: Scores
    nearest: Scores
    described: Scores

    def undecided(self) -> Scores:
        """How little a text tells by itself: entropy, from 0 to 1, Float64[n_texts]."""
        said = softmax(self.turn / SHARPNESS)
        entropy: Scores = -(said * np.log(said + 1e-12)).sum(axis=1) / np.log(max(said.shape[1], 2))
        return entropy


@dataclass(frozen=True, slots=True)
class Reader:
    """Two regressions of one dimension, and the vectors of what the taxonomy says of it."""

    turn: Ridge
    reply: Ridge
    said: Said
    meaning: Vectors

    def signals(self, seen: Seen, near: Similarity) -> Signals:
        """Read texts, given their similarity to the corpus."""
        nearest, described = _likeness(seen.meaning @ self.meaning.T, self.said)
        return Signals(
            turn=self.turn.scores(near),
            reply=self.reply.scores(near),
            nearest=nearest,
            described=described,
        )


def fit_reader(dimension: Dimension, corpus: Corpus, near: Similarity) -> tuple[Reader, Signals]:
    """Learn a dimension from a corpus, given the similarities of its texts with each other.

    Returns:
        The reader, and what it says of each text of the corpus had it not seen the text's
        conversation.
    """
    gold = corpus.gold(dimension)
    said = corpus.said[dimension.name]
    targets = gold.copy()
    targets[said.rows, said.labels] = 1.0
    examples = np.zeros(len(gold))
    examples[said.rows] = said.weights
    customers = (gold.sum(axis=1) > 0).astype(np.float64)
    replies = _about_next_turn(corpus, gold)

    def lesson(weights: Scores, about: Targets = targets) -> Lesson:
        return Lesson(about, weights, corpus.groups)

    turn = fit_ridge(near, lesson(customers + examples), PENALTY)
    spoken = customers + examples + REPLY_WEIGHT * (replies.sum(axis=1) > 0)
    reply = fit_ridge(near, lesson(spoken, targets + replies), PENALTY)
    meaning = corpus.seen.meaning[said.rows]
    reader = Reader(turn[0], reply[0], said, meaning)
    signals = reader.signals(corpus.seen, near)
    return reader, replace(signals, turn=turn[1], reply=reply[1])


def _about_next_turn(corpus: Corpus, gold: Targets) -> Targets:
    """What agents' turns are taken to be about: the label of the customer's next turn."""
    about = np.zeros_like(gold)
    row = 0
    for conversation in corpus.seed:
        for index, turn in enumerate(conversation.turns[:-1]):
            if turn.role != "customer":
                about[row + index] = gold[row + index + 1]
        row += len(conversation.turns)
    return about


def _likeness(cosines: Vectors, said: Said) -> tuple[Scores, Scores]:
    """Cosines to all that is said -> per label to the nearest of it, and to its description."""
    starts = np.flatnonzero(np.diff(said.labels, prepend=-1))  # labels stand in their order
    last = np.append(starts[1:], len(said.labels)) - 1  # the description comes last
    nearest = np.maximum.reduceat(cosines, starts, axis=1)
    return nearest.astype(np.float64), cosines[:, last].astype(np.float64)
