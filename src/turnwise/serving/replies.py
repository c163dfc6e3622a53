"""How the reply to a clarifying question is read: what each offered label makes of it.

    reply --clauses--> cues ("the second one", "neither") + words of the labels + vectors
          --log-likelihoods, added--> one likelihood for each label, and one for none of them

This is the embedded twin. Its cues are English; numbers, words shared with titles in whatever
language the taxonomy has them, and vectors work in any. How far one cue is to be believed are
assumptions, stated as constants: nobody has counted them over real customers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from turnwise.serving.clarifying import in_words, words
from turnwise.serving.decision import Question
from turnwise.taxonomy import Dimension, Label

Float64 = NDArray[np.float64]
Vector = NDArray[np.float32]

LONGEST = 2_000  # characters of a reply that are read
MISREAD = 0.01  # a reading is never surer than that: it may be wrong altogether
POINTED, REFUSED, AGREED = 0.005, 0.08, 0.2  # likelihood of a cue under what it speaks against
UNMATCHED = 0.25  # weight of a word that a label doesn't have, where one it has weighs 1
DESCRIBED = 0.5  # weight of a word that only the description has
FULL_WORDS = 3  # words of a reply that count whole; more count as so many, for they repeat
TEMPERATURE = 0.2  # a cosine larger by so much is e times as likely (benchmarks.clarifying)

ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "1st": 0, "2nd": 1, "3rd": 2}
ORDINALS |= {"4th": 3, "former": 0, "latter": -1, "last": -1}
NUMBERS = {"one": 0, "two": 1, "three": 2, "four": 3} | {str(at + 1): at for at in range(9)}

_ORDINAL, _NUMBER = "|".join(ORDINALS), "|".join(NUMBERS)
_ONE = r" (?:one|option|choice|thing|answer|of (?:them|these|those|the (?:two|three|four)))"
_AFTER = r"(?=$| (?:please|about|with|and|or|is (?:right|it|what|fine))\b)"
_POINTED = re.compile(
    rf"(?:both )?(?:(?:the )?({_ORDINAL})(?:{_ONE})?|(?:(?:number|option|choice|nr) )?({_NUMBER}))"
)
_POINTED_WITHIN = re.compile(
    rf"\b(?:({_ORDINAL}){_ONE}{_AFTER}|(?:option|choice) ({_NUMBER})\b|the (?=former|latter)(\w+))"
)
_OPENERS = re.compile(
    r"^(?:(?:u[mh]+|hm+|well|oh|so|sorry|please|definitely|probably|maybe|perhaps|just|actually|"
    r"honestly|really|its|it is|thats|that is|this is|(?:that|it) would be|i (?:think|guess|mean|"
    r"believe|suppose|want|need|choose|pick|take|meant|would say|would like)|id (?:say|like)|"
    r"ill take)(?: |$)|(?:yes|yeah|no|nope|ok|okay) (?!idea|clue))+"
)
_CLOSERS = re.compile(
    r"(?:(?:^| )(?:please|pls|plz|thanks|thank you|i (?:think|guess)|sorry|then|tbh))+$"
)
_UNSURE = re.compile(
    r"(?:i )?(?:really |honestly )?(?:dont|do not) know(?: (?:that|which|which one|exactly|yet|"
    r"really|for sure|myself|either))*|idk|dunno|(?:im |i am )?(?:not (?:really )?sure|unsure)"
    r"(?: which(?: one)?)?|(?:i have )?no (?:idea|clue)|(?:i )?can(?:t|not) (?:tell|say)|"
    r"hard to say"
)
_REFUSED = re.compile(
    r"(?:neither|none|not (?:those|these)|nothing)(?: of (?:them|these|those|the (?:two|above)|"
    r"that|this)| one)?|(?:something|anything|sth) (?:else|different)|other|no|nope|nah|n"
)
_JOINED = re.compile(r"(?:both|all|either)(?: of (?:them|these|those|the above)| three| four)?")
_AGREED = re.compile(r"yes|yeah|yep|yup|y|ya|sure|ok|okay|correct|right|exactly")
_EXCEPT = re.compile(r"\b(?:anything|everything|all|any) (?:but|except)\b")
_NEGATED = re.compile(r"^not (?=(?:about|the|a|an|for|my|option|number)\b)")
# English function words: they tell no labels apart, and a title may hold them.
_EMPTY = frozenset(
    words("""
    a about am an and any are as at be been but by can could d did do does doing don for from get
    had has have he her him his how i if in is it its just know ll m me mine my need no not of on
    one options or our out please question re s she so some t that the their them then there these
    they thing things this those to up us ve want was we were what when where which who why will
    with would yes you your
    """)
)


def read_reply(
    question: Question,
    reply: str,
    dimension: Dimension,
    reply_vector: Vector | None = None,
    label_vectors: Vector | None = None,
) -> Float64:
    """Tell how likely a reply is under each label that a question offered.

    Ordinals ("the latter", "2") go by the order in which the question names its candidates.
    A bare "I don't know" is as likely under all of them: it changes nothing.

    Args:
        reply: what the customer said; read up to `LONGEST` characters.
        dimension: of the question.
        reply_vector: Float32[size], of the reply; label_vectors: Float32[n_candidates, size], one
            for each candidate in the question's order, such as of its title or of the mean of its
            examples. Both or neither; lengths do not matter.

    Returns:
        Float64[n_candidates + 1], likelihoods in (0, 1], the largest 1, none of them last.

    Raises:
        ValueError: the vectors don't fit the question, or hold a number that isn't finite.
    """
    names = [name for name, _ in question.candidates]
    cosines = _cosines(len(names), reply_vector, label_vectors)
    labels = [dimension.label(name) for name in names]
    said = _said(reply[:LONGEST], labels)
    logs = _cues(said, labels)
    if said.words:
        logs += _named(said.words, dimension, labels) + _exemplified(said.words, labels)
        if cosines is not None:
            logs[:-1] += _centred(cosines / TEMPERATURE)
    if said.denied:
        denied = _named(said.denied, dimension, labels)
        logs += np.log(1 - (1 - POINTED) * np.exp(denied - denied.max()))
    likely = MISREAD + (1 - MISREAD) * np.exp(logs - logs.max())
    return np.asarray(likely / likely.max(), np.float64)


def says_more(question: Question, reply: str, dimension: Dimension) -> bool:
    """Whether there is more in a reply than cues: "2" alone tells a model that reads it nothing."""
    said = _said(reply[:LONGEST], [dimension.label(name) for name, _ in question.candidates])
    return bool(said.words or said.denied)


def _cosines(count: int, reply: Vector | None, labels: Vector | None) -> Float64 | None:
    if reply is None and labels is None:
        return None
    if reply is None or labels is None or labels.shape != (count, reply.size):
        raise ValueError(f"label_vectors: one vector like the reply's for each of {count} labels")
    one, rows = reply.astype(np.float64), labels.astype(np.float64)
    if not (np.isfinite(one).all() and np.isfinite(rows).all()):
        raise ValueError("a vector holds a number that isn't finite")
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(one)
    return np.asarray(rows @ one / np.maximum(lengths, 1e-12), np.float64)


@dataclass
class _Said:
    """What a reply says, clause by clause.

    Attributes:
        pointed, ruled_out: the positions of candidates that were named by them.
        cues: which of `refused`, `agreed` and `joined` (all of them) stand in it.
        words, denied: what is left to compare with the labels, in order, each once.
    """

    pointed: set[int] = field(default_factory=set)
    ruled_out: set[int] = field(default_factory=set)
    cues: set[str] = field(default_factory=set)
    words: dict[str, None] = field(default_factory=dict)
    denied: dict[str, None] = field(default_factory=dict)


def _said(reply: str, labels: Sequence[Label]) -> _Said:
    """Sort the clauses into cues and words; a clause that is a title is no cue."""
    found = _Said()
    titles = {title for label in labels for title in _titles(label)}
    for clause in re.split(r"[,.;:!?\n()]|\bbut\b", _EXCEPT.sub(", not ", reply.casefold())):
        if (title := tuple(words(clause))) in titles:
            found.words.update(dict.fromkeys(title))
            continue
        bare = _bare(clause)
        plain = _NEGATED.sub("", bare)
        denied = plain != bare
        pointed, into = (found.ruled_out, found.denied) if denied else (found.pointed, found.words)
        listed = [_POINTED.fullmatch(one) for one in re.split(" (?:and|or) ", plain)]
        hits = listed if all(listed) else _POINTED_WITHIN.finditer(plain)
        places = [(ORDINALS | NUMBERS)[one[one.lastindex or 1]] for one in hits if one]
        pointed.update(at % len(labels) for at in places if at < len(labels))
        if not all(listed):
            left = _POINTED_WITHIN.sub(" ", _without_cues(plain, found.cues))
            into.update(dict.fromkeys(one for one in words(left) if one not in _EMPTY))
    return found


def _bare(clause: str) -> str:
    """A clause without apostrophes, signs, and what people say around an answer."""
    text = " ".join(re.sub(r"[^\w\s]", " ", re.sub(r"['’`]", "", clause)).split())
    return _OPENERS.sub("", _CLOSERS.sub("", text))


def _without_cues(plain: str, cues: set[str]) -> str:
    """Nothing of a clause that is a cue, which is noted; any other as it is."""
    if _UNSURE.fullmatch(plain):
        return ""
    for name, cue in (("refused", _REFUSED), ("agreed", _AGREED), ("joined", _JOINED)):
        if cue.fullmatch(plain):
            cues.add(name)
            return ""
    return plain


def _cues(said: _Said, labels: Sequence[Label]) -> Float64:
    """Float64[n + 1], log-likelihoods of the cues."""
    logs = np.zeros(len(labels) + 1)
    pointed = said.pointed - said.ruled_out
    if "joined" in said.cues and not pointed:
        pointed = _joint(labels)
    if pointed:
        logs[[at for at in range(len(logs)) if at not in pointed]] = np.log(POINTED)
    elif said.cues & {"agreed", "joined"}:
        logs[-1] = np.log(AGREED)
    elif "refused" in said.cues:
        # "No, the refund" names one: then the words decide between it and none.
        logs[:-1] = np.log(AGREED if said.words else REFUSED)
    logs[list(said.ruled_out)] += np.log(POINTED)
    return logs


def _joint(labels: Sequence[Label]) -> set[int]:
    """The label whose name holds those of all others, as `CANCEL_AND_REFUND` does, if any."""
    names = [frozenset(_taxonomy_words(in_words(one.name))) for one in labels]
    holds = [all(other < own for other in names if other is not own) for own in names]
    return {at for at, joint in enumerate(holds) if joint and len(names) > 2}


def _named(said: Iterable[str], dimension: Dimension, offered: Sequence[Label]) -> Float64:
    """Float64[n + 1], from the words of titles, names, paths and descriptions.

    None of the candidates is any other label of the dimension, or something that has no label.
    """
    spoken, labels = list(said), [*offered, *(x for x in dimension.labels if x not in offered)]
    weights = np.array([*(_weights(spoken, one) for one in labels), [0.0] * len(spoken)])
    covered = np.array([*(_covered(spoken, one) for one in labels), 0.0])
    logs = _tempered(np.log(weights + UNMATCHED), np.flatnonzero(weights.sum(axis=0)))
    logs += np.log(covered + UNMATCHED)
    return np.append(logs[: len(offered)], _log_mean(logs[len(offered) :]))


def _weights(said: Sequence[str], label: Label) -> list[float]:
    """How much of each word a label has."""
    named = {word for title in _titles(label) for word in title}
    named |= {word for part in label.path for word in _taxonomy_words(in_words(part))}
    has, describes = _matcher(named), _matcher(_taxonomy_words(label.description))
    return [1.0 if has(one) else DESCRIBED if describes(one) else 0.0 for one in said]


def _covered(said: Sequence[str], label: Label) -> float:
    """The share of a title's words that were said, of the title that was said most of."""
    has = _matcher(said)
    telling = [[one for one in title if one not in _EMPTY] or title for title in _titles(label)]
    return max((sum(map(has, one)) / len(one) for one in telling if one), default=0.0)


