"""The embedded customer: knows the clear query, and says as much of it as is asked. English."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from turnwise.generation.ambiguity import LabelSets, Meant
from turnwise.generation.ambiguity.phrases import Token, tokens, written
from turnwise.generation.ambiguity.spans import clauses
from turnwise.generation.ambiguity.words import (
    AUXILIARIES,
    DETERMINERS,
    EMPTY_WORDS,
    GREETINGS,
    LEADS_ON,
    OPENERS,
    PRONOUNS,
    QUESTIONS,
    SUBORDINATORS,
)
from turnwise.generation.clarification.assistant import heard
from turnwise.generation.clarification.talk import Failed, Talk

UNKNOWN = "I do not know."
NONE = "None of these."
ASKS = "My question is:"
SUBJECTS = frozenset(["i", "i'm", "i've", "i'd", "i'll", "we"])
MORE_LIKELY = 0.5  # of what is shared among the labels asked about, that tells which is meant
MOST_SAID = 12  # parts of the clear query that are tried

Part = tuple[int, int]


def parts(clear: str, said: Sequence[str]) -> list[str]:
    """What of a clear query was not said yet, as short as it can be said, the shortest first; at
    last all of it. Nothing where all was said."""
    words = tokens(clear)
    own = [one.word for one in words]
    kept: set[int] = set()
    for text in said:
        known = [one.word for one in tokens(text)]
        matched = SequenceMatcher(None, own, known, autojunk=False).get_matching_blocks()
        kept.update(at for block in matched for at in range(*_range(block)))
    missing = [at for at in range(len(words)) if at not in kept and own[at]]
    if not missing:
        return []
    spans = dict.fromkeys(_growing(words, missing))
    ordered = sorted(spans, key=lambda span: (span[1] - span[0], span))
    texts = dict.fromkeys(_said(words, *span) for span in ordered)
    return list(texts)[-MOST_SAID:]


def _range(block: tuple[int, int, int]) -> Part:
    return block[0], block[0] + block[2]


def _growing(words: Sequence[Token], missing: Sequence[int]) -> Iterator[Part]:
    """Each run of missing words, widened to a phrase; its clause, its sentence, and all."""
    for start, end in _runs(words, missing):
        yield _widened(words, start, end)
        for ends in (("sentence", "clause"), ("sentence",)):
            touched = [span for span in clauses(words, ends) if span[0] < end and span[1] > start]
            yield touched[0][0], touched[-1][1]
    yield 0, len(words)


def _runs(words: Sequence[Token], missing: Sequence[int]) -> Iterator[Part]:
    """Missing words that follow each other within a sentence."""
    for first, last in clauses(words, ("sentence",)):
        inside = [at for at in missing if first <= at < last]
        while inside and words[inside[-1]].word in GREETINGS:
            inside.pop()
        while inside:
            size = next((at for at, one in enumerate(inside) if one != inside[0] + at), len(inside))
            yield inside[0], inside[0] + size
            inside = inside[size:]


def _widened(words: Sequence[Token], start: int, end: int) -> Part:
    """With the words before and behind without which it would be no phrase."""
    clause = next(one for one in clauses(words) if one[0] <= start < one[1])[0]
    if any(_denies(one.word) for one in words[clause:start]):
        start = clause
    while start > clause and not _begins(words, start):
        start -= 1
    while end < len(words) and not words[end - 1].ends and _goes_on(words, end):
        end += 1
    return start, end


def _begins(words: Sequence[Token], at: int) -> bool:
    """Whether a phrase can begin with a word."""
    before, word = words[at - 1].word, words[at].word
    if before in DETERMINERS | AUXILIARIES | QUESTIONS or (
        before in OPENERS and word not in OPENERS
    ):
        return False
    if word == "to" and at + 1 < len(words) and words[at + 1].word not in DETERMINERS:
        return False  # of a verb, which needs its subject
    return word in OPENERS | DETERMINERS | QUESTIONS | SUBJECTS


def _denies(word: str) -> bool:
    return word in ("not", "no", "never", "cannot") or word.endswith("n't")


def _goes_on(words: Sequence[Token], end: int) -> bool:
    """Whether a phrase that would end before a word needs it."""
    last, word = words[end - 1].word, words[end].word
    return last in LEADS_ON or word in DETERMINERS or word not in EMPTY_WORDS


def _said(words: Sequence[Token], start: int, end: int) -> str:
    """A part of a query as an answer."""
    part = words[start:end]
    first, spoken = part[0].word, frozenset(one.word for one in part)
    asks = first in (QUESTIONS | AUXILIARIES) - SUBORDINATORS - SUBJECTS
    text = written(part, part)
    mark = text[-1:] if text[-1:] == "!" or asks else ""
    text = text.rstrip(".,;:?! ") + (mark if mark in ("?", "!") else "?" if asks else ".")
    lower = text if first in SUBJECTS or text[:2].isupper() else text[:1].lower() + text[1:]
    if first in AUXILIARIES and asks:
        return f"{ASKS} {lower}"
    if first in DETERMINERS and not spoken & (PRONOUNS | AUXILIARIES):
        return f"It's {lower}"
    return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class EmbeddedCustomer:
    """Says the shortest part of the clear query that tells the asked labels apart; implements
    `Customer`. Never asks back what was not in mind, and never says the label.

    Attributes:
        sets: read what an answer would tell.
    """

    sets: LabelSets

    source_name = "embedded"

    def answers(self, talks: Sequence[Talk]) -> list[str | Failed]:
        tried = [parts(one.start.clear.text, one.customer) for one in talks]
        read = [
            heard((*talk.customer, part), talk.start.clear.locale)
            for talk, some in zip(talks, tried, strict=True)
            for part in some
        ]
        meant = self.sets.meant(read) if read else {}
        answers: list[str | Failed] = []
        start = 0
        for talk, some in zip(talks, tried, strict=True):
            rows = range(start, start + len(some))
            start = rows.stop
            told = meant[talk.start.dimension] if some else None
            answers.append(self._answer(talk, some, told, rows))
        return answers

    def _answer(self, talk: Talk, some: Sequence[str], meant: Meant | None, rows: range) -> str:
        asked = talk.questions[-1].between or talk.start.offered
        label = talk.start.label
        among = asked if label in asked else tuple(self.sets.taxonomy[talk.start.dimension].names)
        telling = (
            part
            for row, part in zip(rows, some, strict=True)
            if meant is not None and _tells(meant, row, label, among)
        )
        part = next(telling, "")
        if label in asked:
            return part or UNKNOWN
        return f"{NONE} {part}".strip()


def _tells(meant: Meant, row: int, label: str, among: Sequence[str]) -> bool:
    """Whether a label is likelier than all others together."""
    total = sum(meant.probability(row, one) for one in among)
    return meant.probability(row, label) >= MORE_LIKELY * total
