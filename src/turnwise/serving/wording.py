"""Whether another's wording of a clarifying question may be put to the customer.

Whoever worded it has read what a customer wrote, and may have been talked into anything. A wording
passes that is one short question in plain words, names every option in its order, and is new.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from turnwise.serving.clarifying import spoken, words
from turnwise.serving.escalation import Draft, Wording
from turnwise.taxonomy import Dimension

LONGEST = 300  # characters
DIGITS = 4  # of a year or a model; more may be a telephone number
MARKS = "?\uff1f\u061f"  # that end a question, full-width and Arabic ones among them
GREEK_MARKS = ";\u037e"
JOINERS = "\u200c\u200d"  # several scripts are written with them

_MARKUP = re.compile(r"[<>\[\]{}*_`|#\\~^=\"]")
_LINK = re.compile(r"://|@|\bwww\b|\w\.[^\W\d_]{2,}", re.IGNORECASE)


def why_not(wording: Wording, draft: Draft, dimension: Dimension) -> str:
    """What speaks against a wording; empty where nothing does.

    Args:
        dimension: of the question.
    """
    return next(_faults(wording, draft, dimension), "")


def _faults(wording: Wording, draft: Draft, dimension: Dimension) -> Iterator[str]:
    text, locale = wording.text, draft.example.conversation.locale
    if not words(text):
        yield "it is empty"
    if len(text) > LONGEST:
        yield f"it has more than {LONGEST} characters"
    if any(unicodedata.category(one)[0] == "C" and one not in JOINERS for one in text):
        yield "it holds line breaks or signs that nobody sees"
    if _MARKUP.search(text):
        yield "it holds markup"
    if _LINK.search(text) or sum(map(str.isdigit, text)) > DIGITS:
        yield "it holds an address or a number"
    marks = MARKS + (GREEK_MARKS if locale.partition("-")[0].lower() == "el" else "")
    if text[-1:] not in marks or sum(text.count(one) for one in marks) != 1:
        yield "it is not one question"
    if not _in_order(wording.phrases, text):
        yield "it does not name the options in their order"
    titles = [spoken(dimension.label(name), locale) for name, _ in draft.question.candidates]
    if _swapped(wording.phrases, titles):
        yield "it calls an option by the title of another"
    if any(words(one.text) == words(text) for one in draft.asked):
        yield "it was asked before"


def _in_order(phrases: Sequence[str], text: str) -> bool:
    """Whether each stands in the text behind the one before."""
    start = 0
    for one in phrases:
        at = text.find(one, start)
        if at < 0 or not words(one):
            return False
        start = at + len(one)
    return True


def _swapped(phrases: Sequence[str], titles: Sequence[str]) -> bool:
    """Whether a phrase has words that only another's title has, and none that only its own has."""
    told = [set(words(one)) for one in titles]
    own = [one.difference(*(told[:at] + told[at + 1 :])) for at, one in enumerate(told)]
    for at, phrase in enumerate(phrases):
        said = set(words(phrase))
        others = set().union(*(one for place, one in enumerate(own) if place != at))
        if said & others and not said & own[at]:
            return True
    return False
