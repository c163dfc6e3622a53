"""The embedded annotator: encoder, statistics and a labelled seed, no network.

    texts -> similarity to the corpus -> signals per label -> beliefs along the conversation
          -> beliefs across dimensions -> annotations with rationale

Everything is learnt in closed form or by a few Newton steps from the taxonomy's descriptions
and examples and from the seed. It reads whatever language its encoder reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation
from turnwise.encoders import Encoder
from turnwise.labelling.annotator import LabellingConfig
from turnwise.labelling.beliefs import (
    Companions,
    Filter,
    Scale,
    fit_companions,
    fit_filter,
    fit_scale,
    left_out_beliefs,
    trace,
)
from turnwise.labelling.choice import Chances
from turnwise.labelling.corpus import Corpus, build_corpus, track
from turnwise.labelling.reader import Reader, fit_reader
from turnwise.labelling.similarity import see_conversation
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Taxonomy

RUNNERS_UP = 3


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt of one dimension."""

    reader: Reader
    scale: Scale
    filter: Filter
    companions: Companions | None


@dataclass(frozen=True)
class EmbeddedAnnotator:
    """Labels conversations by likeness to a taxonomy and a seed; see `fit_annotator`."""

    taxonomy: Taxonomy
    corpus: Corpus
    encoder: Encoder
    config: LabellingConfig
    learnt: Mapping[str, Learnt]

    @property
    def source(self) -> Source:
        return Source("embedded", "likeness", "1")

    def annotate(self, conversation: Conversation) -> tuple[Annotation, ...]:
        """Label every customer turn along every dimension, looking at no later turn."""
        where = track([conversation])
        if not len(where.customers):
            return ()
        believed = self.beliefs(conversation)
        annotations = []
        for position, turn in enumerate(where.customers.tolist()):
            for dimension in self.taxonomy.dimensions:
                row = believed[dimension.name][position]
                order = np.argsort(-row, kind="stable")
                ranked = [(dimension.names[at], float(row[at])) for at in order]
                sure = ranked[0][1] >= self.config.abstain_below
                annotations.append(
                    Annotation(
                        conversation.id,
                        turn,
                        dimension.name,
                        ranked[0][0] if sure else None,
                        self.source,
                        ranked[0][1],
                        tuple(ranked[sure : sure + RUNNERS_UP]),
                    )
                )
        return tuple(annotations)

    def beliefs(self, conversation: Conversation) -> dict[str, Chances]:
        """Dimension -> probabilities of its labels for each customer turn, calibrated."""
        meaning = self.encoder.encode([turn.text for turn in conversation.turns])
        seen = see_conversation(conversation, meaning, self.corpus.wording)
        alone, placed = self.corpus.similarities(seen)
        where = track([conversation])
        believed: dict[str, Chances] = {}
        for name, learnt in self.learnt.items():
            signals = learnt.reader.signals(seen, alone, placed)
            believed[name] = learnt.filter.beliefs(trace(signals, where, learnt.scale))
        return {
            name: learnt.companions.beliefs(believed[name], believed) if learnt.companions else believed[name]
            for name, learnt in self.learnt.items()
        }


def fit_annotator(
    taxonomy: Taxonomy,
    seed: Sequence[Conversation],
    encoder: Encoder,
    config: LabellingConfig = LabellingConfig(),
    progress: Progress = silent,
) -> EmbeddedAnnotator:
    """Learn to label from a taxonomy and, if there is one, a labelled seed."""
    corpus = build_corpus(taxonomy, seed, encoder)
    alone, placed = corpus.similarities(corpus.seen)
    where = corpus.seed_track
    groups = corpus.groups[where.customers]
    fitted, targets, believed = {}, {}, {}
    for done, dimension in enumerate(taxonomy.dimensions):
        progress("fit annotator", done, len(taxonomy.dimensions))
        reader, signals = fit_reader(dimension, corpus, alone, placed)
        scale = fit_scale(signals)
        traced = trace(signals, where, scale)
        target = corpus.gold(dimension)[where.customers]
        fitted[dimension.name] = (reader, scale, fit_filter(traced, target))
        targets[dimension.name] = target
        believed[dimension.name] = left_out_beliefs(traced, target, groups)
    learnt = {}
    for name, (reader, scale, filtered) in fitted.items():
        companions = fit_companions(name, believed, targets, groups) if len(corpus.seed) > 1 else None
        learnt[name] = Learnt(reader, scale, filtered, companions)
    return EmbeddedAnnotator(taxonomy, corpus, encoder, config, learnt)
