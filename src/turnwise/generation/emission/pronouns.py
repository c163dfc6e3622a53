"""Pronouns for what the customer named before (English).

No grammar is known here, and a pronoun that is wrong costs more than one that is missing: a name is
replaced only where a few words around it leave no doubt about where it ends and what it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from turnwise.generation.emission.english import (
    ADVERBS,
    ARTICLES,
    ASKING,
    BEHIND,
    CLAUSES,
    DAYS,
    DETERMINERS,
    EITHER,
    GOES_ON,
    MANY,
    NO_THINGS,
    ONE,
    PLACES,
    POINTING,
    STOPS,
    TOWARDS,
    VERBS,
    WHEN,
)
from turnwise.generation.emission.words import Word, words_of

NAME_WORDS = 3  # of a name without its article
MODIFIERS = 2  # words between its article and it where it was named: "a medium-sized car"
PARTICIPLES = ("ed", "ing", "ly", "'s", "’s", "s'", "s’")  # what is no noun, or owns one

ENDING = STOPS | ONE | MANY | EITHER | BEHIND | CLAUSES
SINGULAR = ("ss", "us", "is", "as", "lens", "news", "series")  # how nouns end that are of one thing


def with_pronoun(text: str, recent: Sequence[str]) -> str:
    """Put a pronoun in the place of the first noun phrase of a text, if it was named before.

    It was named with an article, as a whole. It is the subject of its clause (`it is late`), the
    object of a verb that takes no other (`return it`), or a place (`there`); and nothing before it
    in the text is what the pronoun could mean.

    Args:
        recent: what the customer said last, oldest first.
    """
    words = words_of(text)
    start = next((at for at, word in enumerate(words) if word.text in POINTING), len(words))
    if start == len(words) or words[start].text not in DETERMINERS:
        return text
    end = _name_end(text, words, start)
    name = [word.text for word in words[start + 1 : end]]
    if not _is_thing(name):
        return text
    begin, pronoun = _pronoun(text, words, start, end)
    if not pronoun or not _named_last(recent, name):
        return text
    if text[words[begin].start].isupper():
        pronoun = pronoun.capitalize()
    return f"{text[: words[begin].start]}{pronoun}{text[words[end - 1].end :]}"


def _name_end(text: str, words: Sequence[Word], start: int) -> int:
    """The place of the first word behind an article that is none of the name."""
    end = start + 1
    while end < len(words) and words[end].text not in ENDING:
        if _apart(text, words, end):
            break
        end += 1
    return end


def _apart(text: str, words: Sequence[Word], place: int) -> bool:
    """Whether a mark or the end stands before a place."""
    return place == len(words) or bool(text[words[place - 1].end : words[place].start].strip())


def _is_thing(name: Sequence[str]) -> bool:
    if not 1 <= len(name) <= NAME_WORDS or name[-1] in ADVERBS:
        return False
    return not any(
        word in NO_THINGS or word.endswith(PARTICIPLES) or any(map(str.isdigit, word))
        for word in name
    )


def _pronoun(text: str, words: Sequence[Word], start: int, end: int) -> tuple[int, str]:
    """Where the pronoun begins, and which it is; an empty one where that is in doubt."""
    before = "" if not start or _apart(text, words, start) else words[start - 1].text
    several = _is_several(words[start].text, words[end - 1].text)
    if not before or before in CLAUSES:
        return start, _subject(text, words, end, several)
    if not _ends(text, words, end):
        return start, ""
    if before in TOWARDS:
        return start - 1, "there" if words[end - 1].text in PLACES else ""
    if before in ONE | MANY and start > 1 and words[start - 2].text in ASKING:
        return start, _subject_of(before, several) if _ends(text, words, end) else ""
    return start, ("them" if several else "it") if before in VERBS else ""


def _is_several(article: str, head: str) -> bool:
    return article in ("these", "those") or (head.endswith("s") and not head.endswith(SINGULAR))


def _subject(text: str, words: Sequence[Word], end: int, several: bool) -> str:
    return "" if _apart(text, words, end) else _subject_of(words[end].text, several)


def _subject_of(verb: str, several: bool) -> str:
    """The pronoun that goes with a verb, which says how many there are or may be said of either."""
    agrees = verb in EITHER or verb in (MANY if several else ONE)
    return ("they" if several else "it") if agrees else ""


def _ends(text: str, words: Sequence[Word], end: int) -> bool:
    """Whether an object surely ends before a place."""
    if _apart(text, words, end) or words[end].text in CLAUSES | BEHIND:
        return True
    after = [word.text for word in words[end + 1 : end + 3]]
    if words[end].text == "and":
        return not GOES_ON.isdisjoint(after[:1])
    return words[end].text in WHEN and _is_day(after[1:] if after[:1] == ["the"] else after[:1])


def _is_day(words: Sequence[str]) -> bool:
    return any(word in DAYS or any(map(str.isdigit, word)) for word in words)


def _named_last(recent: Sequence[str], name: Sequence[str]) -> bool:
    """Whether what the customer last named by the last word of a name is that."""
    for text in reversed(recent):
        words = words_of(text)
        for place in range(len(words) - 1, -1, -1):
            if words[place].text == name[-1]:
                return _names(text, words, place + 1, name)
    return False


def _names(text: str, words: Sequence[Word], end: int, name: Sequence[str]) -> bool:
    """Whether a name that ends before a place has an article, and is no part of a longer one."""
    start = end - len(name)
    if start < 1 or [word.text for word in words[start:end]] != name:
        return False
    if not (_apart(text, words, end) or words[end].text in ENDING):
        return False
    for place in range(start - 1, max(-1, start - 2 - MODIFIERS), -1):
        if _apart(text, words, place + 1) or words[place].text in ARTICLES:
            return not _apart(text, words, place + 1)
    return False
