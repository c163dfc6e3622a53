"""Which question tells the labels in doubt apart: put together from the taxonomy, no model asked.

    labels in doubt --titles, where they clash a branch or a description--> phrases --frame--> text

A frame holds what is said around the phrases. Each takes a bare phrase behind a colon, so that
its grammar is right for whatever stands in a title. There are frames in seven languages; others
get the phrases alone. This is the embedded twin: a language model may word it better.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from turnwise.serving.decision import Question, Ranked
from turnwise.taxonomy import PATH_SEPARATOR, Dimension, Label

LONGEST = 400  # characters of a question; what doesn't fit is named less, never cut off
PHRASE = 60  # characters of a title, and of what is said beside it


class Frame(NamedTuple):
    """What is said around the phrases: X, X, X or X."""

    opening: str
    comma: str
    conjunction: str
    closing: str


# No-break spaces before the French colon and question mark. `o bien` stays the same before an o,
# where a Spanish `o` alone would have to become `u`.
FRAMES: Mapping[str, Frame] = {
    "en": Frame("Is this about: ", ", ", ", or ", "?"),
    "de": Frame("Worum geht es: ", ", ", " oder ", "?"),
    "fr": Frame("De quoi s'agit-il\u00a0: ", ", ", " ou ", "\u202f?"),
    "es": Frame("¿De qué se trata: ", ", ", " o bien ", "?"),
    "it": Frame("Di che cosa si tratta: ", ", ", " oppure ", "?"),
    "nl": Frame("Waar gaat het over: ", ", ", " of ", "?"),
    "pt": Frame("De que se trata: ", ", ", " ou ", "?"),
}
WORDLESS = Frame("", " / ", " / ", "?")

_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_JOINTS = re.compile(r"[\s_/.:>-]+")
_CLAUSE = re.compile(r"[.;:!?](?=\s|$)|[(。\n]")


def question(
    dimension: Dimension, candidates: Ranked, locale: str, asked: Sequence[Question]
) -> Question | None:
    """Ask the customer which of some labels is meant.

    Args:
        candidates, locale: as `draft`.
        asked: every question of this conversation so far.

    Returns:
        The question; None where `draft` gives none, or it `repeats` one that was asked.
    """
    made = draft(dimension, candidates, locale)
    return None if made is None or repeats(made, candidates, asked) else made


def draft(dimension: Dimension, candidates: Ranked, locale: str) -> Question | None:
    """Put a question together, whatever was asked before.

    Args:
        candidates: labels of the dimension in doubt, likeliest first. All are named as far as the
            length allows, the likeliest first; the question says which.
        locale: of the conversation, such as `de` or `de-AT`. Where a candidate has no title in
            it, all are named in English, or by their names in words.

    Returns:
        The question; None where fewer than two labels are in doubt, or where nothing in the
        taxonomy tells them apart.
    """
    ranked = tuple(dict(candidates).items())
    while len(ranked) > 1:
        labels = [dimension.label(name) for name, _ in ranked]
        text = _text(dimension, labels, locale)
        if text is not None and len(text) <= LONGEST:
            return Question(text, dimension.name, ranked)
        ranked = ranked[:-1]
    return None


def repeats(made: Question, candidates: Ranked, asked: Sequence[Question]) -> bool:
    """Whether a question offers no label that was not offered before, or has the same words.

    Args:
        candidates: that it was made for, of which it may name some.
    """
    names = {name for name, _ in candidates}
    before = [
        {name for name, _ in one.candidates} for one in asked if one.dimension == made.dimension
    ]
    offered = dict(made.candidates).keys()
    repeated = any(offered <= one or names <= one for one in before)
    return repeated or any(one.text == made.text for one in asked)


def _text(dimension: Dimension, labels: Sequence[Label], locale: str) -> str | None:
    language = _language(locale)
    if not all(locale in one.titles or language in one.titles for one in labels):
        locale = language = "en"
    phrases = _phrases(dimension, labels, locale)
    if phrases is None:
        return None
    frame = FRAMES.get(language.lower(), WORDLESS)
    comma, conjunction = frame.comma, frame.conjunction
    if frame is not WORDLESS and _ambiguous(phrases, conjunction):
        comma, conjunction = "; ", f"; {conjunction.lstrip(', ')}"
    listed = comma.join(phrases[:-1]) + conjunction + phrases[-1]
    return frame.opening + listed + frame.closing


def _language(locale: str) -> str:
    return locale.replace("_", "-").split("-")[0]


def _ambiguous(phrases: Sequence[str], conjunction: str) -> bool:
    """Whether a phrase holds what also stands between the phrases."""
    word = conjunction.strip(", ").split()[0]
    return any("," in one or word in one.casefold().split() for one in phrases)


def _phrases(dimension: Dimension, labels: Sequence[Label], locale: str) -> list[str] | None:
    """A phrase for each label, all of them different; None where that can't be."""
    titles = [_cut(spoken(one, locale)) for one in labels]
    alike: dict[str, list[int]] = defaultdict(list)
    for at, title in enumerate(titles):
        alike[title.casefold()].append(at)
    phrases = list(titles)
    for places in alike.values():
        if len(places) > 1:
            details = _details(dimension, [labels[at] for at in places], locale)
            if details is None:
                return None
            for at, detail in zip(places, details, strict=True):
                phrases[at] = _with(titles[at], detail)
        elif _language(locale) == "en" and _within_another(titles, places[0]):
            # Only here: in which language descriptions are written, no taxonomy says.
            phrases[places[0]] = _with(titles[places[0]], _piece(labels[places[0]]))
    distinct = len({one.casefold() for one in phrases}) == len(phrases)
    return phrases if distinct else None


