"""Measures of a set of conversations that need no model service: a row of one table each.

    Reference.of(logs, ...)  ->  measure("hmm", conversations, reference), measure_logs(reference)

No figure says by itself that conversations are good: copies have the logs' own fluency, and
random chains their variety. They are to be read together, and beside the row of the logs.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from turnwise.generation.quality.flow import topic_flows
from turnwise.generation.quality.lengths import Lengths, divergence, mean
from turnwise.generation.quality.reference import (
    Reference,
    Said,
    folded,
    turns_per_talk,
    words_per_turn,
)
from turnwise.generation.quality.talks import Measured, Talk, talk_of
from turnwise.generation.quality.variety import copied_ngrams, distinct, self_bleu
from turnwise.generation.quality.wording import words
from turnwise.progress import Progress, silent
from turnwise.sampling import stable_hash

SAMPLED = 2_000  # conversations, lowest hash of the id first; lengths are of all


@dataclass(frozen=True, slots=True)
class Quality:
    """How a set of conversations compares with the logs; NaN where a figure can't be told.

    Attributes:
        name: of the method, or of the logs.
        conversations, turns: how many, and customer turns of theirs.
        perplexity: of customer turns per word under an n-gram model of the logs, turns left out
            that it learnt word for word: what is copied would else look fluent for that alone.
        transitions: mean natural logarithm of the probability of a next state, at most 0.
        distinct_1, distinct_2: share of different words and pairs of words, of 5,000 words.
        self_bleu: likeness of 200 conversations' customer texts among each other, 0-1.
        words_per_turn, turns_per_talk: of the customer: length -> how often.
        words_mean, turns_mean: of these; words_more, turns_more: less the logs' means.
        words_divergence, turns_divergence: Jensen-Shannon, in bits, from the logs'.
        copied_turns: share of customer turns that stand in the logs word for word.
        copied_ngrams: share of their runs of eight words that do.
        topic_flow: mean cosine of neighbouring customer turns.
        rating: mean of what a judge of sessions gave, 1-10.
    """

    name: str
    conversations: int
    turns: int
    perplexity: float
    transitions: float
    distinct_1: float
    distinct_2: float
    self_bleu: float
    words_mean: float
    words_more: float
    words_divergence: float
    turns_mean: float
    turns_more: float
    turns_divergence: float
    copied_turns: float
    copied_ngrams: float
    topic_flow: float
    rating: float = math.nan
    words_per_turn: Lengths = field(default_factory=dict, repr=False)
    turns_per_talk: Lengths = field(default_factory=dict, repr=False)


def measure(
    name: str,
    conversations: Iterable[Measured],
    reference: Reference,
    *,
    ratings: Sequence[float] = (),
    progress: Progress = silent,
) -> Quality:
    """Measure a set of conversations.

    Args:
        name: of the row.
        ratings: of its conversations, 1-10, where a judge gave some; NaN ones are passed over.
    """
    talks = [talk_of(one, reference.dimensions) for one in conversations]
    return _measured(name, talks, reference, reference.all, (ratings, progress))


def measure_logs(
    reference: Reference,
    name: str = "logs",
    *,
    ratings: Sequence[float] = (),
    progress: Progress = silent,
) -> Quality:
    """Measure the conversations of the logs that were held apart, against the others."""
    return _measured(name, reference.held, reference, reference.learnt, (ratings, progress))


def _measured(
    name: str,
    talks: Sequence[Talk],
    reference: Reference,
    said: Said,
    told: tuple[Sequence[float], Progress],
) -> Quality:
    ratings, progress = told
    chosen = heapq.nsmallest(SAMPLED, talks, key=lambda talk: stable_hash(talk.id))
    texts = [text for talk in chosen for text in talk.customer]
    split = list(map(words, texts))
    wordy, long = words_per_turn(talks), turns_per_talk(talks)
    return Quality(
        name=name,
        conversations=len(talks),
        turns=sum(count * turns for turns, count in long.items()),
        perplexity=reference.customer.perplexity(_new(texts, reference)),
        transitions=_transitions(chosen, reference),
        distinct_1=distinct(split, 1),
        distinct_2=distinct(split, 2),
        self_bleu=self_bleu([words(" ".join(talk.customer)) for talk in chosen]),
        words_mean=mean(wordy),
        words_more=mean(wordy) - mean(reference.words_per_turn),
        words_divergence=divergence(wordy, reference.words_per_turn),
        turns_mean=mean(long),
        turns_more=mean(long) - mean(reference.turns_per_talk),
        turns_divergence=divergence(long, reference.turns_per_talk),
        copied_turns=_mean([folded(text) in said.texts for text in texts]),
        copied_ngrams=copied_ngrams(split, said.runs),
        topic_flow=_topic_flow(chosen, reference, progress),
        rating=_mean([one for one in ratings if not math.isnan(one)]),
        words_per_turn=wordy,
        turns_per_talk=long,
    )


def _new(texts: Iterable[str], reference: Reference) -> list[str]:
    return [text for text in texts if folded(text) not in reference.learnt.texts]


def _transitions(talks: Sequence[Talk], reference: Reference) -> float:
    """Over all transitions, each as weighty."""
    if reference.log_likelihood is None:
        return math.nan
    total, count = 0.0, 0
    for talk in talks:
        if len(talk.states) > 1 and all(map(any, talk.states)):
            total += reference.log_likelihood(talk.states) * (len(talk.states) - 1)
            count += len(talk.states) - 1
    return total / count if count else math.nan


def _topic_flow(talks: Sequence[Talk], reference: Reference, progress: Progress) -> float:
    if reference.encoder is None:
        return math.nan
    flows = topic_flows(talks, reference.encoder, progress)
    return _mean([flow for flow in flows if not math.isnan(flow)])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan
