"""`clara` on views of the data: `lara` several times, kept where the runs agree.

A language model is shown the same demonstrations in several orders (S1, METHODS.md). Here each
run sees the session through another view and may learn from another two thirds of the
demonstrations, so that runs agree by what the turn says rather than by what they share. Views
and share were chosen by cross-validation on the sample's seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from turnwise.annotations import Evidence
from turnwise.conversations import Conversation
from turnwise.labelling.annotator import LabellingConfig
from turnwise.labelling.choice import Chances
from turnwise.labelling.corpus import Corpus
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
from turnwise.labelling.views.lara import Lara, Proposed, ask, fit_lara, shown
from turnwise.labelling.views.sessions import SessionView
from turnwise.labelling.views.weighing import Trust, fit_trust
from turnwise.labelling.voting import Tally, agree, spelt_out

VIEWS: tuple[SessionView, ...] = ("both", "customer", "exchange")  # of the runs, in turn
PARTS = 3  # each run does without one part of the demonstrations


@dataclass(frozen=True)
class Clara:
    """Several runs of `lara`, and how far to trust what they agree on; see `fit_clara`."""

    ground: Ground
    config: LabellingConfig
    runs: tuple[Lara, ...]
    trust: Mapping[str, Trust]

    @property
    def names(self) -> tuple[str, ...]:
        """What the runs are called where their votes are told."""
        return tuple(f"{run.view} {place}" for place, run in enumerate(self.runs, 1))

    def left_out(self, name: str) -> list[Vote]:
        """The vote on each of the seed's customer turns, conversation left out."""
        return self.votes(name, [run.learnt[name].left_out for run in self.runs])

    def votes(self, name: str, proposed: Sequence[Proposed]) -> list[Vote]:
        """Put what the runs propose along one dimension to the vote, turn by turn."""
        names = self.ground.taxonomy[name].names
        mean, best = _mean(proposed), np.stack([one.best() for one in proposed], axis=1)
        chosen = _most(best, mean)
        sure = self.trust[name](mean[np.arange(len(mean)), chosen])
        found = []
        for at, row in enumerate(best):
            labels = [names[place] for place in row]
            tally = agree(labels, self.config.agreement)
            order = ranked(names, mean[at], int(chosen[at]))
            first = order[0][0], float(sure[at])
            found.append(Vote(tuple(labels), tally, (first, *order[1:])))
        return found

    def choice(self, vote: Vote, why: str = "", evidence: tuple[Evidence, ...] = ()) -> Choice:
        """The label of a vote, or none where too few agreed or it is not sure enough."""
        sure = vote.order[0][1] >= self.config.abstain_below
        return Choice(vote.order, vote.tally.label is None or not sure, why, evidence)


@dataclass(frozen=True, slots=True)
class Vote:
    """What the runs said of one turn along one dimension.

    Attributes:
        labels: one for each run. tally: what they came to.
        order: the label with most votes, its confidence calibrated, and others behind it with
            the mean of the runs' chances.
    """

    labels: tuple[str, ...]
    tally: Tally
    order: Order


def fit_clara(ground: Ground, config: LabellingConfig) -> Clara:
    """Fit `config.orders` runs, and learn from the seed how right they are where they agree."""
    runs = tuple(
        fit_lara(ground, config, VIEWS[run % len(VIEWS)], _kept(ground.corpus, run))
        for run in range(config.orders)
    )
    trust = {
        one.name: _trust(ground, config, one.name, [run.learnt[one.name].left_out for run in runs])
        for one in ground.taxonomy.dimensions
    }
    return Clara(ground, config, runs, trust)


def _kept(corpus: Corpus, run: int) -> NDArray[np.bool_]:
    """The texts that a run may learn from: all but a part of conversations, and of examples."""
    turn, part = divmod(run, PARTS)
    texts = zip(corpus.places, corpus.texts, strict=True)
    keys = [place[0] if place else text for place, text in texts]
    hashes = {key: sha256(f"{turn} {key}".encode()).digest()[0] % PARTS for key in set(keys)}
    return np.array([hashes[key] != part for key in keys], np.bool_)


def _trust(
    ground: Ground, config: LabellingConfig, name: str, proposed: Sequence[Proposed]
) -> Trust:
    """How right left-out votes are, where enough runs agree."""
    mean, best = _mean(proposed), np.stack([one.best() for one in proposed], axis=1)
    chosen = _most(best, mean)
    everything = np.arange(len(mean))
    agreed = (best == chosen[:, None]).mean(axis=1) >= config.agreement
    known = agreed & (ground.targets[name].sum(axis=1) > 0)
    right = ground.targets[name][everything, chosen] > 0
    return fit_trust(mean[everything, chosen][known], right[known])


def _mean(proposed: Sequence[Proposed]) -> Chances:
    mean: Chances = np.mean([one.chances for one in proposed], axis=0)
    return mean


def _most(best: NDArray[np.intp], mean: Chances) -> NDArray[np.intp]:
    """The label with most votes, the likelier one of a tie: Int[n_turns]."""
    counts = np.zeros(mean.shape)
    np.add.at(counts, (np.arange(len(best))[:, None], best), 1.0)
    most: NDArray[np.intp] = (counts + mean / 2).argmax(axis=1)
    return most


def clara_annotator(clara: Clara) -> ViewAnnotator:
    """`clara` as an annotator; it abstains where the runs do not agree."""
    return ViewAnnotator(source_of("clara"), partial(_work, clara))


def _work(clara: Clara, conversations: Sequence[Conversation]) -> list[Labelled]:
    ground, source = clara.ground, source_of("clara")
    asked = ask(ground, conversations, [run.view for run in clara.runs])
    proposed = [run.propose(asked.near["turn"], asked.near[run.view]) for run in clara.runs]
    votes = {name: clara.votes(name, [one[name] for one in proposed]) for name in clara.trust}

    def choice(at: int, name: str, vote: Vote) -> Choice:
        label = vote.order[0][0]
        evidence = clara.runs[0].cite(asked.one(at, clara.runs[0].view), name, label)
        told = spelt_out(list(zip(clara.names, vote.labels, strict=True)))
        why = f"Votes of views: {told}. {shown(label, evidence)}".strip()
        return clara.choice(vote, why, evidence)

    by_turn = [
        tuple(
            annotation(one, name, choice(at, name, vote[at]), source)
            for name, vote in votes.items()
        )
        for at, one in enumerate(asked.turns)
    ]
    return by_conversation(conversations, by_turn)
