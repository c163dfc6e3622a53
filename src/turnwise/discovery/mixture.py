"""Whether a log is in several languages or scripts, which an encoder may not all read."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache

SECOND = 0.05  # share of the turns from which on a language is worth a note
READ = 200  # characters of a text


def mixed_languages(texts: Iterable[tuple[str, int]], languages: Counter[str]) -> Iterator[str]:
    """Notes for people: one where there are several scripts, one where several languages.

    Args:
        texts: with how often each was said. languages: as the log names them -> turns.
    """
    scripts = Counter[str]()
    for text, count in texts:
        scripts[_script(text)] += count
    del scripts[""]
    for what, counts in (("scripts", scripts), ("languages", languages)):
        total = counts.total()
        shares = [(name, n / total) for name, n in counts.most_common() if name]
        several = [f"{name} {share:.0%}" for name, share in shares if share >= SECOND]
        if len(several) > 1:
            yield (
                f"The turns are in several {what}: {', '.join(several)}. An encoder that does not "
                "read them all puts the others together by their looks, not by what they say."
            )


def _script(text: str) -> str:
    """The script of most of a text's letters, as Unicode names it; empty where it has none."""
    counts = Counter(map(_script_of, filter(str.isalpha, text[:READ])))
    return counts.most_common(1)[0][0] if counts else ""


@lru_cache(maxsize=10_000)
def _script_of(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0].capitalize()
