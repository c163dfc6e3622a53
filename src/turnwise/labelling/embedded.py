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
from turnwise.encoders import Encoder
from turnwise.labelling.annotator import LabellingConfig
from turnwise.labelling.beliefs import Filter, Scale, fit_filter, fit_scale, left_out_beliefs, trace
from turnwise.labelling.choice import Chances
from turnwise.labelling.companions import Companions, fit_companions
from turnwise.labelling.corpus import Corpus, Track, build_corpus, track
from turnwise.labelling.rationale import Citer, Place, Read, make_citer, sentence
from turnwise.labelling.reader import Reader, Signals, fit_reader
from turnwise.labelling.ridge import Targets
from turnwise.labelling.similarity import Seen, Similarity, see, similarity
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Dimension, Taxonomy

RUNNERS_UP = 3
DEFAULTS = LabellingConfig()
EMBEDDED = Source("embedded", "single", "1")


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
    """What one dimension makes of the customer turns of some conversations.

    Attributes:
        signals: of all their texts. along: chances of labels along each conversation,
            Float64[n_turns, n_labels].
        by_history: where the history decided, Bool[n_turns, n_labels].
    """

    signals: Signals
    along: Chances
    by_history: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ahead:
    """Conversations that were read together, and what is believed of them.

    Attributes:
        conversations: in the order of the texts. where: their customer turns.
        seen: their texts; near: similarity of those to the corpus.
        beliefs: dimension -> along conversations; chances: dimension -> in the light of the
            other dimensions and calibrated, Float64[n_turns, n_labels].
    """

    conversations: tuple[Conversation, ...]
    where: Track
    seen: Seen
    near: Similarity
    beliefs: Mapping[str, Belief]
    chances: Mapping[str, Chances]


@dataclass
class EmbeddedAnnotator:
    """Labels conversations by likeness to a taxonomy and a seed; see `fit_annotator`."""

    corpus: Corpus
    encoder: Encoder
    config: LabellingConfig
    learnt: Mapping[str, Learnt]
    source: Source = EMBEDDED
    _ahead: tuple[Ahead, ...] = field(default=(), init=False, repr=False)

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        """Read conversations together: far faster than one by one. Two readings are kept."""
        self._ahead = (*self._ahead[-1:], self.read(conversations))

    def annotate(self, conversation: Conversation) -> tuple[Annotation, ...]:
        """Label every customer turn along every dimension, looking at no later turn.

        An abstention has no label; its best guess is the first runner-up.
        """
        return self.annotations(*self._find(conversation))

    def annotations(self, ahead: Ahead, place: int) -> tuple[Annotation, ...]:
        """The annotations of one of the conversations that were read together, by its place."""
        conversation = ahead.conversations[place]
        start = sum(len(one.turns) for one in ahead.conversations[:place])
        rows = ahead.where.customers - start
        positions = np.flatnonzero((rows >= 0) & (rows < len(conversation.turns)))
        return tuple(
            self._annotation(learnt, ahead, int(position), Place(conversation, start))
            for position in positions
            for learnt in self.learnt.values()
        )

    def probabilities(self, conversation: Conversation) -> Mapping[str, Chances]:
        """Dimension -> calibrated chances of its labels, in taxonomy order, per customer turn."""
        return self.read([conversation]).chances

    def _find(self, conversation: Conversation) -> tuple[Ahead, int]:
        """Where a conversation was read: with those that were prepared, or now."""
        for ahead in self._ahead:
            for place, one in enumerate(ahead.conversations):
                if one is conversation:
                    return ahead, place
        return self.read([conversation]), 0

    def read(self, conversations: Sequence[Conversation]) -> Ahead:
        """Read conversations together: all that is believed of their customer turns."""
        texts = [turn.text for one in conversations for turn in one.turns]
        seen = see(texts, self.encoder.encode(texts), self.corpus.wording)
        near = similarity(seen, self.corpus.seen)
        where = track(conversations)
        beliefs = {}
        for name, learnt in self.learnt.items():
            signals = learnt.reader.signals(seen, near)
            traced = trace(signals, where, learnt.scale)
            along = learnt.filter.beliefs(traced)
            beliefs[name] = Belief(signals, along, learnt.filter.history_decides(traced, along))
        believed = {name: belief.along for name, belief in beliefs.items()}
        chances = {
            name: learnt.companions.beliefs(believed[name], believed)
            for name, learnt in self.learnt.items()
        }
        return Ahead(tuple(conversations), where, seen, near, beliefs, chances)

    def _annotation(self, learnt: Learnt, ahead: Ahead, position: int, place: Place) -> Annotation:
        name, names = learnt.dimension.name, learnt.dimension.names
        belief, chances = ahead.beliefs[name], ahead.chances[name][position]
        turn = int(ahead.where.customers[position]) - place.start
        order = np.argsort(-chances, kind="stable")
        ranked = [(names[at], min(float(chances[at]), 1.0)) for at in order[: RUNNERS_UP + 1]]
        (label, confidence), *others = ranked
        threshold = self.config.abstain_below
        abstains = confidence < threshold
        best = int(order[0])
        read = Read(place, ahead.seen, ahead.near, belief.signals)
        evidence = learnt.citer.cite(read, turn, best, bool(belief.by_history[position, best]))
        return Annotation(
            conversation_id=place.conversation.id,
            turn=turn,
            dimension=name,
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
