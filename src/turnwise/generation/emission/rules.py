"""The rules by which an example is adapted to what was said before it.

Each takes a text and what was said, and returns the text as the rule leaves it: unchanged where
the rule has nothing to do. What a rule knows of the language is learnt (`phrasing`), or stands in
`english`: `pronoun` and `no known detail` do nothing in other languages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from turnwise.generated import State
from turnwise.generation.emission.english import (
    ARTICLES,
    CHOICES,
    DETAILS,
    HANGING,
    LINKS,
    STOPS,
)
from turnwise.generation.emission.phrasing import (
    COMMON,
    RARE,
    Phrasing,
    sentences,
    without_openers,
)
from turnwise.generation.emission.pronouns import NAME_WORDS, PARTICIPLES, with_pronoun
from turnwise.generation.emission.words import Rarity, Word, plain, words_of

FEWEST_WORDS = 3  # that are left of a turn of which something was left out
RECENT = 2  # customer turns in which a name must stand that becomes a pronoun
SENTENCE_ENDS = ".!?:\n"
# A quotation is said as somebody else said it: nothing in its text is left out or replaced.
QUOTED = re.compile("[\"`\u201c\u201d\u201e\u00ab\u00bb\u2018]|(?<!\\w)'")


@dataclass(slots=True)
class Said:
    """What was said before a turn.

    Attributes:
        state: what the turn is to mean; switching: whether it comes just after a switch of labels,
            and its example did not.
        told, heard: words of the customer so far; of the agent's last turn.
        words: of both sides so far.
        text: the customer's words so far in their order, turns divided by a mark.
        recent: the customer's last turns, oldest first.
        asked: whether the agent's last turn ends with a question.
    """

    state: State = ()
    switching: bool = False
    told: set[str] = field(default_factory=set)
    heard: frozenset[str] = frozenset()
    words: set[str] = field(default_factory=set)
    text: str = " "
    recent: list[str] = field(default_factory=list)
    asked: bool = False

    def hear(self, customer: str, agent: str) -> None:
        """Add a turn of the customer and the answer to it, empty where there is none."""
        told, heard = plain(customer), plain(agent)
        self.text += f"{told} | "
        words = frozenset(told.split())
        self.heard = frozenset(heard.split())
        self.told |= words
        self.words |= words | self.heard
        self.recent = [*self.recent, customer][-RECENT:]
        self.asked = agent.rstrip().endswith("?")

    def asks(self, words: Set[str]) -> bool:
        """Whether the agent's last turn is a question with one of some words."""
        return self.asked and not self.heard.isdisjoint(words)


Rule = Callable[[str, Said, Phrasing], str]


def no_opener(text: str, said: Said, phrasing: Phrasing) -> str:
    """Leave out acknowledgement, greeting, thanks and apology before the point."""
    left = without_openers(text, phrasing.openers)
    words = words_of(left)
    return text if words and words[0].text in HANGING else _capital(text, left)


def no_repeated_clause(text: str, said: Said, phrasing: Phrasing) -> str:
    """Leave out sentences that give nothing but what was given before; one is always left."""
    parts = sentences(text)
    if len(parts) == 1 or QUOTED.search(text):
        return text
    kept = [part for part in parts if not _repeats(part, said, phrasing)]
    left = "".join(kept).strip()
    return _capital(text, left) if len(words_of(left)) >= FEWEST_WORDS else text


def _repeats(part: str, said: Said, phrasing: Phrasing) -> bool:
    words = words_of(part)
    telling = [one.text for one in words if phrasing.rarity[one.text] >= COMMON]
    gives = any(is_detail(part, one, phrasing.rarity) for one in words)
    return gives and len(telling) > 1 and said.words.issuperset(telling)


def is_detail(text: str, word: Word, rarity: Rarity) -> bool:
    """Whether a word names something of this conversation: a number, or a rare word.

    A number needs two figures, a name a capital of its own: not that of a sentence, nor of a word
    that is shouted. Where nobody writes capitals, nothing tells a name from another rare word.
    """
    if any(letter.isdigit() for letter in word.text):
        return word.end - word.start > 1
    said = text[word.start : word.end]
    if not said[0].isupper() or said.isupper() or rarity[word.text] < RARE:
        return False
    before = text[: word.start].rstrip()
    return bool(before) and before[-1] not in SENTENCE_ENDS


