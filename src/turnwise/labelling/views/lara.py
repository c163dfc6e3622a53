"""`lara` on views of the data: a single-turn classifier proposes, demonstrations vote.

The labels that the classifier ranks highest for the last query, and those for the last query
with earlier ones before it, are the candidates; the labelled single turns nearest to both texts
vote for each (LARA, S1 and METHODS.md). Where a language model would read the demonstrations, a
conditional logit weighs scores and votes. The prompt variants (plain, symbolic, prepended,
formatted) have no meaning here: nothing reads a prompt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from turnwise.annotations import Annotation
from turnwise.annotations import Evidence as Cited
from turnwise.conversations import Conversation, Example
from turnwise.encoders import Vectors
from turnwise.labelling.annotator import LabellingConfig
from turnwise.labelling.beliefs import COSINE_UNIT, SCORE_UNIT, Scale
from turnwise.labelling.choice import Chances, Evidence, Weights, chances
from turnwise.labelling.similarity import Similarity, similarity
from turnwise.labelling.views.answering import (
    Choice,
    Labelled,
    Order,
    ViewAnnotator,
    annotation,
    by_conversation,
    ranked,
    source_of,
)
from turnwise.labelling.views.ground import Ground
from turnwise.labelling.views.sessions import SessionView, customer_turns
from turnwise.labelling.views.single_turn import Heard, SingleTurn, fit_single_turn
from turnwise.labelling.views.weighing import centred, cross_fit, scale_of
from turnwise.labelling.words import tokens

QUERIES: SessionView = "customer"  # earlier queries joined with the last
CITED = 2  # demonstrations that the rationale shows
# Weights before any seed was seen, near those that the sample's seed teaches: of scores and
# votes for the turn, the same for its session, and again where the turn leaves us undecided.
START = np.array([1.0, 0.2, 0.8, 0.2, 0.0, 0.0, 0.2, 0.0])
PULL = 1.0


@dataclass(frozen=True, slots=True)
class Learnt:
    """One dimension.

    Attributes:
        single_turn: the classifier with its demonstrations. scale: of undecided turns.
        weights: of the kinds of evidence, as START lists them.
        left_out: what is proposed for the seed's customer turns, conversation left out.
    """

    single_turn: SingleTurn
    scale: Scale
    weights: Weights
    left_out: Proposed


@dataclass(frozen=True, slots=True)
class Proposed:
    """Chances of all labels, and which of them were candidates, both [n_turns, n_labels]."""

    chances: Chances
    candidates: NDArray[np.bool_]

    def best(self) -> NDArray[np.intp]:
        """The likeliest candidate of each turn, Int[n_turns]."""
        best: NDArray[np.intp] = np.where(self.candidates, self.chances, -1.0).argmax(axis=1)
        return best

    def orders(self, names: Sequence[str]) -> list[Order]:
        """For each turn the likeliest candidate, and other labels after it."""
        best = self.best()
        return [ranked(names, row, int(best[at])) for at, row in enumerate(self.chances)]


@dataclass(frozen=True)
class Lara:
    """Retrieval from single turns with one view of the session; see `fit_lara`."""

    ground: Ground
    config: LabellingConfig
    view: SessionView
    learnt: Mapping[str, Learnt]

    def propose(self, turn: Similarity, session: Similarity) -> Mapping[str, Proposed]:
        """Dimension -> what is proposed, given turns and their sessions as the view shows them.

        Args:
            turn, session: similarity to the corpus, Float32[n_turns, n_corpus] each.
        """
        found = {}
        for name, learnt in self.learnt.items():
            heard = learnt.single_turn.hear(turn), learnt.single_turn.hear(session)
            said = chances(_evidence(heard, learnt.scale), learnt.weights)
            found[name] = _proposed(said, heard, self.config.candidates)
        return found

    def cite(self, asked: Asked, name: str, label: str) -> tuple[Cited, ...]:
        """The demonstrations of a label that are nearest to turn and session, and the words that
        the turn shares with them; scores are cosines to the turn."""
        corpus, place = self.ground.corpus, self.ground.taxonomy[name].index[label]
        words = {one for one in tokens(asked.example.text) if one.isalnum()}
        cited = []
        for row in self.learnt[name].single_turn.demonstrations(asked.near, place)[:CITED]:
            shared = tuple(dict.fromkeys(one for one in tokens(corpus.texts[row]) if one in words))
            score = float(np.clip(corpus.seen.meaning[row] @ asked.meaning, -1.0, 1.0))
            where = corpus.places[row] or ("", -1)
            cited.append(Cited(corpus.texts[row], shared, score, *where))
        return tuple(cited)


@dataclass(frozen=True, slots=True)
class Asked:
    """One customer turn, as it is looked up.

    Attributes:
        meaning: its vector, Float32[size]. near: how near it and its session are, added up, to
            each text of the corpus, Float32[n_corpus].
    """

    example: Example
    meaning: Vectors
    near: Similarity


@dataclass(frozen=True, slots=True)
class AskedTurns:
    """Customer turns of some conversations, by themselves and with their sessions.

    Attributes:
        meaning: their vectors. near: view -> similarity to the corpus, Float32[n_turns, n_corpus].
    """

    turns: tuple[Example, ...]
    meaning: Vectors
    near: Mapping[SessionView, Similarity]

    def one(self, at: int, view: SessionView) -> Asked:
        """A turn, looked up with its session as a view shows it."""
        return Asked(self.turns[at], self.meaning[at], self.near["turn"][at] + self.near[view][at])


def ask(
    ground: Ground, conversations: Sequence[Conversation], views: Iterable[SessionView]
) -> AskedTurns:
    """Read the customer turns of some conversations, each by itself and as views show it."""
    turns = customer_turns(conversations)
    seen = ground.see([one.text for one in turns])
    near: dict[SessionView, Similarity] = {"turn": similarity(seen, ground.corpus.seen)}
    for view in views:
        if view not in near:
            near[view] = ground.near_to(ground.texts(turns, view))
    return AskedTurns(turns, seen.meaning, near)


def fit_lara(
    ground: Ground,
    config: LabellingConfig,
    view: SessionView = QUERIES,
    kept: NDArray[np.bool_] | None = None,
) -> Lara:
    """Train the classifier on single turns, and learn to weigh turn and session.

    Args:
        view: of the session, beside the last query.
        kept: texts of the corpus that may be learnt from, Bool[n_corpus]; none: all.
    """
    learnt = {}
    turn, session = ground.sessions("turn"), ground.sessions(view)
    for done, dimension in enumerate(ground.taxonomy.dimensions):
        ground.progress("fit lara", done, len(ground.taxonomy.dimensions))
        single_turn, heard = fit_single_turn(
            dimension, ground, [turn, session], config.demonstrations, kept
        )
        scale = scale_of(heard[0].undecided())
        evidence, targets = _evidence(heard, scale), ground.targets[dimension.name]
        weights, said = cross_fit(evidence, targets, ground.groups, START, PULL)
        left_out = _proposed(said, heard, config.candidates)
        learnt[dimension.name] = Learnt(single_turn, scale, weights, left_out)
    return Lara(ground, config, view, learnt)


def _evidence(heard: Sequence[Heard], scale: Scale) -> Evidence:
    """Scores and votes for turn and session, and the same where the turn is undecided."""
    turn, session = heard
    kinds = [
        centred(turn.scores) / SCORE_UNIT,
        centred(turn.votes) / COSINE_UNIT,
        centred(session.scores) / SCORE_UNIT,
        centred(session.votes) / COSINE_UNIT,
    ]
    undecided = scale(turn.undecided())[:, None]
    return np.stack([*kinds, *(kind * undecided for kind in kinds)], axis=2)


def _proposed(said: Chances, heard: Sequence[Heard], count: int) -> Proposed:
    """Candidates: the labels ranked highest for the turn, and those for its session."""
    candidates = np.zeros(said.shape, np.bool_)
    for one in heard:
        best = np.argsort(-one.scores, axis=1, kind="stable")[:, :count]
        np.put_along_axis(candidates, best, True, axis=1)
    return Proposed(said, candidates)


def lara_annotator(lara: Lara) -> ViewAnnotator:
    """`lara` as an annotator: the last query, and earlier queries joined with it."""
    return ViewAnnotator(source_of("lara"), partial(_work, lara))


def _work(lara: Lara, conversations: Sequence[Conversation]) -> list[Labelled]:
    ground, source = lara.ground, source_of("lara")
    asked = ask(ground, conversations, [lara.view])
    found = lara.propose(asked.near["turn"], asked.near[lara.view])
    by_turn: list[list[Annotation]] = [[] for _ in asked.turns]
    for name, proposed in found.items():
        names = ground.taxonomy[name].names
        for at, order in enumerate(proposed.orders(names)):
            label, confidence = order[0]
            evidence = lara.cite(asked.one(at, lara.view), name, label)
            candidates = [names[place] for place in np.flatnonzero(proposed.candidates[at])]
            why = f"Proposed: {', '.join(candidates)}. {shown(label, evidence)}".strip()
            choice = Choice(order, confidence < lara.config.abstain_below, why, evidence)
            by_turn[at].append(annotation(asked.turns[at], name, choice, source))
    return by_conversation(conversations, [tuple(part) for part in by_turn])


def shown(label: str, evidence: Sequence[Cited]) -> str:
    """Which demonstrations spoke for a label, in words."""
    if not evidence:
        return ""
    quoted = "; ".join(f'"{one.text}" (cosine {one.score:.2f})' for one in evidence)
    return f"Nearest labelled turns of {label}: {quoted}."
