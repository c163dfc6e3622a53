"""The embedded annotator: encoder, statistics and a labelled seed, no network.

    texts -> similarity to the corpus -> signals per label -> beliefs along the conversation
          -> beliefs across dimensions -> annotations with rationale

Everything is learnt in closed form or by a few Newton steps from the taxonomy's descriptions
and examples and from the seed. It reads whatever language its encoder reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation
from turnwise.encoders import Encoder, Vectors
from turnwise.labelling.annotator import LabellingConfig
from turnwise.labelling.beliefs import Filter, Scale, fit_filter, fit_scale, left_out_beliefs, trace
from turnwise.labelling.choice import Chances
from turnwise.labelling.companions import Companions, fit_companions
from turnwise.labelling.corpus import Corpus, build_corpus, track
from turnwise.labelling.rationale import Citer, Read, make_citer, sentence
from turnwise.labelling.reader import Reader, fit_reader
from turnwise.labelling.ridge import Targets
from turnwise.labelling.similarity import Similarity, see, similarity
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Dimension, Taxonomy

RUNNERS_UP = 3
DEFAULTS = LabellingConfig()
SOURCE = Source("embedded", "likeness", "1")


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt of one dimension."""

    dimension: Dimension
    reader: Reader
    scale: Scale
    filter: Filter
    companions: Companions
    citer: Citer


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of the customer turns of one conversation, in one dimension.

    Attributes:
        read: the conversation as the dimension read it.
        along: chances of labels along the conversation, Float64[n_turns, n_labels].
        by_history: where the history decided, Bool[n_turns, n_labels].
    """

    read: Read
    along: Chances
    by_history: NDArray[np.bool_]


@dataclass(frozen=True)
class EmbeddedAnnotator:
    """Labels conversations by likeness to a taxonomy and a seed; see `fit_annotator`."""

    corpus: Corpus
    encoder: Encoder
    config: LabellingConfig
    learnt: Mapping[str, Learnt]
    source: Source = SOURCE
    _ahead: dict[str, Vectors] = field(default_factory=dict, init=False, repr=False, compare=False)

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        """Encode the texts of conversations together: far faster than one by one."""
        texts = list(dict.fromkeys(turn.text for one in conversations for turn in one.turns))
        self._ahead.clear()
        self._ahead.update(zip(texts, self._encode(texts), strict=True))

    def annotate(self, conversation: Conversation) -> tuple[Annotation, ...]:
        """Label every customer turn along every dimension, looking at no later turn.

        An abstention has no label; its best guess is the first runner-up.
        """
        turns = track([conversation]).customers.tolist()
        if not turns:
            return ()
        beliefs = self._believe(conversation)
        chances = self._chances(beliefs)
        return tuple(
            self._annotation(learnt, beliefs[name], chances[name][position], position, turn)
            for position, turn in enumerate(turns)
            for name, learnt in self.learnt.items()
        )

    def probabilities(self, conversation: Conversation) -> dict[str, Chances]:
        """Dimension -> calibrated chances of its labels, in taxonomy order, per customer turn."""
        return self._chances(self._believe(conversation)) if conversation.turns else {}

    def _encode(self, texts: Sequence[str]) -> Vectors:
        if texts and all(text in self._ahead for text in texts):
            return np.stack([self._ahead[text] for text in texts])
        return self.encoder.encode(texts)

    def _believe(self, conversation: Conversation) -> dict[str, Belief]:
        texts = [turn.text for turn in conversation.turns]
        meaning = self._encode(texts)
        seen = see(texts, meaning, self.corpus.wording)
        near = similarity(seen, self.corpus.seen)
        where = track([conversation])
        beliefs = {}
        for name, learnt in self.learnt.items():
            signals = learnt.reader.signals(seen, near)
            traced = trace(signals, where, learnt.scale)
            along = learnt.filter.beliefs(traced)
            by_history = learnt.filter.history_decides(traced, along)
            beliefs[name] = Belief(Read(conversation, seen, near, signals), along, by_history)
        return beliefs

    def _chances(self, beliefs: Mapping[str, Belief]) -> dict[str, Chances]:
        along = {name: belief.along for name, belief in beliefs.items()}
        return {
            name: learnt.companions.beliefs(along[name], along)
            for name, learnt in self.learnt.items()
        }

    def _annotation(
        self, learnt: Learnt, belief: Belief, chances: Chances, position: int, turn: int
    ) -> Annotation:
        order = np.argsort(-chances, kind="stable")
        names = learnt.dimension.names
        ranked = [(names[at], min(float(chances[at]), 1.0)) for at in order[: RUNNERS_UP + 1]]
        (label, confidence), *others = ranked
        threshold = self.config.abstain_below
        abstains = confidence < threshold
        best = int(order[0])
        evidence = learnt.citer.cite(
            belief.read, turn, best, bool(belief.by_history[position, best])
        )
        return Annotation(
            conversation_id=belief.read.conversation.id,
            turn=turn,
            dimension=learnt.dimension.name,
            label=None if abstains else label,
            source=self.source,
            confidence=confidence,
            runners_up=tuple(ranked[:RUNNERS_UP] if abstains else others),
            rationale=sentence(label, evidence, threshold if abstains else None),
            evidence=evidence,
        )


def fit_annotator(
    taxonomy: Taxonomy,
    seed: Sequence[Conversation],
    encoder: Encoder,
    config: LabellingConfig = DEFAULTS,
    progress: Progress = silent,
) -> EmbeddedAnnotator:
    """Learn to label from a taxonomy and a labelled seed.

    Args:
        taxonomy: its example utterances count most, its descriptions less; either may lack.
        seed: conversations whose turns carry gold, all or some of them; may be empty. Gold that
            names no label of the taxonomy is passed over.
        encoder: hand in one that keeps its vectors: it is asked for each text once per fit.
        config: when to abstain.
    """
    corpus = build_corpus(taxonomy, seed, encoder)
    near = similarity(corpus.seen, corpus.seen)
    fitted = []
    for done, dimension in enumerate(taxonomy.dimensions):
        progress("fit annotator", done, len(taxonomy.dimensions))
        fitted.append(_fit_dimension(dimension, corpus, near))
    progress("fit annotator", len(taxonomy.dimensions), len(taxonomy.dimensions))
    groups = corpus.groups[corpus.seed_track.customers]
    believed = {one.dimension.name: one.left_out for one in fitted}
    targets = {one.dimension.name: one.targets for one in fitted}
    learnt = {}
    for one in fitted:
        name = one.dimension.name
        companions = fit_companions(name, believed, targets, groups)
        citer = make_citer(corpus, one.reader, one.carried)
        learnt[name] = Learnt(one.dimension, one.reader, one.scale, one.filter, companions, citer)
    return EmbeddedAnnotator(corpus, encoder, config, learnt)


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A dimension along the conversation; on the seed's customer turns, what it is to find
    (`targets`) and what it believes of them when their fold is left out (`left_out`)."""

    dimension: Dimension
    reader: Reader
    scale: Scale
    filter: Filter
    carried: Targets
    targets: Targets
    left_out: Chances


def _fit_dimension(dimension: Dimension, corpus: Corpus, near: Similarity) -> _Fitted:
    reader, signals = fit_reader(dimension, corpus, near)
    scale = fit_scale(signals)
    traced = trace(signals, corpus.seed_track, scale)
    gold = corpus.gold(dimension)
    carried = gold.copy()
    said = corpus.said[dimension.name]
    carried[said.rows, said.labels] = 1.0
    rows = corpus.seed_track.customers
    left_out = left_out_beliefs(traced, gold[rows], corpus.groups[rows])
    filtered = fit_filter(traced, gold[rows])
    return _Fitted(dimension, reader, scale, filtered, carried, gold[rows], left_out)
