"""`ensemble` on views of the data: a vote of strategies that were all fitted on one ground.

Each vote weighs by how often its strategy was right on left-out conversations of the seed, or
all weigh the same. What the vote says of the same conversations tells how far to trust it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation
from turnwise.labelling.annotator import Annotator, LabellingConfig
from turnwise.labelling.ensemble import EnsembleAnnotator
from turnwise.labelling.views.answering import source_of
from turnwise.labelling.views.ground import Ground
from turnwise.labelling.views.weighing import Trust, fit_trust
from turnwise.labelling.voting import measured_reliability


@dataclass(frozen=True, slots=True)
class Member:
    """A strategy, and how to tell what it says of the seed's turns, conversations left out."""

    annotator: Annotator
    left_out: Callable[[], Sequence[Annotation]]


@dataclass
class Replay:
    """Gives again what a strategy said of the seed's conversations when they were left out."""

    source: Source
    said: Mapping[str, tuple[Annotation, ...]]

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        """There is nothing to prepare."""

    def annotate(self, conversation: Conversation) -> tuple[Annotation, ...]:
        return self.said.get(conversation.id, ())


@dataclass
class CalibratedEnsemble:
    """A vote whose confidence was measured; its members' annotations come before its own."""

    vote: EnsembleAnnotator
    config: LabellingConfig
    trust: Mapping[str, Trust]

    @property
    def source(self) -> Source:
        return replace(source_of("ensemble"), version=self.vote.source.version)

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        """Let every member begin."""
        self.vote.prepare(conversations)

    def annotate(self, conversation: Conversation) -> tuple[Annotation, ...]:
        """What each member says, and then what they come to together."""
        found = self.vote.annotate(conversation)
        return tuple(self._own(one) if one.source == self.vote.source else one for one in found)

    def _own(self, one: Annotation) -> Annotation:
        if one.label is None:
            return replace(one, source=self.source)
        sure = float(self.trust[one.dimension](np.array([one.confidence]))[0])
        if sure >= self.config.abstain_below:
            return replace(one, source=self.source, confidence=sure)
        guesses = ((one.label, sure), *one.runners_up)
        return replace(one, source=self.source, confidence=sure, label=None, runners_up=guesses)


def fit_ensemble(
    ground: Ground, members: Sequence[Member], config: LabellingConfig, weighted: bool = True
) -> CalibratedEnsemble:
    """Put strategies to a vote.

    Args:
        members: two or more, of one ground.
        weighted: by how right each was on the seed; else the majority decides and a tie abstains.
    """
    gold = {(*one.key, name): labels for one in ground.turns for name, labels in one.gold.items()}
    said = [list(one.left_out()) for one in members]
    reliability = measured_reliability(chain(*said), gold) if weighted else {}
    vote = EnsembleAnnotator([one.annotator for one in members], ground.taxonomy, reliability)
    replays = [_replay(one.annotator.source, part) for one, part in zip(members, said, strict=True)]
    replayed = EnsembleAnnotator(replays, ground.taxonomy, reliability)
    judged: dict[str, list[tuple[float, bool]]] = {n: [] for n in ground.taxonomy.dimension_names}
    for conversation in ground.seed:
        for one in replayed.annotate(conversation):
            known = gold.get((*one.key, one.dimension))
            if one.source == replayed.source and one.label is not None and known:
                judged[one.dimension].append((one.confidence, one.label in known))
    return CalibratedEnsemble(vote, config, {name: _trust(part) for name, part in judged.items()})


def _replay(source: Source, labels: Sequence[Annotation]) -> Replay:
    said: dict[str, list[Annotation]] = {}
    for one in labels:
        said.setdefault(one.conversation_id, []).append(one)
    return Replay(source, {id: tuple(part) for id, part in said.items()})


def _trust(judged: Sequence[tuple[float, bool]]) -> Trust:
    confidence = np.array([one for one, _ in judged], np.float64)
    return fit_trust(confidence, np.array([one for _, one in judged], np.bool_))
