"""Which title of a label is the one to shorten, in which language, and where the short one goes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from turnwise.taxonomy import Label

ENGLISH = "en"
UNKNOWN = "und"  # BCP 47: a language that nobody told
LONG = "-x-long"  # BCP 47: a private subtag; the title before it was shortened

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Original:
    """The title of a label before it is shortened.

    Attributes:
        text: as people read it. locale: as the taxonomy names it; `und` where nothing does.
    """

    text: str
    locale: str

    @property
    def english(self) -> bool:
        """Whether it counts as English: by its locale, or for want of one by its letters."""
        if self.locale == UNKNOWN:
            return self.text.isascii()
        return language(self.locale) == ENGLISH


def original(label: Label) -> Original:
    """The English title, else the first one in any language, else the name in words.

    Of a title that was shortened before it is the long one.
    """
    locales = [one for one in label.titles if not one.endswith(LONG)]
    for locale in sorted(locales, key=lambda one: (one != ENGLISH, language(one) != ENGLISH)):
        return Original(label.titles.get(locale + LONG, label.titles[locale]), locale)
    return Original(in_words(label.name), UNKNOWN)


def in_words(name: str) -> str:
    """`Hotels_2/SearchHotel` -> `Hotels 2 Search Hotel`, `END_CALL` -> `End call`."""
    if not re.search(r"[_/]|[a-z][A-Z]|^[A-Z]+$", name):
        return name
    words = _WORDS.findall(name)
    text = " ".join(words)
    return text.capitalize() if text.isupper() or text.islower() else text or name


def language(locale: str) -> str:
    return locale.replace("_", "-").split("-")[0].lower()
