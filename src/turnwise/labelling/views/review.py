"""The reviewer of two-stage labelling: tries to refute a label by a view of its own.

After the second stage of *Building Multi-turn Intent Classification with LLM-based Labeling*
(METHODS.md), whose reviewer is a language model that looks for four faults. Here each fault is
a test, and a test is one kind of evidence for the label and for its rivals:

    spurious keywords   the turn without the words, and without the example, that were cited
    missed context      the turn joined with what both sides said before it
    near labels         the labelled single turns nearest to turn and session
    assumption          how much of the first stage's belief the turn itself does not carry
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.annotations import Annotation
from turnwise.labelling.beliefs import COSINE_UNIT, SCORE_UNIT, Scale
from turnwise.labelling.choice import Chances, Evidence, Weights, chances
from turnwise.labelling.ridge import Scores, Targets
from turnwise.labelling.similarity import Similarity
from turnwise.labelling.views.answering import Order, ranked
from turnwise.labelling.views.ground import Ground
from turnwise.labelling.views.sessions import SessionView
from turnwise.labelling.views.single_turn import Heard, SingleTurn, fit_single_turn
from turnwise.labelling.views.weighing import (
    FOLDS,
    Trust,
    centred,
    cross_fit,
    fit_trust,
    scale_of,
)
from turnwise.labelling.words import tokens
from turnwise.taxonomy import Dimension

CONTEXT: SessionView = "both"
MISSED = "missed context"
TESTS = ("stage 1", "spurious keywords", MISSED, "near labels", "assumption", MISSED)
# Weights before any seed was seen, near those that the sample's seed teaches.
START = np.array([0.8, 0.1, 0.4, 0.1, -0.1, 0.1])
PULL = 1.0
# A strict reviewer lets stand what it cannot clearly refute; with the first margin, everything.
MARGINS = (1.0, 0.5, 0.4, 0.3, 0.2, 0.1)
SOME_MARGIN = 0.3  # where there is no seed to tell
NOTICED = 0.25  # log-odds by which a test speaks against a label to be named in a rationale
Labels = NDArray[np.intp]  # Int[n_turns], places of labels in the dimension's order
FLOOR = 1e-4  # the first stage rules nothing out


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What the reviewer makes of some turns along one dimension.

    Attributes:
        chances: Float64[n_turns, n_labels]. final: the label that holds, Int[n_turns].
        sure: how likely it is right, calibrated, Float64[n_turns].
        pulls: what each test says for each label, weighed, [n_turns, n_labels, n_tests].
    """

    chances: Chances
    final: Labels
    sure: NDArray[np.float64]
    pulls: Evidence

    def order(self, names: Sequence[str], at: int) -> Order:
        """The label that holds with its confidence, others with their chances behind it."""
        (label, _), *others = ranked(names, self.chances[at], int(self.final[at]))
        return (label, float(self.sure[at])), *others

    def rival(self, at: int, label: int) -> int:
        """The likeliest other label of a turn; the same where there is only one."""
        others = np.delete(np.arange(self.chances.shape[1]), label)
        return int(others[self.chances[at, others].argmax()]) if len(others) else label

    def refuted_by(self, at: int, label: int, rival: int) -> tuple[str, ...]:
        """Which tests speak for a rival against a label, the strongest first."""
        against = dict.fromkeys(TESTS, 0.0)
        for test, pull in zip(TESTS, self.pulls[at, rival] - self.pulls[at, label], strict=True):
            against[test] += float(pull)
        told = [test for test in TESTS[1:] if against[test] > NOTICED]
        return tuple(sorted(dict.fromkeys(told), key=lambda test: -against[test]))


@dataclass(frozen=True, slots=True)
class Reviewer:
    """The reviewer of one dimension; see `fit_reviewer`.

    Attributes:
        weights: of the tests, as TESTS lists them. margin: by how much a rival's chance must
            pass that of the first stage's label to revise it. trust: in what holds.
        left_out: the review of the seed's customer turns, conversation left out.
    """

    single_turn: SingleTurn
    scale: Scale
    weights: Weights
    margin: float
    trust: Trust
    left_out: Reviewed

    def review(self, stage1: Chances, views: Views) -> Reviewed:
        """Review the first stage's labels of some turns, Float64[n_turns, n_labels]."""
        heard = [self.single_turn.hear(one) for one in (views.turn, views.ablated, views.context)]
        evidence = _evidence(stage1, heard, self.scale)
        said = chances(evidence, self.weights)
        final = _final(said, stage1.argmax(axis=1), self.margin)
        sure = self.trust(said[np.arange(len(said)), final])
        return Reviewed(said, final, sure, evidence * self.weights)


