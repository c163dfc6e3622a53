"""Telling phrases: what is said in one cluster and hardly in the others.

Class-based TF-IDF: the share of a cluster's utterances that hold a phrase, weighted by how few
clusters hold it (Grootendorst, BERTopic: Neural topic modeling with a class-based TF-IDF
procedure, 2022). Phrases are runs of up to three words that carry something; in scripts without
spaces, runs of two to four characters, which may cut a word. Words that carry little are listed at
length for English alone; of other languages, the commonest of some. Else what most clusters hold
weighs little by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from turnwise.discovery.naming.languages import SMALL_WORDS

LONGEST = 3  # words of a phrase
GRAMS = (2, 4)  # characters of a phrase without spaces
PHRASES = 40  # that an objective is chosen of
WORDS = 8  # that are put together to more
OFTEN = 0.05  # of a cluster's texts hold words that are put together
STEM = (4, 0.75)  # letters, and share of the shorter word, that make two words one stem

Phrase = tuple[str, ...]  # its words, in lower case

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_HOW_LONG = re.compile(r"\bhow (?:long|soon|quickly|fast)\b")
DURATION = "duration"
_CLAUSE = re.compile(r"[^\w\s'’-]|_|\s-+\s")
# Han, kana, Thai, Lao, Myanmar, Khmer: written without spaces between words.
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+")
PARTICLES = frozenset(("up", "down", "off", "out", "back"))
# A negation waits behind these: "has not yet been *received*", "unable to *verify*".
BETWEEN = frozenset(("be", "been", "being", "to", "yet", "even", "get", "getting", "me"))
WITH_IE = frozenset(("calorie", "cookie", "die", "lie", "movie", "pie", "selfie", "tie"))
WITH_USE = frozenset(("abuse", "accuse", "amuse", "confuse", "excuse", "fuse", "refuse"))
NOT, CANNOT = "not", "cannot"
_NOT = "not never isn't aren't wasn't weren't hasn't haven't hadn't doesn't don't didn't won't"
_CANNOT = "cannot can't cant couldn't unable"
NEGATED = dict.fromkeys(_NOT.split(), NOT) | dict.fromkeys(_CANNOT.split(), CANNOT)
_LITTLE = """
a able about actually after again all already also always am an and another any anymore anyone
anything are aren't as ask at away be because been before being believe but by call called calling
can can't cannot care come could couldn't course did didn't do does doesn't doing don't done each
either else even ever every everything exactly far few find for from get gets getting give given
go goes going gonna good got gotten great had happen happened happens has hasn't have haven't
having he hello help her here hey hi him his hoping how however i i'd i'll i'm i've if in into is
isn't it it'll it's its just keep kind kindly knew know let let's like little look looking lot
made make makes making many may maybe me mean might mind mine more most much must my myself need
needed needs never no not nothing now of ok okay on once one ones only or other our ourselves over
own perhaps please possible pretty put quite rather really right said same saw say see seem seems
she should show since so some somebody someone something soon sorry still such sure take takes
tell than thank thanks that that's the their them themselves then there there's these they they're
thing things think this those though through to today told too took try trying tried two uh um
unable under understand until up upon us use used using very via wanna want wanted wants was
wasn't way we we'd we'll we're we've well went were weren't what what's whats when where where's
which while who who's whom whose why will wish with within without won't wonder wondering would
wouldn't yeah yes yet you you'd you'll you're you've your yours yourself
"""
LITTLE = frozenset(_LITTLE.split()) | SMALL_WORDS
# Chinese characters that carry little at the edge of a phrase.
_EDGE = "的了吗嘛吧呢么呀啊我你您他她它是在有请把就也都和要想不没这那个们能会可以一下"


@dataclass(frozen=True, slots=True)
class Telling:
    """The phrases of each cluster with their weights.

    Attributes:
        shares: for each cluster phrase -> share of its utterances that hold it, in (0, 1].
        weights: for each cluster phrase -> class-based TF-IDF, over 0.
    """

    shares: tuple[dict[Phrase, float], ...]
    weights: tuple[dict[Phrase, float], ...]

    def best(self, cluster: int, most: int) -> list[Phrase]:
        """The phrases of a cluster that tell most, best first; ties by the alphabet."""
        weights = self.weights[cluster]
        return sorted(weights, key=lambda one: (-weights[one], one))[:most]


def telling_phrases(texts: Sequence[Sequence[str]]) -> Telling:
    """The phrases of clusters, each given by its texts."""
    shares = tuple(_shares(some) for some in texts)
    spread: Counter[Phrase] = Counter()
    for one in shares:
        spread.update(one)
    weights = tuple(
        {
            phrase: share * float(np.log(1.0 + len(texts) / spread[phrase]))
            for phrase, share in one.items()
        }
        for one in shares
    )
    return Telling(shares, weights)


def objectives(telling: Telling, cluster: int, texts: Sequence[str], action: str) -> list[Phrase]:
    """What a cluster's objective could be: its telling phrases, and telling words put together.

    Words of the action's stem are left out, and so are phrases of one stem twice. Where nothing
    is left, the action itself is the objective.
    """
    telling_most = telling.best(cluster, 2 * PHRASES)
    words = [one[0] for one in telling_most if len(one) == 1][:WORDS]
    found = dict.fromkeys((*telling_most[:PHRASES], *_together(words, texts)))
    return [one for one in found if not _repeats((action, *one))] or [(action,)]


def _together(words: Sequence[str], texts: Sequence[str]) -> Iterator[Phrase]:
    """Two or three words that often stand in one text, in the order in which they mostly do."""
    before: Counter[tuple[str, str]] = Counter()
    for text in texts:
        said = units(text)
        # "how long does a transfer take" -> transfer-duration
        here = sorted(
            (word for word in words if word in said),
            key=lambda word: (word == DURATION, said.index(word)),
        )
        before.update(combinations(here, 2))
    least = OFTEN * len(texts)
    pairs = {
        (one, other)
        for (one, other), count in before.items()
        if count >= least and (count, one) >= (before[other, one], other)
    }
    for one, other in sorted(pairs):
        yield one, other
        yield from (
            (one, other, third) for third in words if {(one, third), (other, third)} <= pairs
        )


def _repeats(words: Sequence[str]) -> bool:
    parts = [part for word in words for part in word.split("-")]
    return any(same_stem(one, other) for one, other in combinations(parts, 2))


def same_stem(one: str, other: str) -> bool:
    """Whether two words begin alike for most of the shorter one: `verify`, `verification`."""
    shorter = min(len(one), len(other))
    alike = 0
    while alike < shorter and one[alike] == other[alike]:
        alike += 1
    return one == other or alike >= max(STEM[0], STEM[1] * shorter)


def words(text: str) -> list[str]:
    """The words of a text, in lower case; a run of a script without spaces is one."""
    return [word.replace("’", "'") for word in _WORD.findall(_HOW_LONG.sub(DURATION, text.lower()))]


def phrases_of(text: str) -> set[Phrase]:
    """Every phrase that a text holds."""
    found: set[Phrase] = set()
    for clause in _CLAUSE.split(text):
        for run in _runs(words(clause)):
            for size in range(1, LONGEST + 1):
                found.update(tuple(run[at : at + size]) for at in range(len(run) - size + 1))
    for unspaced in UNSPACED.findall(text):
        for size in range(GRAMS[0], GRAMS[1] + 1):
            grams = (unspaced[at : at + size] for at in range(len(unspaced) - size + 1))
            found.update(
                (gram,) for gram in grams if gram[0] not in _EDGE and gram[-1] not in _EDGE
            )
    return found


def units(text: str) -> list[str]:
    """The words of a text that carry something, in their order."""
    runs = (run for clause in _CLAUSE.split(text) for run in _runs(words(clause)))
    return [unit for run in runs for unit in run]


def _runs(said: Sequence[str]) -> Iterator[list[str]]:
    """Words that carry something and stand side by side, in the singular.

    A particle belongs to the word before it (`top-up`), and "not" to the word behind it
    (`not-received`, `cannot-verify`).
    """
    run: list[str] = []
    negated = ""
    for word in said:
        if word in PARTICLES and run and "-" not in run[-1]:
            run[-1] = f"{run[-1]}-{word}"
        elif _says_little(word) or UNSPACED.search(word) or word.isdigit():
            if negated and word in BETWEEN:
                continue
            yield run
            run, negated = [], NEGATED.get(word, "")
        else:
            run.append(f"{negated}-{word}" if negated else singular(word))
            negated = ""
    yield run


def _says_little(word: str) -> bool:
    """`when`, `when's`, a letter."""
    return not LITTLE.isdisjoint((word, word.removesuffix("'s"))) or len(word) == 1


def singular(word: str) -> str:
    """`cards` -> `card`, `countries` -> `country`, `buses` -> `bus`; `status` and `news` stay."""
    word = word.removesuffix("'s")
    if not word.isascii() or len(word) < 4 or word.endswith(("ss", "us", "is", "news", "'t")):
        return word
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if word.endswith("uses") and word[-5:-4] not in "aeiou" and word[:-1] not in WITH_USE:
        return word[:-2]
    if word.endswith("ies"):
        return word[:-1] if word[:-1] in WITH_IE else word[:-3] + "y"
    return word[:-1] if word.endswith("s") else word


def _shares(texts: Sequence[str]) -> dict[Phrase, float]:
    counts: Counter[Phrase] = Counter()
    for text in texts:
        counts.update(phrases_of(text))
    least = 2 if len(texts) > 2 else 1
    return {phrase: count / len(texts) for phrase, count in counts.items() if count >= least}
