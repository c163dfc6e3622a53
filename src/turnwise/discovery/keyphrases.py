"""What a customer wants: the embedded twin of keyphrase expansion.

A language model would be asked for the keyphrases of a text, which then are encoded beside it
(Viswanathan et al., Large Language Models Enable Few-Shot Clustering, TACL 2024, the expansion
that S4 compares with). Here nobody is asked. `add_wants` reads an English text a second time
behind a lead-in that turns the encoder to what is wanted. `mix_phrases` reads its clauses: spoken
turns ramble, and of four clauses one holds the intent. They are weighed by what their words tell:
a word that stands in a share p of the texts tells -p ln p, so that names and numbers said once
tell nothing, and what many callers speak of tells most.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from turnwise.clusters import Vectors
from turnwise.discovery.naming.languages import ENGLISH, language_of
from turnwise.encoders import Encoder
from turnwise.progress import Progress, silent

LEAD_IN = "The customer wants to: "
LOOKED_AT = 200  # texts, evenly spread, by which the language is told
SHARE = 0.5  # of an expanded vector that comes from the phrases
SHORTEST = 3  # words of a phrase; a shorter one is joined to the one before
MOST_PHRASES = 8  # of a text, the most telling ones: what a turn of 10,000 words may cost
LITTLE = 1e-6  # what a phrase weighs whose words tell nothing

_WORD = re.compile(r"\w+(?:'\w+)*")
# Signs of several scripts; the words are English, and elsewhere only signs part phrases.
_CUT = re.compile(
    r"(?<=[.!?;,])\s+|(?<=[。！？；，、])|\n+|\s+(?=(?:and|but|so|because|cause|then|or)\s)", re.I
)


def add_wants(
    texts: Sequence[str], vectors: Vectors, encoder: Encoder, progress: Progress = silent
) -> Vectors:
    """Add to each vector that of its text behind the lead-in, which is English.

    Args:
        texts: n of them. vectors: Float32[n, size], theirs by the same encoder.
        progress: told of what is encoded.

    Returns:
        Float32[n, size], rows of unit length; where the texts do not read as English, the
        vectors as they are.
    """
    if language_of(texts[:: max(1, len(texts) // LOOKED_AT)]) != ENGLISH:
        return vectors

    def second(_: str, done: int, total: int, note: str = "", /) -> None:
        progress("encoding with the lead-in", done, total, note)

    return _unit(vectors + encoder.encode([f"{LEAD_IN}{text}" for text in texts], second))


def mix_phrases(
    texts: Sequence[str], vectors: Vectors, encoder: Encoder, progress: Progress = silent
) -> Vectors:
    """Mix into each vector what its text's phrases say; a text of one phrase keeps its vector."""
    told = telling_words(texts)
    chosen = [_most_telling(phrases(text), told) for text in texts]
    rows = [row for row, found in enumerate(chosen) if len(found) > 1]
    if not rows:
        return vectors
    encoded = encoder.encode([phrase for row in rows for phrase in chosen[row]], progress)
    weights = np.array([weight for row in rows for weight in chosen[row].values()], np.float32)
    owners = np.repeat(np.arange(len(rows)), [len(chosen[row]) for row in rows])
    sums = np.zeros((len(rows), vectors.shape[1]), np.float32)
    np.add.at(sums, owners, weights[:, None] * encoded)
    expanded = vectors.copy()
    expanded[rows] = _unit((1 - SHARE) * vectors[rows] + SHARE * _unit(sums))
    return expanded


def phrases(text: str) -> list[str]:
    """The clauses of a text, in their order; a text without signs is one.

    English conjunctions part clauses, too; in other languages only signs and lines do.
    """
    found: list[str] = []
    for part in filter(None, (one.strip() for one in _CUT.split(text))):
        if found and min(len(found[-1].split()), len(part.split())) < SHORTEST:
            found[-1] = f"{found[-1]} {part}"
        else:
            found.append(part)
    return found


def telling_words(texts: Sequence[str]) -> dict[str, float]:
    """What each word tells, -p ln p of the share p of texts that hold it; 0 for one text's own."""
    held = Counter(word for text in texts for word in set(_words(text)))
    return {
        word: -count / len(texts) * math.log(count / len(texts)) if count > 1 else 0.0
        for word, count in held.items()
    }


def _most_telling(found: Sequence[str], told: Mapping[str, float]) -> dict[str, float]:
    """The distinct phrases that tell most, with what they tell, in the text's order."""
    weights = {
        phrase: LITTLE + sum(sorted(told.get(word, 0.0) for word in set(_words(phrase))))
        for phrase in found
    }
    kept = sorted(weights, key=lambda phrase: -weights[phrase])[:MOST_PHRASES]
    return {phrase: weights[phrase] for phrase in weights if phrase in kept}


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _unit(rows: Vectors) -> Vectors:
    scaled: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return scaled