def _details(dimension: Dimension, labels: Sequence[Label], locale: str) -> list[str] | None:
    """What tells labels of one title apart: the branch they are on, what they mean, their name."""

    def branch(label: Label) -> list[str]:
        return [
            spoken(dimension.label(part), locale) if part in dimension.index else in_words(part)
            for part in label.path[:-1]
        ]

    ways: tuple[Callable[[Label], str], ...] = (
        lambda label: "".join(branch(label)[-1:]),
        lambda label: PATH_SEPARATOR.join(branch(label)),
        _piece,
        lambda label: in_words(label.name),
    )
    for way in ways:
        details = [_cut(way(one)) for one in labels]
        if len({one.casefold() for one in details}) == len(details):
            return details
    return None


def _within_another(titles: Sequence[str], at: int) -> bool:
    """Whether another title says the same and more, such as `refund status` beside `refund`."""
    own = _word_set(titles[at])
    return any(own < _word_set(other) for other in titles)


@lru_cache(4_096)  # titles of taxonomies, which come again with each question
def _word_set(title: str) -> frozenset[str]:
    return frozenset(words(title))


def _with(title: str, detail: str) -> str:
    return f"{title} ({detail})" if detail else title


def _piece(label: Label) -> str:
    """The first clause of the description."""
    clause = _CLAUSE.split(label.description.strip(), maxsplit=1)[0]
    return _cut(" ".join(clause.split()))


def _cut(text: str) -> str:
    """At most `PHRASE` characters, in whole words as far as there are any."""
    if len(text) <= PHRASE:
        return text
    whole, _, _ = text[:PHRASE].rpartition(" ")
    return (whole or text[: PHRASE - 1]).rstrip(" ,-") + "…"


def spoken(label: Label, locale: str) -> str:
    """What a label is called before customers: its title, or its name in words."""
    title = " ".join(label.title(locale).split()).rstrip(".,;:?!")
    return in_words(label.name) if not title or title == label.name else title


def in_words(name: str) -> str:
    """A label's name as words: `CANCEL_AND_REFUND` is `cancel and refund`.

    Acronyms of mixed names stay as they are (`PIN_blocked`); a name that is written in words
    already does too, unless it is all capitals.
    """
    if " " in name and not re.search(r"[_/]", name) and not name.isupper():
        return " ".join(name.split())
    parts = [part for part in _JOINTS.split(_HUMPS.sub(" ", name)) if part]
    kept = not name.isupper()
    spelt = [one if kept and one.isupper() and len(one) > 1 else one.lower() for one in parts]
    return " ".join(spelt) or name


def words(text: str) -> list[str]:
    """The words of a text in any script, in order, without case and accents.

    Scripts that are written without spaces give pairs of characters in place of words.
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", plain))
    spaced = "".join(one if unicodedata.category(one)[0] in "LMN" else " " for one in plain)
    found: list[str] = []
    for word in spaced.split():
        dense = any(one >= "\u2e80" or "\u0e00" <= one < "\u1100" for one in word)
        pairs = [word[at : at + 2] for at in range(len(word) - 1)]
        found += pairs if dense and pairs else [word]
    return found
