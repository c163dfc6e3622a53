"""What every strategy is fitted on: a taxonomy, a labelled seed and an encoder, read once.

Strategies that are built from one ground share its work: the corpus, the annotator of
single-stage labelling, and what that annotator says of seed conversations that it did not see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from turnwise.annotations import Annotation
from turnwise.conversations import Conversation, Example
from turnwise.encoders import Encoder
from turnwise.labelling.annotator import LabellingConfig
from turnwise.labelling.choice import Chances
from turnwise.labelling.corpus import Corpus, build_corpus
from turnwise.labelling.embedded import Ahead, EmbeddedAnnotator, fit_annotator
from turnwise.labelling.ridge import Targets
from turnwise.labelling.similarity import Seen, Similarity, see, similarity
from turnwise.labelling.views.sessions import SessionView, customer_turns, session_text
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Taxonomy

FOLDS = 5
NEVER_ABSTAIN = LabellingConfig(abstain_below=0.0)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What single-stage labelling says of the seed's customer turns, their fold left out.

    Attributes:
        chances: dimension -> Float64[n_turns, n_labels].
        annotations: dimension -> one annotation per turn, without abstentions.
    """

    chances: Mapping[str, Chances]
    annotations: Mapping[str, tuple[Annotation, ...]]


@dataclass(frozen=True, slots=True)
class Said:
    """What single-stage labelling says of the customer turns of some conversations.

    Attributes:
        ahead: all that is believed of them.
        annotations: dimension -> one annotation per turn, without abstentions.
    """

    ahead: Ahead
    annotations: Mapping[str, tuple[Annotation, ...]]


@dataclass(frozen=True)
class Ground:
    """A taxonomy, a seed and an encoder, with all that strategies share; made by `lay_ground`.

    Attributes:
        seed: by hash of the id, cut to the turns that are learnt from.
        corpus: all texts that are learnt from. near: their similarity to each other.
    """

    taxonomy: Taxonomy
    seed: tuple[Conversation, ...]
    encoder: Encoder
    corpus: Corpus
    near: Similarity
    progress: Progress = silent
    _sessions: dict[SessionView, Similarity] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def turns(self) -> tuple[Example, ...]:
        """The seed's customer turns; all rows of the seed below are these."""
        return customer_turns(self.seed)

    @property
    def groups(self) -> NDArray[np.intp]:
        """The conversation of each of the seed's customer turns, Int[n_turns]."""
        groups: NDArray[np.intp] = self.corpus.groups[self.corpus.seed_track.customers]
        return groups

    @cached_property
    def targets(self) -> Mapping[str, Targets]:
        """Dimension -> gold of the seed's customer turns, Float64[n_turns, n_labels]."""
        rows = self.corpus.seed_track.customers
        return {one.name: self.corpus.gold(one)[rows] for one in self.taxonomy.dimensions}

    @cached_property
    def annotator(self) -> EmbeddedAnnotator:
        """Single-stage labelling, fitted on the whole seed; it never abstains."""
        return fit_annotator(self.taxonomy, self.seed, self.encoder, NEVER_ABSTAIN, self.progress)

    @cached_property
    def left_out(self) -> LeftOut:
        """What single-stage labelling says of each fifth of the seed, fitted on the others."""
        chances = {name: np.zeros_like(one) for name, one in self.targets.items()}
        found: dict[str, dict[int, Annotation]] = {name: {} for name in chances}
        for fold, (away, rows) in enumerate(self._folds()):
            self.progress("cross-validate", fold, FOLDS)
            kept = [one for place, one in enumerate(self.seed) if place % FOLDS != fold]
            annotator = fit_annotator(self.taxonomy, kept, self.encoder, NEVER_ABSTAIN)
            said = read_single(annotator, away)
            for name in chances:
                chances[name][rows] = said.ahead.chances[name]
                found[name].update(zip(rows.tolist(), said.annotations[name], strict=True))
        ordered = {name: tuple(one for _, one in sorted(by.items())) for name, by in found.items()}
        return LeftOut(chances, ordered)

    def _folds(self) -> Iterator[tuple[tuple[Conversation, ...], NDArray[np.intp]]]:
        for fold in range(FOLDS):
            yield self.seed[fold::FOLDS], np.flatnonzero(self.groups % FOLDS == fold)

    def see(self, texts: Sequence[str]) -> Seen:
        """Read texts as those of the corpus were read."""
        return see(texts, self.encoder.encode(texts), self.corpus.wording)

    def near_to(self, texts: Sequence[str]) -> Similarity:
        """Similarity of texts to the corpus, Float32[n_texts, n_corpus]."""
        return similarity(self.see(texts), self.corpus.seen)

    def sessions(self, view: SessionView) -> Similarity:
        """The seed's customer turns as a view shows them: similarity to the corpus, kept."""
        if view not in self._sessions:
            self._sessions[view] = self.near_to(self.texts(self.turns, view))
        return self._sessions[view]

    def texts(self, turns: Sequence[Example], view: SessionView) -> list[str]:
        """Customer turns as a view shows them."""
        return [session_text(one, view, self.encoder.count_tokens) for one in turns]


def lay_ground(
    taxonomy: Taxonomy,
    seed: Sequence[Conversation],
    encoder: Encoder,
    progress: Progress = silent,
) -> Ground:
    """Read a taxonomy and a seed; arguments as of `fit_annotator`."""
    corpus = build_corpus(taxonomy, seed, encoder)
    near = similarity(corpus.seen, corpus.seen)
    return Ground(taxonomy, corpus.seed, encoder, corpus, near, progress)


def read_single(annotator: EmbeddedAnnotator, conversations: Sequence[Conversation]) -> Said:
    """Label conversations in one stage: all that is believed beside the annotations."""
    ahead = annotator.read(conversations)
    found: dict[str, list[Annotation]] = {name: [] for name in annotator.learnt}
    for place in range(len(conversations)):
        for one in annotator.annotations(ahead, place):
            found[one.dimension].append(one)
    return Said(ahead, {name: tuple(part) for name, part in found.items()})
