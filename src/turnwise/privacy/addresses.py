"""Street addresses: "1180 Juniper Row Apt 6, Tulsa OK 74105", "Hauptstr. 12, 10115 Berlin".

A house number beside a word for a street, and what follows it of unit, town and postcode. A
word such as "way" or "drive" says street only when it is capitalised like its neighbours:
"2 TB hard drive" and "5 minutes down the road" are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from turnwise.privacy.spans import Span
from turnwise.privacy.words import NO_STREET

_STREET = (  # say street in any spelling
    "street|road|rd|avenue|ave|lane|boulevard|blvd|crescent|cres|terrace|highway|hwy|parkway|pkwy"
)
_STREET_IF_CAPITAL = (
    "St|Str|Drive|Dr|Court|Ct|Place|Pl|Way|Close|Square|Sq|Row|Walk|Circle|Cir|Grove|Gardens|"
    "Gdns|Mews|Hill|View|Park|Trail|Trl|Loop|Alley|Ln|Plaza|Green|Quay|Rise|Esplanade|Broadway|"
    "Turnpike|Pike|Path|Bend|Ridge|Heights|Crossing|Parade|Pde|Tce"
)
_CAPITAL = [word for name in _STREET_IF_CAPITAL.split("|") for word in (name, name.upper())]
_ONE_WORD = "straße|strasse|str|weg|platz|allee|gasse|damm|ufer|chaussee|straat|gatan"
_SUFFIXES = tuple(_ONE_WORD.split("|"))
_ROMANCE_WORDS = frozenset(
    (
        "rue",
        "chemin",
        "impasse",
        "quai",
        "allée",
        "allee",
        "calle",
        "avenida",
        "rua",
        "viale",
        "piazza",
    )
)
_STREET_IF_SPOKEN_OF = (
    "st|drive|dr|court|ct|place|pl|close|square|row|circle|grove|gardens|mews|ln|way"
)
_WORD = r"[^\W\d_]{1,4}\.|[^\W\d_]{1,25}(?:['’\-][^\W\d_]{1,24})?|[0-9]{1,3}(?:st|nd|rd|th)"
_NUMBER = r"(?:[0-9]{1,4}\s?/\s?)?[0-9]{1,5}(?:-[0-9]{1,4})?[A-Za-z]?"
_UNIT = r"(?:apt|apartment|unit|suite|ste|flat|floor|fl|room|rm|building|bldg|no)\.?\s?#?\s?\w{1,6}"
_TOWN = r"[^\W\d_a-z][^\W\d_]{2,24}(?:[ \-][^\W\d_a-z][^\W\d_]{2,24}){0,2}"
_POSTCODE = (
    r"[A-Z]{1,2}[0-9][A-Z0-9]?\s[0-9][A-Z]{2}|[A-Z][0-9][A-Z]\s?[0-9][A-Z][0-9]"  # GB, CA
    r"|[0-9]{5}(?:-[0-9]{4})?(?![0-9])|[0-9]{4}(?![0-9])|[0-9]{3}\s?[0-9]{3}(?![0-9])"
)
_TAIL = (
    rf"(?:,?\s(?i:{_UNIT})\b|,?\s\#\s?\w{{1,6}})?(?:,\s(?i:{_UNIT})\b)?"
    rf"(?:(?:,\s(?P<town>{_TOWN})(?![\w'’])(?:,\s{_TOWN}(?=[\s,.]*(?:$|[A-Z]{{2}}\b|[0-9])))?|\s{_TOWN}(?=,?\s[A-Z]{{2,3}}\b|,?\s[0-9]{{5}}\b)))?(?:,?\s[A-Z]{{2,3}}(?!\w))?(?:,?\s(?:{_POSTCODE})(?!\w))?"
)


def _number_first(street: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<![\w$€£#.,/\-])(?:(?i:flat|unit|apartment|apt|suite)\s(?:[0-9]\w{{0,4}}|[A-Za-z]),?\s)?"
        rf"(?P<number>{_NUMBER}),?\s(?P<words>(?:(?:{_WORD})\s){{1,4}}?)"
        rf"(?:{street})\b\.?(?:\s(?:N|S|E|W|NE|NW|SE|SW)\b)?{_TAIL}"
    )


_NUMBER_FIRST = _number_first(rf"(?i:{_STREET})|{'|'.join(_CAPITAL)}")
_NUMBER_FIRST_LOOSE = _number_first(rf"(?i:{_STREET}|{_STREET_IF_SPOKEN_OF})|{'|'.join(_CAPITAL)}")
_SPOKEN_OF = re.compile(
    r"\b(?:address|deliver\w{0,5}|ship(?:ped|ping|ment)?|send|lives?|moved|house|zip|postcode|home)\b",
    re.IGNORECASE,
)
_STREET_FIRST = re.compile(  # German, Dutch, Swedish: "Musterstraße 12a", "Lange Straße 7"
    rf"(?<!\w)(?:(?:[^\W\d_a-z][^\W\d_]{{1,24}}[ \-]){{1,2}}|[^\W\d_]{{1,25}}?)(?i:{_ONE_WORD})\.?"
    r"\s[0-9]{1,4}(?:\s?[a-zA-Z])?(?!\w)(?:,?\s[0-9]{4,5}\s[^\W\d_a-z][^\W\d_]{2,24})?"
)
_ROMANCE = re.compile(
    r"(?<!\w)[0-9]{1,4}(?:\s?(?:bis|ter))?,?\s(?i:rue|avenue|boulevard|chemin|impasse|quai|all[ée]e)"
    r"\s(?:(?:de|du|des|la|le|les|d['’]|l['’])\s?){0,2}[^\W\d_a-z][\w’'\-]{1,24}"
    r"(?:\s[^\W\d_a-z][\w’'\-]{1,24}){0,2}(?:,?\s[0-9]{5}\s[^\W\d_a-z][^\W\d_]{2,24})?"
    r"|(?<!\w)(?i:calle|avenida|rua|viale|piazza)\s(?:(?:de|del|da|do|la|las|los)\s){0,2}"
    r"[^\W\d_a-z][^\W\d_]{1,24}(?:\s[^\W\d_a-z][^\W\d_]{1,24}){0,2},?\s(?:n[.º°]?\s?)?[0-9]{1,4}(?!\w)"
)
_BOX = re.compile(r"(?<!\w)(?:p\.?\s?o\.?\s?box|postfach)\s[0-9]{1,7}(?!\w)", re.IGNORECASE)
_GB_POSTCODE = re.compile(r"(?<![\w\-])[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}(?![\w\-])")

# Cheap: most turns with a digit name no street.
_LETTERS = re.compile(r"[^\W\d_]+")
_HINTS = frozenset(_STREET.split("|")) | _ROMANCE_WORDS | {"box", "postfach"}
_CAPITAL_WORDS = frozenset(_CAPITAL)
_CAPITAL_HINTS = frozenset(_STREET_IF_CAPITAL.lower().split("|"))


def find_addresses(text: str, before: str = "") -> Iterator[Span]:
    """Yield street addresses, post boxes and full British postcodes.

    `before` is the turn that this one may answer: where one of them speaks of an address, a
    street need not be capitalised ("418 alder court").
    """
    words = _LETTERS.findall(text.lower())
    loose = not _CAPITAL_HINTS.isdisjoint(words) and _speaks_of_address(text, before)
    if not loose and not _hints(text, words):
        for match in _GB_POSTCODE.finditer(text):
            yield Span(*match.span(), "address", match[0])
        return
    end = 0
    for match in sorted(_matches(text, loose), key=lambda match: match.start()):
        if match.start() < end:
            continue
        end = _end_of_address(match)
        yield Span(match.start(), end, "address", text[match.start() : end])


def _speaks_of_address(*texts: str) -> bool:
    return any(_SPOKEN_OF.search(text) for text in texts)


def _hints(text: str, words: Sequence[str]) -> bool:
    """Whether a text, whose words in lower case are given, holds a word for a street."""
    if not _HINTS.isdisjoint(words):
        return True
    if not _CAPITAL_HINTS.isdisjoint(words):
        return not _CAPITAL_WORDS.isdisjoint(_LETTERS.findall(text))
    return any(word.endswith(_SUFFIXES) for word in words)


def _matches(text: str, loose: bool) -> Iterator[re.Match[str]]:
    for match in (_NUMBER_FIRST_LOOSE if loose else _NUMBER_FIRST).finditer(text):
        if _names_a_street(match):
            yield match
    for pattern in (_STREET_FIRST, _ROMANCE, _BOX, _GB_POSTCODE):
        yield from pattern.finditer(text)


def _names_a_street(match: re.Match[str]) -> bool:
    words = match["words"].split()
    if len(words) > 2 and not any(word[0].isupper() for word in words):
        return False
    return not any(word.strip(".").lower() in NO_STREET for word in words)


def _end_of_address(match: re.Match[str]) -> int:
    """Where an address ends, without a full stop or a town that is none ("..., Thanks")."""
    end = match.end()
    if "town" in match.groupdict() and match["town"] and match["town"].lower() in NO_STREET:
        end = match.start("town")
    return match.start() + len(match.string[match.start() : end].rstrip(" ,."))
