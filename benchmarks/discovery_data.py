"""What discovery is measured on: utterances with gold intents, raw logs, and many texts.

A gold set is what `Discovery` in the protocol names: every utterance one row, its first intent
the gold. Raw logs are whole conversations, greetings, answers and details among them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

from benchmarks import data, protocol
from benchmarks.data import DataError, DataSet
from turnwise.clusters import Utterance
from turnwise.conversations import Conversation, Role
from turnwise.sampling import stable_hash

SETS = ("natcs_insurance", "banking77", "clinc150")
RAW_DOMAINS = ("media", "airline")
# MultiDoGO's labels that say what a turn does in the talk, not what the customer wants.
TALK = frozenset(
    {
        "closinggreeting",
        "confirmation",
        "contentonly",
        "openinggreeting",
        "outofdomain",
        "rejection",
        "thankyou",
    }
)
COST_SETS = ("multidogo", "sgd")

_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])|[_\W]+")


@dataclass(frozen=True)
class GoldSet:
    """Utterances whose intent is known.

    Attributes:
        texts: as they stand in the set, one a row, repeated ones too; gold: the intent of each.
    """

    name: str
    texts: tuple[str, ...]
    gold: tuple[str, ...]

    @property
    def intents(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.gold)))

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        return tuple(Utterance(text) for text in self.texts)

    def of_intents(self, count: int) -> GoldSet:
        """The utterances of `count` intents, those of lowest h."""
        kept = set(sorted(self.intents, key=stable_hash)[:count])
        return self._where([one in kept for one in self.gold])

    def capped(self, count: int) -> GoldSet:
        """`count` utterances, those of lowest h, in the order of the set."""
        ordered = sorted(range(len(self.texts)), key=lambda row: stable_hash(self.texts[row]))
        kept = set(ordered[:count])
        return self._where([row in kept for row in range(len(self.texts))])

    def _where(self, kept: Sequence[bool]) -> GoldSet:
        pairs = zip(self.texts, self.gold, kept, strict=True)
        rows = [(text, gold) for text, gold, stays in pairs if stays]
        return GoldSet(self.name, tuple(text for text, _ in rows), tuple(gold for _, gold in rows))


@cache
def gold_set(folder: Path, name: str, split: str = "test") -> GoldSet:
    """The turns of natcs_insurance that bear an intent, or a split of an utterance set.

    Utterances out of scope are left out.
    """
    if name == "natcs_insurance":
        data_set = data.natcs_insurance(folder)
        conversations = tuple(chain.from_iterable(data_set.splits.values()))
    else:
        conversations = data.utterances(folder, name).splits[split]
    rows = [
        (turn.text, turn.gold["intent"][0])
        for conversation in conversations
        for turn in conversation.turns
        if turn.gold.get("intent") and not data.out_of_scope(turn.gold["intent"][0])
    ]
    return GoldSet(name, tuple(text for text, _ in rows), tuple(gold for _, gold in rows))


def words_of(intent: str) -> str:
    """`ReportBillingIssue`, `card_arrival` -> `report billing issue`, `card arrival`."""
    return " ".join(part.lower() for part in _WORD_START.split(intent) if part)


@dataclass(frozen=True)
class RawLogs:
    """Conversations as they were logged, and what each customer text was labelled in them.

    Attributes:
        labels: folded text -> label -> turns that say the text and bear the label.
    """

    domain: str
    conversations: tuple[Conversation, ...]
    labels: Mapping[str, Counter[str]]

    @property
    def totals(self) -> Counter[str]:
        """Label -> customer turns that bear it."""
        return sum(self.labels.values(), Counter())

    @property
    def tasks(self) -> Set[str]:
        """The labels that say what a customer wants."""
        return self.totals.keys() - TALK


def two_sided(folder: Path, count: int, seed: int) -> tuple[Conversation, ...]:
    """Dialogues of SGD's dev split, customers' turns and agents', another lot for every seed."""
    every = _sgd(folder).splits["dev"]
    return tuple(sorted(every, key=lambda one: stable_hash(f"{seed} {one.id}"))[:count])


def fold(text: str) -> str:
    """What texts have in common that differ in case and white space alone."""
    return " ".join(text.casefold().split())


def raw_logs(folder: Path, domain: str, turns: int = 0) -> RawLogs:
    """All conversations of a domain of MultiDoGO, official splits put together.

    Args:
        turns: the conversations of lowest h that hold so many customer turns; 0: all of them.
    """
    splits = _multidogo(folder).splits.values()
    found = [one for part in splits for one in part if one.meta["domain"] == domain]
    chosen = protocol.lowest(found, turns) if turns else tuple(found)
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for conversation in chosen:
        for turn in conversation.turns:
            if turn.role == "customer":
                labels[fold(turn.text)].update(set(turn.gold.get("intent", ())))
    return RawLogs(domain, chosen, labels)


def many_texts(folder: Path, count: int) -> list[str]:
    """Distinct texts of MultiDoGO and SGD: customer turns, then agent turns where these run out.

    Each side by lowest h, so that more texts hold the fewer.

    Raises:
        DataError: the sets have fewer.
    """
    customers = set(_said(folder, "customer"))
    agents = set(_said(folder, "agent")) - customers
    ordered = [text for side in (customers, agents) for text in sorted(side, key=stable_hash)]
    if len(ordered) < count:
        raise DataError(f"{len(ordered)} distinct turns are all there are, not {count}")
    return ordered[:count]


def _said(folder: Path, role: Role) -> Iterator[str]:
    for data_set in (_multidogo(folder), _sgd(folder)):
        for conversation in chain.from_iterable(data_set.splits.values()):
            for turn in conversation.turns:
                if turn.role == role and turn.text.strip():
                    yield turn.text


@cache
def _multidogo(folder: Path) -> DataSet:
    return data.multidogo(folder)


@cache
def _sgd(folder: Path) -> DataSet:
    return data.sgd(folder)
