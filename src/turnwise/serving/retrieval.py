"""The embedded escalator: candidates re-scored by retrieval over what the taxonomy says of them.

    log q(label) = sum over kinds of evidence of weight x evidence(label), up to a constant

a log-linear pool (Genest and Zidek, Statistical Science, 1986) of the model's own log probability
and

    meaning   cosine of the turn's vector and that of the label's title and description
    wording   how the turn is worded like the label's examples (its title and description where it
              has none): a kernel density over cosines of character n-grams
    in reply  the same of the turn behind the message that it replies to
    gold      the same, with the turns that people labelled, where some are handed in

Only the candidates share q, and together they keep the probability that the model gave them: what
it left to other labels no evidence here can judge. So no verdict says that none is right.

The weights are from the turns that calibrate the sample's bundle, in cross-validation, and rounded
towards those of few-shot BANKING77 and CLINC150. Wording is what helps: an encoder smooths it away.
Vectors of the examples help nothing beside it, as the model has learnt from them, so a label has
one vector. The gain is small, and high re-scored probabilities are somewhat too high: `turnwise
evaluate --policy` prints what asking gains on one's own test.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Bundle
from turnwise.conversations import Example
from turnwise.serving.decision import Ranked
from turnwise.serving.escalation import Doubt, Settled, Verdict

MODEL, MEANING, WORDING, IN_REPLY, GOLD = 0.9, 1.0, 4.0, 4.0, 3.0
WIDTH = 0.1  # of the kernel, in cosine
SHORTEST, LONGEST_GRAM = 2, 5  # n-grams, within a word and its edges
MOST_GOLD = 2_000  # turns
LONGEST = 1_000  # characters that are read of a message
WORDS = 10_000  # whose n-grams are remembered
LEAST = 1e-6  # a probability; the model rules no candidate out for good

Scores = NDArray[np.float64]  # Float64[n_labels] over all dimensions; NaN: no evidence

_DIGIT = re.compile(r"\d")


class Retrieval:
    """Settles doubts without a network, in 1 to 4 ms; threads may share it."""

    name = "retrieval"
    waits = False

    def __init__(self, bundle: Bundle, gold: Sequence[Example] = ()) -> None:
        """Index a taxonomy, and turns that people labelled.

        Args:
            gold: the last 2,000 of them are used; labels that the taxonomy lacks are passed over.
        """
        dimensions = bundle.taxonomy.dimensions
        keyed = [(one.name, label) for one in dimensions for label in one.labels]
        self._place = {(name, label.name): at for at, (name, label) in enumerate(keyed)}
        self._about = np.concatenate(list(bundle.label_vectors.values()))
        texts = [label.examples or (label.about,) for _, label in keyed]
        labelled = [(text, (at,)) for at, some in enumerate(texts) for text in some]
        self._examples = _Wordings(labelled, len(keyed))
        self._gold = _Wordings(
            [(_in_reply(one) or one.text, self._gold_of(one)) for one in gold[-MOST_GOLD:]],
            len(keyed),
        )

    def settle(self, doubt: Doubt, seconds: float) -> Settled:
        """Re-score the candidates of each dimension in doubt; each verdict names one of them.

        Args:
            seconds: not looked at: nothing here waits for anybody.
        """
        evidence = self._evidence(doubt)
        verdicts = {
            name: self._verdict(name, candidates, doubt.thresholds[name], evidence)
            for name, candidates in doubt.candidates.items()
        }
        return Settled(verdicts, self.name)

    def _evidence(self, doubt: Doubt) -> list[tuple[float, Scores]]:
        """Every kind that there is, with its weight."""
        text, reply = doubt.example.text, _in_reply(doubt.example)
        meaning = self._about @ doubt.vector
        found = [
            (MEANING, meaning.astype(np.float64)),
            (WORDING, self._examples.near(text)),
            (GOLD, self._gold.near(reply or text)),
        ]
        return [*found, (IN_REPLY, self._examples.near(reply))] if reply else found

    def _verdict(
        self,
        dimension: str,
        candidates: Ranked,
        threshold: float,
        evidence: Sequence[tuple[float, Scores]],
    ) -> Verdict:
        places = [self._place[dimension, label] for label, _ in candidates]
        model = np.array([probability for _, probability in candidates])
        scores = MODEL * np.log(np.maximum(model, LEAST))
        for weight, of_labels in evidence:
            scores += weight * _centred(of_labels[places])
        shares = np.exp(scores - scores.max())
        shares *= min(1.0, model.sum()) / shares.sum()
        best = int(shares.argmax())
        confidence = float(shares[best])
        return Verdict(candidates[best][0], confidence, confidence >= threshold)

    def _gold_of(self, example: Example) -> tuple[int, ...]:
        """Places of the labels that a person gave."""
        given = ((name, label) for name, labels in example.gold.items() for label in labels)
        return tuple(self._place[one] for one in given if one in self._place)


def _centred(scores: Scores) -> Scores:
    """About their mean; a candidate without evidence stands there."""
    known = ~np.isnan(scores)
    if not known.any():
        return np.zeros_like(scores)
    return np.where(known, scores - scores[known].mean(), 0.0)


def _in_reply(example: Example) -> str:
    """A turn behind the message that it replies to; empty where it replies to none."""
    history = example.history
    if not history or history[-1].role == "customer":
        return ""
    return f"{history[-1].text[-LONGEST:]} {example.text[:LONGEST]}"


def _grams(text: str) -> list[str]:
    """Character n-grams of words with a space at their edges; every digit is the same one."""
    words = _DIGIT.sub("0", text[: 2 * LONGEST + 1].lower()).split()
    return [gram for word in words for gram in _of_word(word)]


@lru_cache(WORDS)
def _of_word(word: str) -> tuple[str, ...]:
    edged = f" {word} "
    sizes = range(SHORTEST, min(LONGEST_GRAM, len(edged)) + 1)
    return tuple(
        edged[start : start + size] for size in sizes for start in range(len(edged) - size + 1)
    )


class _Wordings:
    """Labelled texts by their n-grams, as an inverted index.

    An n-gram counts 1 + log of how often it stands in a text, times how rare it is; texts have
    unit length, so that products are cosines. The sample's 1,304 examples take 2 MB.
    """

    def __init__(self, labelled: Sequence[tuple[str, Sequence[int]]], n_labels: int) -> None:
        """Index texts, each with the places of the labels that it speaks for."""
        pairs = [(row, at) for row, (_, places) in enumerate(labelled) for at in places]
        self._rows, self._labels = np.array(pairs, np.int32).reshape(-1, 2).T
        self._count = np.bincount(self._labels, minlength=n_labels)
        self._texts, self._gram_at = len(labelled), dict[str, int]()
        grams, rows, counts = [], [], []
        for row, (text, _) in enumerate(labelled):
            for gram, count in Counter(_grams(text)).items():
                grams.append(self._gram_at.setdefault(gram, len(self._gram_at)))
                rows.append(row)
                counts.append(count)
        self._index(np.array(grams, np.int32), np.array(rows, np.int32), np.array(counts))

    def _index(
        self, grams: NDArray[np.int32], rows: NDArray[np.int32], counts: NDArray[np.int64]
    ) -> None:
        """Lay out, for each n-gram, the texts that it stands in and its weight there."""
        texts_with = np.bincount(grams, minlength=len(self._gram_at))
        self._rarity = np.log((1 + self._texts) / (1 + texts_with)) + 1.0
        weights = (1.0 + np.log(counts)) * self._rarity[grams]
        lengths = np.sqrt(np.bincount(rows, weights**2, self._texts))
        order = np.argsort(grams, kind="stable")
        self._posted = rows[order]
        self._weights = (weights / lengths[rows])[order].astype(np.float16)
        self._starts = np.concatenate([[0], np.cumsum(texts_with)])

    def near(self, text: str) -> Scores:
        """Return WIDTH x log density of a text among those of each label."""
        if not self._texts:
            return np.full(len(self._count), np.nan)
        heights = np.exp(self._cosines(text)[self._rows] / WIDTH)
        sums = np.bincount(self._labels, heights, len(self._count))
        with np.errstate(divide="ignore", invalid="ignore"):
            density: Scores = WIDTH * np.log(sums / self._count)
        return density

    def _cosines(self, text: str) -> NDArray[np.float64]:
        """Float64[n_texts]; n-grams that no text has are left out, also of the length."""
        known = [at for at in map(self._gram_at.get, _grams(text)) if at is not None]
        if not known:
            return np.zeros(self._texts)
        grams, counts = np.unique(known, return_counts=True)
        weights = (1.0 + np.log(counts)) * self._rarity[grams]
        weights /= np.sqrt((weights**2).sum())
        starts, lengths = self._starts[grams], self._starts[grams + 1] - self._starts[grams]
        # Places of all that the n-grams' lists hold, one list after the other.
        places = np.arange(lengths.sum()) + np.repeat(starts - lengths.cumsum() + lengths, lengths)
        values = self._weights[places] * np.repeat(weights, lengths)
        return np.bincount(self._posted[places], values, self._texts).astype(np.float64)