def no_known_detail(text: str, said: Said, phrasing: Phrasing) -> str:
    """Leave out a name or number that the customer gave before, with its preposition (English).

    Only behind a noun with its article and where a clause or another preposition comes next, so
    that nothing hangs loose; and not where the agent asked, as it may be the answer.
    """
    words = words_of(text)
    if said.asks(DETAILS) or QUOTED.search(text):
        return text
    for start, word in enumerate(words):
        if word.text not in LINKS or not _names_a_thing(text, words, start):
            continue
        end = start + 1
        while end < len(words) and is_detail(text, words[end], phrasing.rarity):
            end += 1
        if end > start + 1 and _known(words[start + 1 : end], said) and _ends(text, words, end):
            left = text[: word.start].rstrip() + text[words[end - 1].end :]
            return _capital(text, left) if len(words_of(left)) >= FEWEST_WORDS else text
    return text


def _names_a_thing(text: str, words: Sequence[Word], end: int) -> bool:
    """Whether an article and a name of few words stand right before a place."""
    for start in range(end - 1, max(-1, end - 2 - NAME_WORDS), -1):
        if text[words[start].end : words[start + 1].start].strip():
            return False
        if words[start].text in ARTICLES:
            return start < end - 1 and not words[end - 1].text.endswith(PARTICIPLES)
        if words[start].text in STOPS:
            return False
    return False


def _known(run: Sequence[Word], said: Said) -> bool:
    return f" {' '.join(word.text for word in run)} " in said.text


def _ends(text: str, words: Sequence[Word], end: int) -> bool:
    """Whether a clause ends before a word, or the word is a preposition."""
    if end == len(words):
        return True
    between = text[words[end - 1].end : words[end].start]
    return bool(between.strip()) or words[end].text in LINKS


def pronoun(text: str, said: Said, phrasing: Phrasing) -> str:
    """Put a pronoun for what the customer named in one of the last turns (English)."""
    if said.asks(CHOICES) or QUOTED.search(text):
        return text
    return with_pronoun(text, said.recent)


def lead_in(text: str, said: Said, phrasing: Phrasing) -> str:
    """Phrase a switch as the logs do: put in the word that turns after a switch have there."""
    words = words_of(text)
    if not said.switching:
        return text
    for size in range(min(3, len(words)), 0, -1):
        opening = tuple(word.text for word in words[:size])
        for one in phrasing.inserted.get(opening, ()):
            if said.state in one.states:
                place = next((at for at in range(size) if one.words[at] != opening[at]), size)
                return _inserted(text, words, place, one.words[place])
    return text


def _inserted(text: str, words: Sequence[Word], place: int, word: str) -> str:
    at = words[place].start
    if at:
        return f"{text[:at]}{word} {text[at:]}"
    first = text[: words[0].end]
    lowered = first if len(first) == 1 or not first[1:].islower() else first.lower()
    return _capital(text, f"{word} {lowered}{text[words[0].end :]}")


def _capital(before: str, after: str) -> str:
    """The text with a capital where it had one."""
    if before != after and before[:1].isupper() and after[:1].islower():
        return after[0].upper() + after[1:]
    return after


# In this order: what is left out first, so that a lead-in stands before the point.
RULES: Mapping[str, Rule] = {
    "no opener": no_opener,
    "no repeated clause": no_repeated_clause,
    "no known detail": no_known_detail,
    "pronoun": pronoun,
    "lead-in": lead_in,
}


def adapted(text: str, said: Said, phrasing: Phrasing) -> tuple[str, tuple[str, ...]]:
    """Apply all rules; return the text and the names of those that changed it.

    The turn that opens a conversation stays as it is.
    """
    applied: list[str] = []
    if not said.recent:
        return text, ()
    for name, rule in RULES.items():
        changed = rule(text, said, phrasing).strip()
        if changed and changed != text:
            text = changed
            applied.append(name)
    return text, tuple(applied)
