"""Which texts only answer what an agent asked: a place, a date, a number, a name.

    "What city?"           -> "In San Jose."             a detail: nothing without its question
    "How can I help you?"  -> "A flight to San Jose"     what is wanted: no detail was asked for
    "What is your name?"   -> "just cancel it, please"   no answer: others say that unasked

No list of places or names is kept: words that answer are learnt from the log itself. Questions for
a detail are read in English; in another language none is found, and nothing is set aside.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from functools import lru_cache

from turnwise.discovery.cues import CALENDAR, DETAIL_NAMES, WANTING
from turnwise.discovery.fillers import KNOWN, read_words

MOST_WORDS = 12  # of an answer
MOST_OWN_WORDS = 4  # of these, that say something of their own
# People name details unasked as well (`a bus to San Jose`): a word is one of answers where its
# share of them is half of its share of all other texts, or more.
ANSWERED = 0.5
FEW = 20  # answers that are added to those counted: of a handful nothing is learnt
READ = 500  # characters at the end of an agent's turn, where questions stand

_SENTENCE = re.compile(r"[^.?!\n]+[.?!\n]?")
_ASKS = re.compile(
    r"\b(?:what|which|where|whereabouts|when|who|whom|whose|how (?:many|much|long|far|often))\b"
    r"|\bfor how\b|\b(?:specific|particular|preferred|preferences?)\b"
    r"|\b(?:have|know|get|tell me|give me|provide|share|confirm|verify|specify|enter)"
    r"(?: me| us)?(?: with)? your\b"
)
_DEMANDS = re.compile(r"\b(?:please|kindly|you|your|know)\b")
# What is asked here is what the customer wants, or whether there is more.
_OPEN = re.compile(
    r"\b(?:help|assist|else|for you|next|more|about)\b"
    r"|\bwhat\b(?: \w+){0,4} (?:do|doing|happen\w*|wrong|issue|problem)\b"
)


@lru_cache(maxsize=10_000)
def asks_for_detail(text: str) -> bool:
    """Whether an agent's turn asks for something particular: `what city?`, not `what can I do?`."""
    return any(
        _ASKS.search(one) and not _OPEN.search(one)
        for one in _SENTENCE.findall(text[-READ:].lower())
        if one.endswith("?") or _DEMANDS.search(one)
    )


def detail_answers(said: Mapping[str, str], replies: Set[str], asked: Set[str]) -> Set[str]:
    """Which texts of a log say nothing but a detail: the words of answers, and no others.

    A reply that nobody asked for must say nothing but a date, an hour or a number.

    Args:
        said: key -> distinct text, of all that say something.
        replies: keys of the texts that stand behind an agent's turn; asked: of those of them that
            stand behind a question for a detail.

    Returns:
        Keys, all of them of `replies`.
    """
    own = {key: _own_words(text) for key, text in said.items()}
    answers = [own[key] for key in own if key in asked and _is_short(said[key], own[key])]
    teaching = _answered(answers, own.values())
    return {
        key
        for key in replies & said.keys()
        if _is_short(said[key], own[key])
        and (own[key] <= teaching if key in asked else not own[key] and _dates(said[key]))
    }


def _answered(answers: Sequence[Set[str]], every: Collection[Set[str]]) -> Set[str]:
    """The words that stand in answers about as often as in other texts, by their shares."""
    here = Counter(word for own in answers for word in own)
    anywhere = Counter(word for own in every for word in own)
    count, others = len(answers) + FEW, len(every) - len(answers)
    return {
        word
        for word, times in here.items()
        if times * others >= ANSWERED * (anywhere[word] - times) * count
    }


def _is_short(text: str, own: Set[str]) -> bool:
    """Whether a text may be an answer: it is short, and does not ask back."""
    return len(own) <= MOST_OWN_WORDS and text.count(" ") < MOST_WORDS and "?" not in text


def _dates(text: str) -> bool:
    words = set(read_words(text))
    holds = not words.isdisjoint(CALENDAR) or any(map(str.isdecimal, text))
    return holds and words.isdisjoint(DETAIL_NAMES - CALENDAR)


def _own_words(text: str) -> Set[str]:
    """The words that are no cue, not light, and no name of a detail: `leaving`, `san`, `jose`."""
    return {
        one
        for one in read_words(text)
        if one not in KNOWN and one not in DETAIL_NAMES and one not in WANTING
    }
