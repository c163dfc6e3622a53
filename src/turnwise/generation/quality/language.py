"""Whether a text is in a language of the logs, told from texts of the logs alone.

First by script, then, within one, by how many of its words and letter trigrams the logs know.
Nothing is known of any language beforehand; logs in two languages accept both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log

from turnwise.generation.quality.wording import scripts, words

FEWEST_LETTERS = 100  # of the logs, before a script counts as foreign
FEWEST_WORDS = 1000  # of the logs, before a text's words tell its language
SHORTEST = 4  # words that a text must have for them to tell anything
STRANGE = 0.01  # of the logs' letters: a script below this share is not theirs
FOREIGN = 0.3  # of a text's letters in scripts that are not the logs', and it is foreign
FOREIGN_LETTERS = 3
# Tried on twelve languages (mainlp/xsid) against English logs of five kinds: of texts of the same
# logs 0.2% are taken for foreign at most, of English ones about something else 1.7%.
NEWER = 0.65  # of the share of words that is known: what a text about something else may have
UNLIKELY = 0.05  # chance that a text of the logs' language has no more words that they know
UNUSUAL = 0.9  # of the logs' own share of known trigrams; above, it may be their language


@dataclass(frozen=True, slots=True)
class Language:
    """What the language of the logs looks like.

    Attributes:
        scripts: that the logs are written in; empty where they are too few to tell.
        words, trigrams: that stand in the logs; empty where they are too few to tell.
        known_words, known_trigrams: the share, 0-1, of one half of the logs' that the other
            half has too: what to expect of a new text in their language.
    """

    scripts: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    trigrams: frozenset[str] = frozenset()
    known_words: float = 0.0
    known_trigrams: float = 0.0

    @classmethod
    def of(cls, texts: Sequence[str]) -> Language:
        """Learn from texts of the logs."""
        letters = sum(map(scripts, texts), Counter[str]())
        total = letters.total()
        if total < FEWEST_LETTERS:
            return cls()
        own = frozenset(name for name, count in letters.items() if count >= STRANGE * total)
        said = [words(text) for text in texts]
        if sum(map(len, said)) < FEWEST_WORDS:
            return cls(own)
        spelt = [_trigrams(some) for some in said]
        return cls(own, _all(said), _all(spelt), _expected(said), _expected(spelt))

    def is_foreign(self, text: str) -> bool:
        """Whether a text is in another script or language; False where that can't be told."""
        return self._another_script(text) or self._another_language(text)

    def _another_script(self, text: str) -> bool:
        if not self.scripts:
            return False
        letters = scripts(text)
        strange = sum(count for name, count in letters.items() if name not in self.scripts)
        return strange >= FOREIGN_LETTERS and strange > FOREIGN * letters.total()

    def _another_language(self, text: str) -> bool:
        """Whether the logs know too few of its words, and too few of its trigrams too: a text
        about new things has new words, but they are spelt as the language spells."""
        said = words(text)
        if not self.words or len(said) < SHORTEST:
            return False
        known = sum(word in self.words for word in said)
        if _at_most(known, len(said), NEWER * self.known_words) > UNLIKELY:
            return False
        return _share(_trigrams(said), self.trigrams) < UNUSUAL * self.known_trigrams


def _all(parts: Iterable[Iterable[str]]) -> frozenset[str]:
    return frozenset(one for some in parts for one in some)


def _trigrams(said: Sequence[str]) -> list[str]:
    text = f" {' '.join(said)} "
    return [text[at : at + 3] for at in range(len(text) - 2)]


def _share(parts: Sequence[str], known: frozenset[str]) -> float:
    return sum(part in known for part in parts) / len(parts) if parts else 1.0


def _expected(texts: Sequence[Sequence[str]]) -> float:
    """The share of every other text's parts that the texts between have."""
    known = _all(texts[::2])
    return _share([part for some in texts[1::2] for part in some], known)


def _at_most(known: int, said: int, chance: float) -> float:
    """The chance of so few known words, were each known independently of the others.

    Args:
        chance: of each, in [0, 1).
    """
    if not chance:
        return 1.0
    # By logarithms: of some thousand words the ways are too many for a float.
    return sum(
        exp(
            lgamma(said + 1)
            - lgamma(one + 1)
            - lgamma(said - one + 1)
            + one * log(chance)
            + (said - one) * log(1 - chance)
        )
        for one in range(known + 1)
    )
