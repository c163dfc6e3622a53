"""Words and scripts of a text, in any language, without a tokenizer."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

_SPOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# Scripts written without spaces between words; about two of their characters make a word.
_UNSPACED = frozenset(("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR"))


def words(text: str) -> list[str]:
    """The words of a text, case folded, in their order.

    A run of letters and digits is a word; in scripts that put no spaces between words each two
    characters that follow each other are one.
    """
    found: list[str] = []
    for word in _SPOKEN.findall(unicodedata.normalize("NFKC", text).casefold()):
        if any(script(letter) in _UNSPACED for letter in word):
            found.extend(word[at : at + 2] for at in range(0, len(word), 2))
        else:
            found.append(word)
    return found


def scripts(text: str) -> Counter[str]:
    """How many letters of a text are of each script; signs and digits are of none."""
    letters = filter(str.isalpha, unicodedata.normalize("NFKC", text))
    return Counter(name for letter in letters if (name := script(letter)))


@lru_cache(50_000)
def script(letter: str) -> str:
    """The script of a letter by its Unicode name, such as `LATIN` or `CJK`; empty for others."""
    return unicodedata.name(letter, "").partition(" ")[0] if letter.isalpha() else ""
