"""Why a label was given: the nearest evidence, and which words it is about.

The turn is shown beside the example or the labelled turn of the same label that it resembles
most. Where the history weighed more than the turn, the earlier turn that speaks most for the
label is cited too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.annotations import Evidence
from turnwise.conversations import Conversation
from turnwise.encoders import Vectors
from turnwise.labelling.beliefs import REPLY_FADING
from turnwise.labelling.corpus import Corpus
from turnwise.labelling.reader import Reader, Signals
from turnwise.labelling.similarity import Seen, Similarity
from turnwise.labelling.words import tokens

WORDS_SHOWN = 3
SHARED = 3.0  # how much more a word counts that stands in the citation too
TEXT_SHOWN = 120  # characters of a citation within the sentence; the evidence holds all of it


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation, and which row of what was read together is its first turn."""

    conversation: Conversation
    start: int


@dataclass(frozen=True, slots=True)
class Read:
    """Conversations as one dimension read them together, and the one that is asked about."""

    place: Place
    seen: Seen
    near: Similarity
    signals: Signals


@dataclass(frozen=True, slots=True)
class Citer:
    """Finds what speaks for a label of one dimension.

    Attributes:
        corpus, reader: what was learnt from, and what was learnt.
        carriers: label -> the texts of the corpus that carry it, Int[...] each.
        pull: what each bucket of wording says per label, Float32[BUCKETS, n_labels].
    """

    corpus: Corpus
    reader: Reader
    carriers: tuple[NDArray[np.intp], ...]
    pull: NDArray[np.float32]

    def cite(self, read: Read, turn: int, label: int, by_history: bool) -> tuple[Evidence, ...]:
        """The nearest evidence for a label at a turn, the turn's own first."""
        own = self._nearest(read, turn, label)
        if not by_history or turn == 0:
            return (own,)
        start, conversation = read.place.start, read.place.conversation
        fading = REPLY_FADING ** np.arange(turn, 0, -1)
        earlier = int((read.signals.reply[start : start + turn, label] * fading).argmax())
        said = conversation.turns[earlier].text
        score = _cosine(read.seen.meaning[start + turn], read.seen.meaning[start + earlier])
        return own, Evidence(said, self._telling(said, label, ()), score, conversation.id, earlier)

    def _nearest(self, read: Read, turn: int, label: int) -> Evidence:
        row, candidates = read.place.start + turn, self.carriers[label]
        best = int(candidates[read.near[row, candidates].argmax()])
        score = _cosine(read.seen.meaning[row], self.corpus.seen.meaning[best])
        text, place = self.corpus.texts[best], self.corpus.places[best]
        words = self._telling(read.place.conversation.turns[turn].text, label, tokens(text))
        return Evidence(text, words, score, *(place or ("", -1)))

    def _telling(self, text: str, label: int, shared_with: Sequence[str]) -> tuple[str, ...]:
        """The words of a text that pull most towards a label."""
        pulls: dict[str, float] = {}
        for word in tokens(text):
            if any(map(str.isalnum, word)):
                pull = self.corpus.wording.pull(word, self.pull[:, label])
                pulls[word] = pull * (SHARED if word in shared_with else 1.0)
        telling = sorted((word for word in pulls if pulls[word] > 0), key=lambda word: -pulls[word])
        return tuple(telling[:WORDS_SHOWN])


def _cosine(one: Vectors, other: Vectors) -> float:
    return min(max(float(one @ other), -1.0), 1.0)


def make_citer(corpus: Corpus, reader: Reader, carried: NDArray[np.float64]) -> Citer:
    """Prepare citing for a dimension, given which texts carry which label, [n_corpus, n_labels]."""
    return Citer(
        corpus,
        reader,
        tuple(np.flatnonzero(column) for column in carried.T),
        corpus.seen.wording.T @ reader.turn.coefficients,
    )


def sentence(label: str, evidence: tuple[Evidence, ...], threshold: float | None) -> str:
    """Say why in a sentence or two; `threshold` where confidence stayed under it."""
    own, *earlier = evidence
    kind = "an earlier labelled turn" if own.conversation_id else "what the taxonomy says"
    near = f"Nearest for {label} is {kind}, {_quoted(own)} (cosine {own.score:.2f})"
    if own.words:
        near += f"; telling here: {_listed(own.words)}"
    parts = [f"{near}."]
    for one in earlier:
        about = f" ({_listed(one.words)})" if one.words else ""
        parts.append(f"The history decided: turn {one.turn} said {_quoted(one)}{about}.")
    if threshold is not None:
        parts.append(f"Abstained: confidence under {threshold:.2f}.")
    return " ".join(parts)


def _quoted(evidence: Evidence) -> str:
    text = " ".join(evidence.text.split())
    return f'"{text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 1] + "…"}"'


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f'"{word}"' for word in words)
