"""What is done in a cluster: asked, wanted, reported, cancelled, confirmed.

The action is the kind of most utterances (`inquire`, `report`, ...) or, better where there is
one, the verb that many share ("I want to *cancel* my order"). Verbs are read off the logs
themselves, behind cues, so that there is no list of them to maintain. None of this reads another
language than English: there the action is `inquire` for questions, by their marks, or `about`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from turnwise.discovery.naming.cues import (
    DOING,
    KINDS,
    LIGHT,
    OPENING,
    OPENING_VERB,
    QUESTION,
    VERB_BEHIND,
    WISH,
    Kind,
)
from turnwise.discovery.naming.languages import ENGLISH, UNKNOWN

NEUTRAL = "about"  # where nothing shows what is done
READ = 500  # characters of an utterance: whoever says more has said what they want by then

# What one side says nearly always; a verb that was read off the logs is a customer's wish as well.
AGENT_KINDS: frozenset[Kind] = frozenset(("ask", "offer", "confirm", "apologize", "provide"))
CUSTOMER_KINDS: frozenset[Kind] = frozenset(("inquire", "request", "report", "complain"))
SOCIAL_KINDS: frozenset[Kind] = frozenset(("greet", "thank", "goodbye", "affirm", "deny"))
SIDES = (CUSTOMER_KINDS, AGENT_KINDS, SOCIAL_KINDS)  # the first wins a tie
GENERAL: frozenset[str] = CUSTOMER_KINDS | AGENT_KINDS | SOCIAL_KINDS | {NEUTRAL}
# A verb by one of these names would be taken for what agents do, or for manners. Those of the
# customers' kinds mean the same as the verb: "I want to report ...".
_NO_VERBS = LIGHT | AGENT_KINDS | SOCIAL_KINDS
# Share of a cluster's utterances that hold a verb, from which on it is the action, by their kind.
VERB: Mapping[Kind | None, float] = {"request": 0.15, None: 0.25}
SHOWN = 0.5  # of the utterances have a kind; where fewer have, they tell something
# Ends of questions: of Latin and Cyrillic, Chinese and Japanese, Arabic, Greek, Armenian.
_ASKED = re.compile("[?？؟;՞]\\s*$")


@dataclass(frozen=True, slots=True)
class Reading:
    """What an utterance does.

    Attributes:
        kind: of the whole; None where no cue shows it.
        verbs: behind the cues, in their order, each once.
    """

    kind: Kind | None
    verbs: tuple[str, ...]


def actions_of(texts: Sequence[Sequence[str]], languages: Sequence[str]) -> list[str]:
    """The action of each cluster: a kind, a verb of the logs, or `about`.

    Args:
        texts: of each cluster. languages: of each; cues are read in what is, or could be, English.
    """
    readable = [language in (ENGLISH, UNKNOWN) for language in languages]
    english = [some for some, reads in zip(texts, readable, strict=True) if reads]
    verbs = Verbs([text for some in english for text in some])
    return [
        _action([verbs.read(text) for text in some]) if reads else _by_marks(some)
        for some, reads in zip(texts, readable, strict=True)
    ]


def is_customers(action: str) -> bool:
    """Whether an action is a customer's: one of `CUSTOMER_KINDS`, or a verb of the logs."""
    return action not in AGENT_KINDS | SOCIAL_KINDS


class Verbs:
    """The verbs of some logs: what stands behind cues, often enough to be no accident.

    Args:
        texts: of the logs, as many as there are.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        behind: Counter[str] = Counter()
        for text in texts:
            behind.update(set(VERB_BEHIND.findall(_plain(text))))
        self.known = {
            verb
            for verb, count in behind.items()
            if count > 1 and _NO_VERBS.isdisjoint((verb, verb.partition(" ")[0]))
        }

    def read(self, text: str) -> Reading:
        """The kind of an utterance, and its verbs."""
        plain = _plain(text)
        opening = OPENING_VERB.findall(OPENING.sub("", plain))
        doing = [self._of_ing(word) for word in DOING.findall(plain)]
        found = [self._known(verb) for verb in (*opening, *VERB_BEHIND.findall(plain), *doing)]
        verbs = tuple(dict.fromkeys(verb.replace(" ", "-") for verb in found if verb))
        return Reading(_kind(plain, has_verb=bool(verbs)), verbs)

    def _known(self, verb: str) -> str:
        """The verb with its particle, without it, or nothing: whatever is a verb of these logs."""
        alone = verb.partition(" ")[0]
        return next((one for one in (verb, alone) if one in self.known), "")

    def _of_ing(self, word: str) -> str:
        """`cancelling` -> `cancel`, if that is a verb of these logs."""
        stem = word.removesuffix("ing")
        once = stem[:-1] if stem[-1:] == stem[-2:-1] else stem
        return next((form for form in (stem, f"{stem}e", once) if form in self.known), "")


def _plain(text: str) -> str:
    return " ".join(text[:READ].lower().replace("’", "'").split())


def _kind(plain: str, *, has_verb: bool) -> Kind | None:
    for kind, cue in KINDS:
        if cue.search(plain):
            return kind
    if QUESTION.search(OPENING.sub("", plain)):
        return "inquire"
    if WISH.search(plain) or (has_verb and not plain.startswith("i ")):
        return "request"
    return None


def _action(readings: Sequence[Reading]) -> str:
    kinds = Counter(one.kind for one in readings if one.kind)
    if sum(kinds.values()) < SHOWN * len(readings):
        return "provide"
    said = {side: sum(kinds[kind] for kind in side) for side in SIDES}
    side = max(SIDES, key=lambda one: said[one])
    kind = max(sorted(side), key=lambda one: kinds[one])
    if side is CUSTOMER_KINDS:
        verbs = Counter(verb for one in readings for verb in one.verbs)
        verb = max(verbs, key=lambda one: (verbs[one], one), default="")
        if verb and verbs[verb] >= VERB.get(kind, VERB[None]) * len(readings):
            return verb
    return kind


def _by_marks(texts: Sequence[str]) -> str:
    asked = sum(bool(_ASKED.search(text)) for text in texts)
    return "inquire" if asked > len(texts) / 2 else NEUTRAL
