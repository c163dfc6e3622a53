"""Splits and samples by conversation, never by turn, stable under re-run and under added data.

Everything is decided by h(id) = sha256(id) as an integer: a conversation keeps its place
whatever else is in the logs.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from turnwise.conversations import Conversation, Example

TRAINING_CAP = 20_000  # turns of one label that training sees at most
EVALUATION_CAP = 10_000


def stable_hash(text: str) -> int:
    """sha256 of a text as an integer: the h of the measuring protocol."""
    return int.from_bytes(sha256(text.encode("utf-8")).digest(), "big")


def in_tuning_split(conversation_id: str) -> bool:
    """Whether a training conversation belongs to the tuning split: h mod 10 = 0."""
    return stable_hash(conversation_id) % 10 == 0


@dataclass(frozen=True, slots=True)
class Split:
    """Ids of conversations, each in exactly one part, by increasing h within it.

    Attributes:
        seed: labelled by people; trains and calibrates.
        test: labelled by people; only ever scored.
        unlabelled: the logs to be labelled. Gold of theirs, where there is any, scores the
            labelling and is seen by nothing else.
    """

    seed: tuple[str, ...]
    test: tuple[str, ...]
    unlabelled: tuple[str, ...]


def split_conversations(
    gold_ids: Iterable[str],
    other_ids: Iterable[str] = (),
    seed: int | None = None,
    test: int | None = None,
) -> Split:
    """Divide conversations into seed, test and unlabelled logs.

    Args:
        gold_ids: conversations that carry gold; other_ids: those that carry none.
        seed, test: how many gold conversations to take for each, lowest h first, the rest
            counting as unlabelled (a sample that is labelled throughout can play real logs);
            where either is None, those with h mod 10 < 3 are the test and all others the seed.
    """
    ordered = sorted(set(gold_ids), key=stable_hash)
    others = sorted(set(other_ids) - set(ordered), key=stable_hash)
    if seed is None or test is None:
        tested = [one for one in ordered if stable_hash(one) % 10 < 3]
        kept = [one for one in ordered if stable_hash(one) % 10 >= 3]
        return Split(tuple(kept), tuple(tested), tuple(others))
    rest = ordered[seed + test :]
    return Split(
        seed=tuple(ordered[:seed]),
        test=tuple(ordered[seed : seed + test]),
        unlabelled=tuple(sorted((*rest, *others), key=stable_hash)),
    )


def hold_apart(ids: Sequence[str], share: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divide ids into (kept, held apart) by the order of another hash than that of the split.

    At least one id is held apart where there are two or more.
    """
    ordered = sorted(ids, key=lambda one: stable_hash(f"hold apart {one}"))
    held = min(max(1, round(share * len(ordered))), len(ordered) - 1) if len(ordered) > 1 else 0
    return tuple(ordered[held:]), tuple(ordered[:held])


def month_and_domain(conversation: Conversation) -> tuple[str, str]:
    """The stratum of a conversation: its month, and the domain most of its gold names."""
    month = conversation.started_at.strftime("%Y-%m") if conversation.started_at else ""
    counts: dict[str, int] = defaultdict(int)
    for turn in conversation.turns:
        for label in turn.gold.get("domain", ()):
            counts[label] += 1
    domain = max(counts, key=lambda label: (counts[label], label)) if counts else ""
    return month, conversation.meta.get("domain", domain)


def stratified_sample(
    conversations: Iterable[Conversation],
    size: int,
    stratum: Callable[[Conversation], Hashable] = month_and_domain,
) -> list[str]:
    """Choose ids so that each stratum has its share of the sample, lowest h first.

    Shares are rounded by largest remainder, so that exactly min(size, all) ids come back, and
    no stratum's count is off by one or more from its exact share. Holds one id a conversation.
    """
    strata: dict[Hashable, list[str]] = defaultdict(list)
    for conversation in conversations:
        strata[stratum(conversation)].append(conversation.id)
    total = sum(map(len, strata.values()))
    size = min(size, total)
    quotas = {key: size * len(ids) / total for key, ids in strata.items()} if total else {}
    taken = {key: int(quota) for key, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda key: (taken[key] - quotas[key], str(key)))
    for key in by_remainder[: size - sum(taken.values())]:
        taken[key] += 1
    return [
        one for key, ids in strata.items() for one in heapq.nsmallest(taken[key], ids, stable_hash)
    ]


def cap_per_label(
    examples: Iterable[Example],
    labels_of: Callable[[Example], Mapping[str, str]],
    cap: int = TRAINING_CAP,
) -> Iterator[tuple[Example, Mapping[str, str]]]:
    """Yield examples with their labels, at most `cap` turns of each label of each dimension.

    Conversations come in order of h, so that added data replaces as little as possible. A turn
    whose label is full in one dimension still serves the dimensions where it is not.
    """
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for example in sorted(examples, key=lambda one: (stable_hash(one.key[0]), one.index)):
        kept = {}
        for dimension, label in labels_of(example).items():
            if counts[dimension, label] < cap:
                counts[dimension, label] += 1
                kept[dimension] = label
        if kept:
            yield example, kept
