"""An n-gram model of the logs' words: how expected a text is, without a neural network.

Interpolated Witten-Bell smoothing (Witten and Bell, "The zero-frequency problem", IEEE
Transactions on Information Theory 37(4), 1991, method C; interpolated as in Chen and Goodman, "An
empirical study of smoothing techniques for language modeling", 1998): the more different words
were seen after a context, the more weight the shorter context gets.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from turnwise.generation.quality.wording import words

ORDER = 3
START, END = "<s>", "</s>"
MOST_WORDS = 2_000_000  # that are learnt from; more tell nothing new of a language

Context = tuple[str, ...]


class NgramModel:
    """Learns from texts; tells how expected other texts are.

    Each text is read by itself, from its start to its end. A word that the texts do not hold has
    the probability that is left for one, spread over as many words as they hold.
    """

    def __init__(self, texts: Iterable[str], order: int = ORDER) -> None:
        """Count the n-grams of texts, words as `wording.words` has them."""
        self._order = order
        self._counts: dict[Context, dict[str, int]] = {}
        learnt = 0
        for text in texts:
            said = words(text)
            self._see(said)
            if (learnt := learnt + len(said)) >= MOST_WORDS:
                break
        self._vocabulary = len(self._counts.get((), {})) + 1  # one for all that is unknown
        self._totals = {key: sum(after.values()) for key, after in self._counts.items()}

    def log_probability(self, text: str) -> tuple[float, int]:
        """The natural logarithm of a text's probability, and over how many words, its end
        counted as one; over none where nothing was learnt, as then nothing can be told."""
        if not self._counts:
            return 0.0, 0
        said = (*(START,) * (self._order - 1), *words(text), END)
        places = range(self._order - 1, len(said))
        total = sum(self._log(said[at - self._order + 1 : at], said[at]) for at in places)
        return total, len(places)

    def perplexity(self, texts: Iterable[str]) -> float:
        """The perplexity of texts per word, ends counted; NaN where there is none."""
        total, count = 0.0, 0
        for text in texts:
            logarithm, read = self.log_probability(text)
            total, count = total + logarithm, count + read
        return math.exp(-total / count) if count else math.nan

    def _see(self, said: Sequence[str]) -> None:
        padded = (*(START,) * (self._order - 1), *said, END)
        for at in range(self._order - 1, len(padded)):
            for start in range(at - self._order + 1, at + 1):
                after = self._counts.setdefault(padded[start:at], {})
                after[padded[at]] = after.get(padded[at], 0) + 1

    def _log(self, context: Context, word: str) -> float:
        probability = 1 / self._vocabulary
        for start in range(len(context), -1, -1):  # from no context to the whole one
            seen = self._counts.get(context[start:])
            if seen is None:
                break
            total, different = self._totals[context[start:]], len(seen)
            probability = (seen.get(word, 0) + different * probability) / (total + different)
        return math.log(probability)
