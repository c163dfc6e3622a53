"""Which texts are no utterance to cluster: greetings, thanks, fillers, bare answers; and why.

`reason_of` looks at one text. Its shape (nothing but digits, signs or placeholders) is read in any
language; its words are compared with English cues (`cues.py`): in other languages these find
nothing, and do no harm. A text is set aside only where every word of it is accounted for: one word
that is neither a cue nor one that says nothing of its own (`a`, `for`, `please`) keeps it.

What an agent asked for is told by `answers.py`.

Two checks learn from the log itself. `learn_words`: words that stand beside cues and details and
hardly anywhere else are names, or spellings, of this log. `after_anything` knows no language: what
is said whatever was said before is no request.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from turnwise.discovery.cues import (
    ASKING,
    BARE_ANSWER,
    COURTESY,
    CUES,
    DETAIL_NAMES,
    FILLER,
    GOODBYE,
    GREETING,
    LIGHT,
    NEGATIONS,
    OBJECTS,
    POINTING,
    QUESTION_BEGINS,
    SMALL_TALK,
    THANKS,
    WORKING,
)
from turnwise.privacy.spans import PLACEHOLDER

EMPTY = "empty"
PLACEHOLDERS = "nothing but redacted details"
NUMBERS = "nothing but numbers, codes or signs"
DETAIL = "a detail that was asked for"
RARE = "no word that another text has"
REPEATED = "said after anything"

MOST_WORDS = 40  # of a text that may be set aside by its words
CUE_TEXTS = 3  # distinct texts in which a name stands beside cues, at least
ELSEWHERE = 0.25  # of these, distinct texts at most in which it stands elsewhere
ENOUGH_TEXTS = 5_000  # distinct texts from which on it means something that no other has a word
RARE_WORDS = 4  # of a text that may be a detail for its rare words
FEWEST_TIMES = 20  # that a text is said, to tell what it comes after
SHORT = 6  # words at most of a text that may come after anything
NEAR_CHANCE = 1.1  # times the divergence that as many turns drawn at random have
DRAWS = 3

_TOKEN = re.compile(r"\w+(?:['’`]\w+)*")
_REPEATED = re.compile(r"(\w)\1+")
_YES_OR_NO = " ok "  # what stands for a bare answer of several words
_CODE = re.compile(r"[a-z]{1,2}|[b-df-hj-np-tv-xz]{3,4}")  # beside digits, part of `g 45 uj 8`
_EVERY_CUE = frozenset[str]().union(*(cues for _, cues in CUES))
KNOWN = _EVERY_CUE | LIGHT
UNSURE = (GREETING, FILLER)  # kinds that a number beside makes a detail
_LISTED = KNOWN | DETAIL_NAMES
_GLUED = frozenset(one for one in _EVERY_CUE if len(one) > 2 or one in ("hi", "ok"))
_POLITE = frozenset({"nothing"}).union(*(c for kind, c in CUES if kind in (THANKS, GOODBYE)))
_ASKING = ASKING - DETAIL_NAMES
_SQUEEZED = {_REPEATED.sub(r"\1", word): word for word in sorted(_EVERY_CUE)}


@dataclass(frozen=True, slots=True)
class LogWords:
    """What was learnt of the words of one log; see `learn_words`."""

    names: frozenset[str] = frozenset()
    rare: frozenset[str] = frozenset()


NOTHING_LEARNT = LogWords()


@dataclass(frozen=True, slots=True)
class _Read:
    """A text as these checks see it: its plain words, and what else stands in it."""

    words: tuple[str, ...]
    digits: int
    placeholders: int

    @property
    def details(self) -> int:
        return self.digits + self.placeholders


def reason_of(text: str, learnt: LogWords = NOTHING_LEARNT) -> str:
    """Why a text is no utterance to cluster; empty where it is one.

    Args:
        text: of any length.
    """
    if not text.strip():
        return EMPTY
    read = _read(text)
    if not read.words:
        return PLACEHOLDERS if read.placeholders and not read.digits else NUMBERS
    if len(read.words) > MOST_WORDS:
        return ""
    unknown = {one for one in read.words if one not in KNOWN}
    return _by_cue(read, unknown - learnt.names) or _by_detail(read, unknown, learnt)


def read_words(text: str) -> tuple[str, ...]:
    """The plain words of a text: lower case, without numbers, spellings at length made short."""
    return _read(text).words


def says_nothing_alone(text: str) -> bool:
    """Whether a text only points at what was said before, as `can you do that for me` (English)."""
    words = _read(text).words
    return 0 < len(words) <= MOST_WORDS and (
        not POINTING.isdisjoint(words) and all(one in KNOWN for one in words)
    )


def _by_cue(read: _Read, unknown: set[str]) -> str:
    words = set(read.words)
    if not words.isdisjoint(_POLITE):
        unknown = unknown - COURTESY
    kind = next((kind for kind, cues in CUES if not cues.isdisjoint(words)), "")
    fails = not (words.isdisjoint(NEGATIONS) or words.isdisjoint(WORKING))
    if unknown or not kind or (fails and words.isdisjoint(_POLITE)):
        return ""
    if kind == GREETING and not words.isdisjoint(("in", "at", "by")):
        return DETAIL
    return "" if read.digits and (kind in UNSURE or not words.isdisjoint(_ASKING)) else kind


def _by_detail(read: _Read, unknown: set[str], learnt: LogWords) -> str:
    words = set(read.words)
    named = words & learnt.names
    bare = unknown - DETAIL_NAMES - learnt.names
    asks = not words.isdisjoint(_ASKING) or read.words[0] in QUESTION_BEGINS
    if asks or len(bare) > RARE_WORDS or not bare <= learnt.rare:
        return ""
    if bare and not read.details:
        return RARE if len(words) <= RARE_WORDS else ""
    return DETAIL if read.details or named else ""


def _read(text: str) -> _Read:
    bare, placeholders = PLACEHOLDER.subn(" ", text[: 20 * MOST_WORDS])
    plain = SMALL_TALK.sub(" ", bare.casefold().replace("’", "'").replace("`", "'"))
    plain = BARE_ANSWER.sub(_YES_OR_NO, plain)
    tokens = _TOKEN.findall(plain)
    words = [one for one in tokens if not any(map(str.isdecimal, one))]
    if len(words) < len(tokens):
        words = [one for one in words if one in _LISTED or not _CODE.fullmatch(one)]
    hidden = len(plain) < len(bare) - 2 and not words  # small talk alone is a greeting
    parts = tuple(part for one in words for part in _parts(one))
    return _Read(("hello",) if hidden else parts, len(tokens) - len(words), placeholders)


@lru_cache(maxsize=100_000)
def _parts(word: str) -> tuple[str, ...]:
    """A word, the cue that it spells at length (`byee`), or the two that it glues (`okthanks`)."""
    if word in _LISTED or len(word) > 30:
        return (word,)
    if (squeezed := _REPEATED.sub(r"\1", word)) in _SQUEEZED:
        return (_SQUEEZED[squeezed],)
    for cut in range(2, len(word) - 1):
        pair = word[:cut], word[cut:]
        if all(one in KNOWN for one in pair) and not _GLUED.isdisjoint(pair):
            return pair
    return (word,)


def learn_words(texts: Iterable[str]) -> LogWords:
    """Learn which words of a log are names: `hello drew`, `thanks drew`, `no drew`, and no others.

    Args:
        texts: the distinct texts of the log.
    """
    beside, elsewhere, within = Counter[str](), Counter[str](), Counter[str]()
    distinct = list(texts)
    for text in distinct:
        read = _read(text)
        words = set(read.words)
        within.update(words)
        unknown = words - _LISTED
        cued = read.details or not words.isdisjoint(_EVERY_CUE | DETAIL_NAMES)
        if len(unknown) == 1 and cued and words.isdisjoint(_ASKING | OBJECTS):
            beside.update(unknown)
        elif len(words) > 1:
            elsewhere.update(unknown)
    names = (
        word
        for word, times in beside.items()
        if times >= CUE_TEXTS and elsewhere[word] <= ELSEWHERE * times
    )
    rare = (word for word, times in within.items() if times == 1 and len(distinct) >= ENOUGH_TEXTS)
    return LogWords(frozenset(names), frozenset(rare))


Bag = frozenset[str]  # the words of one turn


def bag_of(text: str) -> Bag:
    """The words of a turn, as `after_anything` compares them; of a long one the first."""
    return frozenset(_TOKEN.findall(text[: 20 * MOST_WORDS].casefold()))


def after_anything(before: Mapping[str, Sequence[Bag]], everything: Sequence[Bag]) -> set[str]:
    """Which texts are said whatever was said before.

    The words that stand before a text are compared with those that stand before any turn. A text
    comes after anything where the Jensen-Shannon divergence of the two (Lin, 1991) is hardly larger
    than that of as many turns drawn at random.

    Args:
        before: text -> the turns that it was said after, each time. everything: what any turn was
            said after.
    """
    overall = Counter(word for bag in everything for word in bag)
    chance: dict[int, float] = {}
    found = set()
    for text, bags in before.items():
        if FEWEST_TIMES <= len(bags) < len(everything):
            if len(bags) not in chance:
                chance[len(bags)] = _by_chance(len(bags), everything, overall)
            if _divergence(bags, overall) <= NEAR_CHANCE * chance[len(bags)]:
                found.add(text)
    return found


def _by_chance(count: int, everything: Sequence[Bag], overall: Counter[str]) -> float:
    drawn = [Random(seed).sample(everything, count) for seed in range(DRAWS)]
    return sum(_divergence(bags, overall) for bags in drawn) / DRAWS


def _divergence(bags: Sequence[Bag], overall: Counter[str]) -> float:
    """Jensen-Shannon divergence in bits, in [0, 1]; 1 where there is no word."""
    own = Counter(word for bag in bags for word in bag)
    total, all_total = own.total(), overall.total()
    if not total:
        return 1.0
    shared, found = 0.0, 0.0
    for word in sorted(own):  # in one order, so that the sum is the same each time
        here, there = own[word] / total, overall[word] / all_total
        middle = (here + there) / 2
        found += here * math.log2(here / middle) + (there and there * math.log2(there / middle))
        shared += there
    return (found + 1.0 - shared) / 2