def _exemplified(said: Iterable[str], labels: Sequence[Label]) -> Float64:
    """Float64[n + 1], from the words of the examples, each shrunk to its share over all."""
    has = [[_matcher(_taxonomy_words(text)) for text in one.examples] for one in labels]
    sizes = np.array([len(one) for one in has], np.float64)[:, None]
    counts = np.array([[sum(text(word) for text in one) for word in said] for one in has], float)
    overall = counts.sum(axis=0) / max(1.0, sizes.sum())
    shares = np.where(overall > 0, (counts + 2 * overall) / (sizes + 2), 1.0)
    return np.append(_centred(_tempered(np.log(shares), np.flatnonzero(overall))), 0.0)


def _tempered(logs: Float64, counted: NDArray[np.intp]) -> Float64:
    """Float64[n] of Float64[n, n_words]: the sum, of many words no more than of a few."""
    share = min(1.0, FULL_WORDS / max(1, len(counted)))
    return np.asarray(logs[:, counted].sum(axis=1) * share, np.float64)


def _centred(logs: Float64) -> Float64:
    """So that their mean likelihood is 1, which says nothing for or against none of them."""
    return logs - _log_mean(logs)


def _log_mean(logs: Float64) -> float:
    return float(logs.max() + np.log(np.exp(logs - logs.max()).mean()))


@lru_cache(maxsize=20_000)
def _taxonomy_words(text: str) -> tuple[str, ...]:
    """Kept, for the taxonomy's texts come again and again; what customers write is not."""
    return tuple(one for one in words(text) if one not in _EMPTY)


def _titles(label: Label) -> list[tuple[str, ...]]:
    """The words of a label's title in each locale, and of its name."""
    return [tuple(words(one)) for one in (*label.titles.values(), in_words(label.name))]


def _matcher(own: Iterable[str]) -> Callable[[str], bool]:
    """Whether a word is one of some others but for its ending: `refunded`, `refund`."""
    exact = frozenset(own)
    starts: dict[str, list[str]] = {}
    for one in exact:
        starts.setdefault(one[:4], []).append(one)
    return lambda word: word in exact or any(_kin(word, one) for one in starts.get(word[:4], ()))


def _kin(one: str, other: str) -> bool:
    """Whether two words share four letters and three quarters of the shorter, from the start."""
    size = max(4, ceil(0.75 * min(len(one), len(other))))
    return one[:size] == other[:size]
