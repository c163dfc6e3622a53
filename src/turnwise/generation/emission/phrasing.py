"""How the logs phrase things: what the rules of adaptation are learnt from.

Pools --learn_phrasing--> Phrasing
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from turnwise.generated import State
from turnwise.generation.emission.english import OPENERS
from turnwise.generation.emission.pools import Pools, Utterance
from turnwise.generation.emission.words import Rarity, plain, words_of

LEAD_WORDS = 4  # of a lead-in at most
LEAST_LEADS = 5  # turns after a switch that a lead-in opens
SURE = 2.58  # z of a lead-in: 99%, for many are tested
OPENER_WORDS = 4  # of an acknowledgement at most
LEAST_OPENERS = 8
BROAD = 0.4  # of the labels that all turns spread over, by perplexity: those of an opener
RARE = math.log(200)  # a word of one text in 200 or fewer is a detail
COMMON = math.log(25)  # a word of one text in 25 or more says little

# A mark that ends a clause: of a number or an address it does not. Then the full-width ones.
_MARK = re.compile("[.,!?;:]+(?:\\s+|$)|[\u3002\uff0c\uff01\uff1f\uff1b]+|\\s*\n\\s*")
_STOP = re.compile("[.!?]+(?:\\s+|$)|[\u3002\uff01\uff1f]+|\\s*\n\\s*")

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeadIn:
    """Words that open a turn just after a switch much more often than a conversation.

    Attributes:
        z: log-odds with an informative Dirichlet prior, by its standard deviation (Monroe, Colaresi
            and Quinn 2008, eq. 22).
        states: what the talk switched to with these words.
    """

    words: Words
    z: float
    states: frozenset[State]


@dataclass(frozen=True)
class Phrasing:
    """What was learnt.

    Attributes:
        rarity: of words in what customers and agents say.
        openers: acknowledgements, greetings and thanks before the point, as words.
        inserted: the words that open a turn -> the lead-ins that are these words and one more, the
            surest first.
    """

    rarity: Rarity
    openers: frozenset[Words]
    inserted: Mapping[Words, tuple[LeadIn, ...]]


def learn_phrasing(pools: Pools) -> Phrasing:
    """Learn from the utterances of the pools; what needs positions is empty where none is known."""
    said = [(state, one) for state in pools.states for one in pools.pool(state).utterances]
    utterances = [one for _, one in said]
    texts = (text for one in utterances for text in (one.text, one.answer) if text)
    rarity = Rarity(plain(text).split() for text in texts)
    openers = frozenset(tuple(plain(one).split()) for one in OPENERS)
    openers |= _openers(said)
    lead_ins = _lead_ins(said, openers)
    return Phrasing(rarity, openers, _inserted(lead_ins))


def clauses(text: str) -> list[str]:
    """A text cut behind its marks; joined, the parts are the text."""
    return _cut(text, _MARK)


def sentences(text: str) -> list[str]:
    """A text cut behind the marks that end a sentence; joined, the parts are the text."""
    return _cut(text, _STOP)


def _cut(text: str, marks: re.Pattern[str]) -> list[str]:
    ends = [mark.end() for mark in marks.finditer(text)]
    bounds = [0, *ends, len(text)] if not ends or ends[-1] < len(text) else [0, *ends]
    return [text[start:end] for start, end in pairwise(bounds)]


def without_openers(text: str, openers: frozenset[Words]) -> str:
    """A text without the openers before its point; as it is where there is nothing else.

    An opener ends at a mark. In a text without any mark it may end before any small letter.
    """
    parts = clauses(text)
    if not _MARK.search(text):
        return _unmarked(text, openers)
    for place, part in enumerate(parts):
        if tuple(word.text for word in words_of(part)) not in openers:
            return "".join(parts[place:]) if words_of(part) else text
    return text


def _unmarked(text: str, openers: frozenset[Words]) -> str:
    words = words_of(text)
    start = 0
    while start < len(words):
        sizes = range(min(OPENER_WORDS, len(words) - start), 0, -1)
        said = tuple(word.text for word in words[start:])
        size = next((one for one in sizes if said[:one] in openers), 0)
        if not size:
            goes_on = text[words[start].start] == words[start].text[0]
            return text[words[start].start :] if start and goes_on else text
        start += size
    return text


def _openers(said: Sequence[tuple[State, Utterance]]) -> frozenset[Words]:
    """Short first clauses that are said under all sorts of labels, and do not answer a question."""
    uses: dict[Words, Counter[State]] = defaultdict(Counter)
    answering: Counter[Words] = Counter()
    base = _answering(said)
    for state, one in said:
        words = tuple(word.text for word in words_of(clauses(one.text)[0]))
        if one.asked and 0 < len(words) <= OPENER_WORDS:
            uses[words][state] += 1
            answering[words] += _answers(one)
    spread = BROAD * _perplexity(Counter(state for state, _ in said))
    return frozenset(
        words
        for words, states in uses.items()
        if states.total() >= LEAST_OPENERS
        and _perplexity(states) >= max(2.0, spread)
        and answering[words] < base * states.total()
    )


def _answering(said: Sequence[tuple[State, Utterance]]) -> float:
    """The share of the turns after an agent's that come after a question."""
    asked = [one for _, one in said if one.asked]
    return sum(map(_answers, asked)) / len(asked) if asked else 1.0


