"""Conversations -> the distinct utterances to cluster, and what is set aside, each with why.

    turns --each text once--> greetings, fillers, bare answers set aside --> utterances

Distinct is what differs in more than case and white space. An utterance is read without context,
but for one that only points at what was said before and answers a question: that is read with it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Protocol

from turnwise.clusters import SetAside, Utterance
from turnwise.conversations import Conversation, Example, Role
from turnwise.discovery.answers import asks_for_detail, detail_answers
from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.fillers import (
    DETAIL,
    REPEATED,
    SHORT,
    Bag,
    after_anything,
    bag_of,
    learn_words,
    reason_of,
    says_nothing_alone,
)
from turnwise.discovery.loop import FEWEST
from turnwise.discovery.mixture import mixed_languages
from turnwise.errors import DiscoveryError
from turnwise.progress import Progress, silent

EXPLAINED = "explained by the taxonomy"
LONGEST = 2_000  # characters of a turn that are read; an encoder reads fewer
QUESTION = 400  # characters of a question that a turn may be read with
QUESTION_MARKS = "?\uff1f\u061f\u037e"  # also full-width, Arabic and Greek
FIRST_TURNS = 3  # that are remembered of those that say one text
BAGS = 200  # turns before a text that are remembered, of each text
EVERY_BAG = 20_000  # and of all texts
CONVERSATIONS_AT_ONCE = 64


class Known(Protocol):
    """Tells the turns that a taxonomy explains already."""

    def __call__(self, examples: Sequence[Example]) -> Sequence[bool]:
        """For each turn, whether it is explained, so that no new intent is looked for in it."""
        ...


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of conversations.

    Attributes:
        utterances: to be clustered, in the order in which they were said first.
        set_aside: the others, the most frequent first.
        notes: what a reader must know: several languages, texts that were cut.
    """

    utterances: tuple[Utterance, ...]
    set_aside: tuple[SetAside, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Text:
    """One distinct text while turns are counted.

    Attributes:
        replies: turns that say it behind another role's; answers: those behind a question for a
            detail.
    """

    text: str
    before: str
    count: int = 0
    explained: int = 0
    replies: int = 0
    answers: int = 0
    roles: Counter[Role] = field(default_factory=Counter)
    said: list[tuple[str, int]] = field(default_factory=list)
    after: list[Bag] = field(default_factory=list)


@dataclass(slots=True)
class _Log:
    """All that is counted while conversations go by."""

    texts: dict[str, _Text] = field(default_factory=dict)
    before: list[Bag] = field(default_factory=list)
    languages: Counter[str] = field(default_factory=Counter)
    turns: int = 0
    cut: int = 0


def read_utterances(
    conversations: Iterable[Conversation],
    config: DiscoveryConfig,
    known: Known | None = None,
    progress: Progress = silent,
) -> Read:
    """Collect the distinct utterances of conversations.

    Args:
        conversations: read once, in any order; the same order gives the same result.
        config: `roles` says whose turns are read.
        known: tells the turns that are explained already: these count as set aside. It is asked
            about the customer's turns.

    Raises:
        DiscoveryError: fewer than 20 distinct utterances are left; it says what became of the rest.
    """
    log, done, rest = _Log(), 0, iter(conversations)
    while some := list(islice(rest, CONVERSATIONS_AT_ONCE)):
        _count(some, config, known, log)
        done += len(some)
        progress("read utterances", done, 0)
    progress("read utterances", done, done)
    utterances, set_aside = _sorted_out(log, config)
    if len(utterances) < FEWEST:
        raise DiscoveryError(_too_few(len(utterances), log, set_aside))
    return Read(tuple(utterances), tuple(set_aside), tuple(_notes(log, utterances)))


def _count(
    conversations: Sequence[Conversation],
    config: DiscoveryConfig,
    known: Known | None,
    log: _Log,
) -> None:
    asked: list[tuple[Example, _Text]] = []
    for conversation in conversations:
        language = conversation.locale.replace("_", "-").split("-")[0].lower()
        wished = False  # who has not said yet what they want answers nothing
        for example in _turns(conversation, config):
            one = _note_turn(example, log)
            log.languages[language] += 1
            if example.turn.role == "customer":
                if wished:
                    _note_reply(example, one)
                wished = wished or not reason_of(one.text)
            if known is not None and example.turn.role == "customer" and not reason_of(one.text):
                asked.append((example, one))
    if known is not None and asked:
        answers = known([example for example, _ in asked])
        for (_, one), explained in zip(asked, answers, strict=True):
            one.explained += bool(explained)


def _turns(conversation: Conversation, config: DiscoveryConfig) -> Iterator[Example]:
    for index, turn in enumerate(conversation.turns):
        if config.roles == "both" or turn.role == "customer":
            yield Example(conversation, index)


def _note_turn(example: Example, log: _Log) -> _Text:
    text, was_cut = _clean(example.text)
    log.turns += 1
    log.cut += was_cut
    before = _question_before(example) if _points(text) else ""
    one = log.texts.setdefault(_key(f"{before}\n{text}"), _Text(text, before))
    one.count += 1
    one.roles[example.turn.role] += 1
    if len(one.said) < FIRST_TURNS:
        one.said.append(example.key)
    if example.index:
        _note_before(example.conversation.turns[example.index - 1].text, one, log)
    return one


def _note_before(before: str, one: _Text, log: _Log) -> None:
    # A text that is said once comes after nothing in particular: its turn before is not kept.
    wanted = one.count > 1 and len(one.after) < BAGS and one.text.count(" ") < SHORT
    if wanted or len(log.before) < EVERY_BAG:
        bag = bag_of(before)
        if len(log.before) < EVERY_BAG:
            log.before.append(bag)
        if wanted:
            one.after.append(bag)


@lru_cache(maxsize=10_000)
def _points(text: str) -> bool:
    return says_nothing_alone(text) and not reason_of(text)


def _question_before(example: Example) -> str:
    """The turn before where another role asks something in it; of a long one the end."""
    if not example.index:
        return ""
    turn = example.conversation.turns[example.index - 1]
    text, _ = _clean(turn.text)
    asks = turn.role != example.turn.role and any(mark in text for mark in QUESTION_MARKS)
    return text[-QUESTION:].strip() if asks else ""


def _note_reply(example: Example, one: _Text) -> None:
    turn = example.conversation.turns[example.index - 1]
    if turn.role != example.turn.role:
        one.replies += 1
        one.answers += asks_for_detail(turn.text)


def _clean(text: str) -> tuple[str, bool]:
    """A text without characters that nothing can write, and whether it was cut."""
    text = text.strip()
    was_cut = len(text) > LONGEST
    if was_cut:
        text = text[:LONGEST].rsplit(maxsplit=1)[0] if " " in text[:LONGEST] else text[:LONGEST]
    if not text.isprintable():
        text = "".join(" " if _unwritable(one) else one for one in text)
    return text.strip(), was_cut


def _unwritable(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs", "Cn")


def _key(text: str) -> str:
    """What texts have in common that differ in case and white space alone."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _sorted_out(log: _Log, config: DiscoveryConfig) -> tuple[list[Utterance], list[SetAside]]:
    learnt = learn_words(one.text for one in log.texts.values())
    enough = {key: one.after for key, one in log.texts.items() if len(one.after) > 1}
    even = after_anything(enough, log.before)
    details = _details(log)
    silent_roles = config.roles == "both" and len(_roles(log)) == 1  # then nobody wrote them down
    utterances, set_aside = [], []
    for key, one in log.texts.items():
        reason = "" if one.before else reason_of(one.text, learnt)
        reason = reason or (DETAIL if key in details else REPEATED if key in even else "")
        if reason:
            set_aside.append(SetAside(one.text, one.count, reason))
            continue
        if one.explained:
            set_aside.append(SetAside(one.text, one.explained, EXPLAINED))
        if one.count > one.explained:
            role = None if silent_roles else one.roles.most_common(1)[0][0]
            count = one.count - one.explained
            utterances.append(Utterance(one.text, count, role, tuple(one.said), one.before))
    set_aside.sort(key=lambda one: -one.count)
    return utterances, set_aside


def _details(log: _Log) -> Set[str]:
    """The texts that mostly answer another role and say nothing but a detail."""
    replies = {key for key, one in log.texts.items() if one.replies and _is_most(one.replies, one)}
    asked = {key for key in replies if _is_most(log.texts[key].answers, log.texts[key])}
    if not asked:
        return set()
    # What is set aside by itself teaches nothing, and what points is read with its question.
    said = {key: one.text for key, one in log.texts.items() if not reason_of(one.text)}
    found = detail_answers(said, replies, asked)
    return {key for key in found if not log.texts[key].before}


def _is_most(turns: int, of: _Text) -> bool:
    return 2 * turns >= of.count


def _roles(log: _Log) -> set[Role]:
    return {role for one in log.texts.values() for role in one.roles}


def _too_few(left: int, log: _Log, set_aside: Sequence[SetAside]) -> str:
    if not log.turns:
        return "no conversation has a turn to read. Import conversations, or set discovery.roles"
    if len(log.texts) == 1:
        return f"all {log.turns:,} turns say the same, so there is nothing to tell apart"
    reasons = Counter[str]()
    for one in set_aside:
        reasons[one.reason] += one.count
    why = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
    advice = "Import more conversations"
    if EXPLAINED in reasons:
        advice = "There is nothing new to find; import more conversations to look again"
    return (
        f"{log.turns:,} turns leave {left:,} distinct utterances, fewer than the {FEWEST} that "
        f"intents can be found in{f' (set aside: {why})' if why else ''}. {advice}"
    )


def _notes(log: _Log, utterances: Sequence[Utterance]) -> Iterator[str]:
    if log.cut:
        yield f"Of {log.cut:,} turns with more than {LONGEST:,} characters the beginning was read."
    yield from mixed_languages([(one.text, one.count) for one in utterances], log.languages)
