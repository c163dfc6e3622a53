"""What can be taken out of a query so that a phrase is left that a customer could have written.

English: whole sentences, phrases from a preposition or conjunction on, words before a noun. Other
languages: whole clauses, by their marks. What comes to stand side by side must do so in the logs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from turnwise.generation.ambiguity.phrases import Phrasing, Token
from turnwise.generation.ambiguity.words import (
    COORDINATORS,
    DETERMINERS,
    EMPTY_WORDS,
    FOLLOWS,
    FUNCTION_WORDS,
    GOES_ON,
    GREETINGS,
    LEADS_ON,
    OPENERS,
    OWNERS,
    SUBORDINATORS,
    TIMES,
    content,
)

FEWEST_WORDS = 2  # of what is left
MODIFIERS = 2  # words before a noun, that are left out together

Span = tuple[int, int]  # from the first word up to that before the second


def clauses(said: Sequence[Token], ends: Sequence[str] = ("sentence", "clause")) -> Iterator[Span]:
    """Where clauses begin and end, by their marks."""
    start = 0
    for at, one in enumerate(said):
        if one.ends in ends or at == len(said) - 1:
            yield start, at + 1
            start = at + 1


def removable(said: Sequence[Token], phrasing: Phrasing) -> Iterator[Span]:
    """The spans of an English text that may be left out, some of them more than once."""
    yield from clauses(said, ("sentence",))
    for start, end in clauses(said):
        if all(one.word in GREETINGS for one in said[start:end]):
            yield start, end
    for start, one in enumerate(said):
        if one.word in OPENERS:
            yield from _opened(said, start)
        if one.word in DETERMINERS:
            yield from _modifiers(said, start, phrasing)


def _opened(said: Sequence[Token], start: int) -> Iterator[Span]:
    """From a preposition or conjunction to the next, or to the end of the clause."""
    to_the_end = said[start].word in COORDINATORS
    for at in range(start, len(said)):
        opens = said[at].word in OPENERS and said[at - 1].word not in LEADS_ON
        if at > start and opens and not to_the_end:
            yield start, at
        if said[at].ends or at == len(said) - 1:
            yield start, at + 1
        if said[at].ends == "sentence":
            return


def _modifiers(said: Sequence[Token], start: int, phrasing: Phrasing) -> Iterator[Span]:
    """Words between a determiner and a noun."""
    for end in range(start + 2, min(start + 2 + MODIFIERS, len(said))):
        between = said[start + 1 : end]
        if any(one.ends or one.word in FUNCTION_WORDS for one in between):
            return
        noun = said[end].word
        if phrasing.is_noun(noun) and phrasing.follows_determiner(said[start].word, noun):
            yield start + 1, end


def topics(said: Sequence[Token], phrasing: Phrasing) -> Iterator[Span]:
    """What an English text is about: nouns with what determines them, also over an `of`."""
    end = 0
    for start, one in enumerate(said):
        if start >= end and one.word in OWNERS and (found := _nouns(said, start, phrasing)):
            end = found
            if end + 1 < len(said) and said[end].word == "of" and not said[end - 1].ends:
                owned = said[end + 1].word in DETERMINERS
                end = _nouns(said, end + owned, phrasing) or start
            words = [one.word for one in said[start + 1 : end]]
            if words and TIMES.isdisjoint(words) and not any(map(_has_digit, words)):
                behind = "" if said[end - 1].ends or end == len(said) else said[end].word
                if behind not in GOES_ON:
                    yield start, end


def _nouns(said: Sequence[Token], start: int, phrasing: Phrasing) -> int:
    """Where the nouns end that stand behind a word; 0 where there are none."""
    end = start + 1
    while end < len(said) and not said[end - 1].ends and said[end].word not in EMPTY_WORDS:
        end += 1
    while end > start + 1 and not phrasing.is_noun(said[end - 1].word):
        end -= 1
    return end if end > start + 1 else 0


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


def is_phrase(kept: Sequence[Token], whole: Sequence[Token]) -> bool:
    """Whether a customer could leave it at these words; English.

    What the whole query ends in, the phrase may end in too.
    """
    words = [one.word for one in kept if one.word]
    if len(words) < FEWEST_WORDS or not content(words):
        return False
    if words[0] in FOLLOWS and words[0] != whole[0].word:
        return False
    for start, end in clauses(kept, ("sentence",)):
        sentence = kept[start:end]
        if sentence[-1].word in LEADS_ON and sentence[-1] != whole[-1] and not sentence[-1].ends:
            return False
        if _hangs(sentence) and not _stood(sentence, whole):
            return False
    return True


def _hangs(sentence: Sequence[Token]) -> bool:
    """Whether it is a subordinate clause and nothing else."""
    first = sentence[0].word
    return first in SUBORDINATORS and not any(one.ends == "clause" for one in sentence[:-1])


def _stood(sentence: Sequence[Token], whole: Sequence[Token]) -> bool:
    """Whether the text held the sentence as it is."""
    size = len(sentence)
    return any(
        tuple(whole[at : at + size]) == tuple(sentence) and (at == 0 or whole[at - 1].ends)
        for at in range(len(whole) - size + 1)
    )