def _answers(one: Utterance) -> bool:
    return one.asked.rstrip().endswith(("?", "\uff1f"))


def _perplexity(counts: Counter[State]) -> float:
    """How many labels a distribution is as broad as."""
    total = counts.total()
    return math.exp(-sum(n / total * math.log(n / total) for n in counts.values())) if total else 0


def _lead_ins(
    said: Sequence[tuple[State, Utterance]], openers: frozenset[Words]
) -> Iterator[LeadIn]:
    """N-grams that open turns just after a switch rather than conversations, and do not answer."""
    opening: Counter[Words] = Counter()
    switching: dict[Words, Counter[State]] = defaultdict(Counter)
    answering: Counter[Words] = Counter()
    base = _answering([(state, one) for state, one in said if one.position == "switching"])
    for state, one in said:
        grams = _openings(without_openers(one.text, openers))
        if one.position == "opening":
            opening.update(grams)
        elif one.position == "switching":
            for words in grams:
                switching[words][state] += 1
                answering[words] += _answers(one)
    counts = Counter({words: states.total() for words, states in switching.items()})
    odds = log_odds(counts, opening)
    for words in sorted(counts, key=lambda words: (-odds[words], words)):
        count = counts[words]
        if odds[words] >= SURE and count >= LEAST_LEADS and answering[words] <= base * count:
            yield LeadIn(words, odds[words], frozenset(switching[words]))


def _openings(text: str) -> Iterator[Words]:
    words = tuple(word.text for word in words_of(clauses(text)[0]))
    for size in range(1, min(LEAD_WORDS, len(words)) + 1):
        yield words[:size]


def log_odds(some: Counter[Words], others: Counter[Words]) -> dict[Words, float]:
    """By how many standard deviations each n-gram is more frequent in `some` than in `others`.

    Log-odds ratio with an informative Dirichlet prior, the counts of both together (Monroe,
    Colaresi and Quinn 2008, eqs. 15, 19 and 22).
    """
    every = some + others
    total, sum_some, sum_others = every.total(), some.total(), others.total()
    found = {}
    for words, prior in every.items():
        one, other = some[words] + prior, others[words] + prior
        rest_one = max(sum_some + total - one, 1)
        rest_other = max(sum_others + total - other, 1)
        delta = math.log(one / rest_one) - math.log(other / rest_other)
        found[words] = delta / math.sqrt(1 / one + 1 / other)
    return found


def _inserted(lead_ins: Iterable[LeadIn]) -> dict[Words, tuple[LeadIn, ...]]:
    """By what is left of a lead-in when one word that is not its last is taken out."""
    found: dict[Words, list[LeadIn]] = defaultdict(list)
    for one in lead_ins:
        for place in range(len(one.words) - 1):
            found[one.words[:place] + one.words[place + 1 :]].append(one)
    return {words: tuple(some) for words, some in found.items()}