@dataclass(frozen=True, slots=True)
class Views:
    """Similarity to the corpus, Float32[n_turns, n_corpus] each: of the turns, of the turns
    without what was cited, and of the turns with their context."""

    turn: Similarity
    ablated: Similarity
    context: Similarity


def fit_reviewer(ground: Ground, dimension: Dimension, demonstrations: int) -> Reviewer:
    """Learn from the first stage's labels of left-out seed turns how far each test is right."""
    stage1 = ground.left_out.chances[dimension.name]
    cited = ground.left_out.annotations[dimension.name]
    unseen = [
        ground.sessions("turn"),
        ablated(ground, dimension, [one.text for one in ground.turns], cited),
        ground.sessions(CONTEXT),
    ]
    single_turn, heard = fit_single_turn(dimension, ground, unseen, demonstrations)
    scale = scale_of(heard[0].undecided())
    evidence = _evidence(stage1, heard, scale)
    targets = ground.targets[dimension.name]
    weights, said = cross_fit(evidence, targets, ground.groups, START, PULL)
    given = stage1.argmax(axis=1)
    final = given.copy()
    for fold in range(FOLDS):
        away = ground.groups % FOLDS == fold
        margin = _margin(said[~away], given[~away], targets[~away])
        final[away] = _final(said[away], given[away], margin)
    margin = _margin(said, given, targets)
    turns, known = np.arange(len(said)), targets.sum(axis=1) > 0
    sure = said[turns, final]
    trust = fit_trust(sure[known], targets[turns, final][known] > 0)
    left_out = Reviewed(said, final, trust(sure), evidence * weights)
    return Reviewer(single_turn, scale, weights, margin, trust, left_out)


def _final(said: Chances, given: Labels, margin: float) -> Labels:
    """The likeliest label where it passes the given one by a margin, else the given one."""
    best, turns = said.argmax(axis=1), np.arange(len(said))
    passed = said[turns, best] - said[turns, given] > margin
    return np.where(passed, best, given)


def _margin(said: Chances, given: Labels, targets: Targets) -> float:
    """The strictest margin of those with which a review of left-out turns is most often right."""
    if not targets.any():
        return SOME_MARGIN
    turns = np.arange(len(said))
    right = [targets[turns, _final(said, given, one)].sum() for one in MARGINS]
    return MARGINS[int(np.argmax(right))]


def ablated(
    ground: Ground, dimension: Dimension, texts: Sequence[str], labels: Sequence[Annotation]
) -> Similarity:
    """Similarity to the corpus of turns without the words that were cited for their labels,
    and without the cited example: Float32[n_turns, n_corpus]."""
    corpus = ground.corpus
    rows: dict[object, int] = {corpus.texts[row]: row for row in corpus.said[dimension.name].rows}
    rows |= {place: row for row, place in enumerate(corpus.places) if place}
    cited = [one.evidence[0] for one in labels]
    cut = [without(text, one.words) for text, one in zip(texts, cited, strict=True)]
    near = ground.near_to(cut)
    for at, one in enumerate(cited):
        place = (one.conversation_id, one.turn) if one.conversation_id else one.text
        if place in rows:
            near[at, rows[place]] = 0.0
    return near


def without(text: str, words: Sequence[str]) -> str:
    """A text without some words, in the reader's spelling of it."""
    return " ".join(one for one in tokens(text) if one not in words)


def _evidence(stage1: Chances, heard: Sequence[Heard], scale: Scale) -> Evidence:
    """What each test says for each label: Float64[n_turns, n_labels, n_tests]."""
    turn, cut, context = heard
    undecided = scale(turn.undecided())[:, None]
    believed = centred(np.log(stage1 + FLOOR))
    missed: Scores = centred(context.scores) / SCORE_UNIT
    tests = [
        believed,
        centred(cut.scores) / SCORE_UNIT,
        missed,
        centred(turn.votes + context.votes) / COSINE_UNIT,
        believed * undecided,
        missed * undecided,
    ]
    return np.stack(tests, axis=2)
