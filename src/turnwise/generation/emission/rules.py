"""The rules by which an example is adapted to what was said before it.

Each takes a text and what was said, and returns the text as the rule leaves it: unchanged where
the rule has nothing to do. What a rule knows of the language is learnt (`phrasing`), or stands in
`english`: `pronoun` and `detail` do nothing in other languages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from turnwise.generated import State
from turnwise.generation.emission.english import (
    DETERMINERS,
    HANGING,
    JOINING,
    LINKS,
    PLACES,
    SEVERAL,
    STOPS,
    TIMES,
    TOWARDS,
)
from turnwise.generation.emission.phrasing import (
    COMMON,
    RARE,
    Phrasing,
    sentences,
    without_openers,
)
from turnwise.generation.emission.words import Rarity, Word, plain, words_of

FEWEST_WORDS = 3  # that are left of a turn of which something was left out
RECENT = 2  # customer turns in which a name must stand that becomes a pronoun
NAME_WORDS = 3  # of a name without its article


@dataclass(slots=True)
class Said:
    """What was said before a turn.

    Attributes:
        state: what the turn is to mean; switching: whether it comes just after a switch of labels,
            and its example did not.
        told, heard: words of the customer so far; of the agent's last turn.
        words: of both sides so far; text: the same in their order, turns divided by a mark.
        recent: the words of the customer's last turns, oldest first.
    """

    state: State = ()
    switching: bool = False
    told: set[str] = field(default_factory=set)
    heard: frozenset[str] = frozenset()
    words: set[str] = field(default_factory=set)
    text: str = " "
    recent: list[frozenset[str]] = field(default_factory=list)

    def hear(self, customer: str, agent: str) -> None:
        """Add a turn of the customer and the answer to it, empty where there is none."""
        told, heard = plain(customer), plain(agent)
        self.text += f"{told} | {heard} | "
        words = frozenset(told.split())
        self.heard = frozenset(heard.split())
        self.told |= words
        self.words |= words | self.heard
        self.recent = [*self.recent, words][-RECENT:]


Rule = Callable[[str, Said, Phrasing], str]


def no_opener(text: str, said: Said, phrasing: Phrasing) -> str:
    """Leave out acknowledgement, greeting, thanks and apology before the point."""
    left = without_openers(text, phrasing.openers)
    words = words_of(left)
    return text if words and words[0].text in HANGING else _capital(text, left)


def no_repeated_clause(text: str, said: Said, phrasing: Phrasing) -> str:
    """Leave out sentences that give nothing but what was given before; one is always left."""
    parts = sentences(text)
    if len(parts) == 1:
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

    In a text that knows capitals, a word needs one; a number needs two figures.
    """
    size = word.end - word.start
    if any(letter.isdigit() for letter in word.text):
        return size > 1
    named = text[word.start].isupper() or text.islower()
    return named and size > 1 and rarity[word.text] >= RARE


def no_known_detail(text: str, said: Said, phrasing: Phrasing) -> str:
    """Leave out a name or number that was given before, with the preposition before it (English).

    Only where a clause or another preposition comes next, so that nothing hangs loose.
    """
    words = words_of(text)
    for start, word in enumerate(words):
        if word.text not in LINKS:
            continue
        end = start + 1
        while end < len(words) and is_detail(text, words[end], phrasing.rarity):
            end += 1
        if end > start + 1 and _known(words[start + 1 : end], said) and _ends(text, words, end):
            left = text[: word.start].rstrip() + _rest(text, words, end)
            return _capital(text, left) if len(words_of(left)) >= FEWEST_WORDS else text
    return text


def _known(run: Sequence[Word], said: Said) -> bool:
    return f" {' '.join(word.text for word in run)} " in said.text


def _ends(text: str, words: Sequence[Word], end: int) -> bool:
    """Whether a clause ends before a word, or the word is a preposition."""
    if end == len(words):
        return True
    between = text[words[end - 1].end : words[end].start]
    return bool(between.strip()) or words[end].text in LINKS


def _rest(text: str, words: Sequence[Word], end: int) -> str:
    return text[words[end - 1].end :]


def pronoun(text: str, said: Said, phrasing: Phrasing) -> str:
    """Put a pronoun for what the customer named in one of the last turns (English)."""
    words = words_of(text)
    for start, word in enumerate(words):
        if word.text not in DETERMINERS or (start and words[start - 1].text in JOINING):
            continue
        end = _name_end(text, words, start)
        named = [one.text for one in words[start + 1 : end]]
        if named and named[-1] not in TIMES and any(turn.issuperset(named) for turn in said.recent):
            return _capital(text, _replaced(text, words, start, end))
    return text


def _name_end(text: str, words: Sequence[Word], start: int) -> int:
    """Where the name behind an article ends; the article's place where it is none."""
    end = start + 1
    while end < len(words) and words[end].text not in STOPS:
        if text[words[end - 1].end : words[end].start].strip():
            break
        end += 1
    owns = end < len(words) and words[end].text in ("of", "for")
    return end if 1 < end - start <= NAME_WORDS + 1 and not owns else start


def _replaced(text: str, words: Sequence[Word], start: int, end: int) -> str:
    head, begin = words[end - 1].text, words[start].start
    if start and words[start - 1].text in TOWARDS and head in PLACES:
        return f"{text[: words[start - 1].start]}there{text[words[end - 1].end :]}"
    several = words[start].text in SEVERAL or (head.endswith("s") and not head.endswith("ss"))
    return f"{text[:begin]}{'them' if several else 'it'}{text[words[end - 1].end :]}"


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
