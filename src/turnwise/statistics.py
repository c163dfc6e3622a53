"""What is in the logs: counts, lengths, months, labels, and how often labels change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from turnwise.conversations import Conversation, Turn, examples


@dataclass(frozen=True, slots=True)
class LabelStatistics:
    """How one dimension is labelled.

    Attributes:
        counts: label -> customer turns that carry it, most frequent first.
        changes, followed: of `followed` pairs of consecutive labelled customer turns, the
            `changes` whose label differs: how much a classifier must follow the talk.
        conversations_changing: conversations with at least one change.
    """

    counts: Mapping[str, int]
    changes: int
    followed: int
    conversations_changing: int


@dataclass(frozen=True, slots=True)
class LogStatistics:
    """Counts over a set of conversations.

    Attributes:
        turns, customer_turns: merged turns; messages: what they were merged from.
        distinct_customer_texts: different texts among the customer turns.
        turns_per_conversation: number of customer turns -> conversations: P(T) in counts.
        customer_words: words per customer turn at the 10th, 50th, 90th and 99th percentile.
        months, locales, markets, channels: value -> conversations.
        labels: dimension -> its statistics, from gold.
    """

    conversations: int
    turns: int
    customer_turns: int
    messages: int
    distinct_customer_texts: int
    turns_per_conversation: Mapping[int, int]
    customer_words: Mapping[str, float]
    months: Mapping[str, int]
    locales: Mapping[str, int]
    markets: Mapping[str, int]
    channels: Mapping[str, int]
    labels: Mapping[str, LabelStatistics]

    def to_json(self) -> dict[str, Any]:
        """The same as plain values for `json.dumps`."""
        from dataclasses import asdict

        return asdict(self)


@dataclass(slots=True)
class _LabelTally:
    counts: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    followed: int = 0
    conversations_changing: int = 0

    def see(self, labelled: Sequence[tuple[str, ...]]) -> None:
        pairs = list(pairwise(labelled))
        changed = sum(before != after for before, after in pairs)
        self.counts.update(label for labels in labelled for label in labels)
        self.followed += len(pairs)
        self.changes += changed
        self.conversations_changing += changed > 0


def describe_logs(conversations: Iterable[Conversation]) -> LogStatistics:
    """Count in one pass; memory grows with the distinct texts, not with the conversations."""
    sizes: Counter[str] = Counter()
    lengths: Counter[int] = Counter()
    words: Counter[int] = Counter()
    values: dict[str, Counter[str]] = {
        name: Counter() for name in ("month", "locale", "market", "channel")
    }
    texts: set[int] = set()
    tallies: dict[str, _LabelTally] = {}
    for conversation in conversations:
        customer = [example.turn for example in examples(conversation)]
        sizes["conversations"] += 1
        sizes["turns"] += len(conversation.turns)
        sizes["messages"] += sum(max(1, len(turn.messages)) for turn in conversation.turns)
        sizes["customer_turns"] += len(customer)
        lengths[len(customer)] += 1
        words.update(len(turn.text.split()) for turn in customer)
        texts.update(hash(turn.text.strip().lower()) for turn in customer)
        for name, value in _properties(conversation):
            values[name][value] += 1
        for dimension, labelled in _gold_by_dimension(customer).items():
            tallies.setdefault(dimension, _LabelTally()).see(labelled)
    return LogStatistics(
        conversations=sizes["conversations"],
        turns=sizes["turns"],
        customer_turns=sizes["customer_turns"],
        messages=sizes["messages"],
        distinct_customer_texts=len(texts),
        turns_per_conversation=dict(sorted(lengths.items())),
        customer_words=_percentiles(words),
        months=dict(sorted(values["month"].items())),
        locales=dict(values["locale"].most_common()),
        markets=dict(values["market"].most_common()),
        channels=dict(values["channel"].most_common()),
        labels={
            dimension: LabelStatistics(
                dict(tally.counts.most_common()),
                tally.changes,
                tally.followed,
                tally.conversations_changing,
            )
            for dimension, tally in tallies.items()
        },
    )


def _properties(conversation: Conversation) -> list[tuple[str, str]]:
    started = conversation.started_at
    return [
        ("month", started.strftime("%Y-%m") if started else "unknown"),
        ("locale", conversation.locale or "unknown"),
        ("market", conversation.market or "unknown"),
        ("channel", conversation.channel or "unknown"),
    ]


def _gold_by_dimension(turns: Sequence[Turn]) -> dict[str, list[tuple[str, ...]]]:
    labelled: dict[str, list[tuple[str, ...]]] = {}
    for turn in turns:
        for dimension, labels in turn.gold.items():
            labelled.setdefault(dimension, []).append(labels)
    return labelled


def _percentiles(counts: Counter[int]) -> dict[str, float]:
    """Percentiles of values given as value -> how often, without writing them all out."""
    if not counts:
        return {}
    values = np.array(sorted(counts))
    reached = np.cumsum([counts[int(value)] for value in values])
    return {
        f"p{q}": float(values[np.searchsorted(reached, q / 100 * reached[-1])])
        for q in (10, 50, 90, 99)
    }
