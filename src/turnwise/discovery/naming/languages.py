"""Which language texts are in, as far as letters and small words tell.

A script that one language alone is written in tells it by itself. Of the languages in Latin
letters those are told whose most common small words are listed here. Anything else stays unknown:
no language is better than a wrong one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

UNKNOWN = ""
ENGLISH = "en"
READ = 200  # texts of a cluster that are looked at
EACH = 10  # texts of each cluster that are looked at for the language of all
LEAST = 0.12  # of all words are small ones of a language that is told
LEAD = 0.25  # of them, what the language must have more than the next

_SCRIPTS = (  # the first that makes up a fifth of the letters; kana before Han
    ("ja", "\u3040-\u30ff"),
    ("ko", "\u1100-\u11ff\uac00-\ud7af"),
    ("zh", "\u3400-\u9fff"),
    ("th", "\u0e00-\u0e7f"),
    ("el", "\u0370-\u03ff"),
    ("he", "\u0590-\u05ff"),
    ("hy", "\u0530-\u058f"),
    ("ka", "\u10a0-\u10ff"),
)
_SHARE = 0.2
_SMALL = {
    language: frozenset(words.split())
    for language, words in {
        ENGLISH: "the i my is to a of and can how what do it you for in on me not why this have",
        "de": "ich die der das ist nicht und ein eine mein meine wie zu mir mit auf kann den es",
        "fr": "je le la les de des est et un une mon ma pas comment pour vous que sur ne puis",
        "es": "el la los de mi que no es un una por para cómo como en con puedo y se del",
        "it": "il la di mio mia che non un una per come è sono posso e del nella gli ho questo",
        "pt": "o a os de meu minha que não um uma por para como em com posso e do da é",
        "nl": "de het een ik mijn is niet en van hoe kan op te voor met dat wat in mij deze",
        "da": "jeg er det en et ikke og min mit hvordan til på med kan af for hvad den der",
        "sv": "jag är det en ett inte och min mitt hur till på med kan av för vad den som",
        "pl": "nie jest na do moje moja mój jak się w z co czy to mam mi i dla proszę",
        "tr": "bir ve bu için ne nasıl benim var mı mi ben da de kadar değil olarak çok",
        "id": "saya yang di dan ini tidak untuk apa bagaimana dengan ke dari bisa ada itu",
    }.items()
}
_WORD = re.compile(r"[^\W\d_]+")


# Words that carry little in any of them.
SMALL_WORDS = frozenset().union(*_SMALL.values())


def languages_of(clusters: Sequence[Sequence[str]]) -> list[str]:
    """The language of each cluster by its texts, or else that of all of them together."""
    every = language_of([text for texts in clusters for text in texts[:EACH]], most=None)
    return [language_of(texts) or every for texts in clusters]


def language_of(texts: Sequence[str], most: int | None = READ) -> str:
    """The code of the language that the first of some texts are in; empty if it can't be told."""
    said = " ".join(texts[:most]).lower()
    letters = sum(map(str.isalpha, said))
    if not letters:
        return UNKNOWN
    for language, script in _SCRIPTS:
        if len(re.findall(f"[{script}]", said)) >= _SHARE * letters:
            return language
    return _by_small_words(_WORD.findall(said))


def _by_small_words(words: Sequence[str]) -> str:
    counts = Counter(words)
    found = {language: sum(counts[word] for word in small) for language, small in _SMALL.items()}
    first, second = sorted(found.items(), key=lambda one: (-one[1], one[0]))[:2]
    told = first[1] >= LEAST * len(words) and first[1] - second[1] > LEAD * first[1]
    return first[0] if told else UNKNOWN
