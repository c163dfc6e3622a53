"""What generated conversations are like, how fast they are made, and that nothing leaks."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from itertools import islice

from benchmarks.generation_data import INTENT, Labels, Logs
from benchmarks.generation_made import METHODS, Plan, made, sampler_of
from benchmarks.runner import Figures, Plain
from turnwise.generation.chains import ChainSampler, Sampler, estimate_chains
from turnwise.generation.emission import Emitted, Pools, emit
from turnwise.generation.quality.proxies import Quality, measure, measure_logs
from turnwise.generation.quality.reference import Reference

LABELS: Labels = "gold"  # of the logs, where it does not matter who gave them
SHOWN = (
    "conversations",
    "turns",
    "perplexity",
    "transitions",
    "distinct_1",
    "distinct_2",
    "self_bleu",
    "words_mean",
    "words_divergence",
    "turns_mean",
    "turns_divergence",
    "copied_turns",
    "copied_ngrams",
    "topic_flow",
)
TIMED_TURNS = 10_000
WARMING = 300  # conversations before the clock runs
TEST_CHAINS = 500
WORD = re.compile(r"[\w'’]+")


def quality(logs: Logs) -> Figures:
    """The embedded proxies of the logs and of each method."""
    told = logs.labelled(LABELS)
    likelihood = ChainSampler(logs.chains(told)).log_likelihood
    reference = Reference.of(told, logs.dimensions, log_likelihood=likelihood, encoder=logs.encoder)
    rows = [measure_logs(reference, "real")]
    for method in METHODS:
        talks = [*made(logs, Plan(method, LABELS))]
        rows.append(measure(method, talks, reference))
    return {row.name: _plain(row) for row in rows}


def _plain(row: Quality) -> Mapping[str, Plain]:
    figures = {name: getattr(row, name) for name in SHOWN}
    return {name: None if math.isnan(one) else round(one, 4) for name, one in figures.items()}


def leaks(logs: Logs) -> Figures:
    """How many turns of a generated test split stand in the training split word for word.

    The split is made of the test conversations, once as they are and once with the training
    texts to be avoided.
    """
    talks = {one.conversation.id: one.conversation for one in logs.work.task.test}
    told = [logs.by_people(one) for one in talks.values()]
    known = {turn.text for one in logs.conversations for turn in one.turns}
    statistics = estimate_chains(told, logs.dimensions, intent=INTENT)
    same = {_words(text) for text in known}
    found: dict[str, Plain] = {"training_texts": len(known)}
    for name, avoid in (("as_it_comes", frozenset[str]()), ("avoided", frozenset(known))):
        pools = Pools.gather(told, logs.work.task.taxonomy, intent=INTENT, avoid=avoid)
        sampler = sampler_of(Plan("embedded", LABELS), statistics)
        chains = (sampler.chain(0, number) for number in range(TEST_CHAINS))
        emission = emit(chains, pools, "embedded", 0)
        texts = [turn.text for one in emission for turn in one.turns]
        found |= {
            f"{name}_turns": len(texts),
            f"{name}_leaked": sum(_words(text) in same for text in texts),
            f"{name}_dropped": sum(
                one.count for one in emission.dropped if one.what == "conversations"
            ),
            f"{name}_conversations": TEST_CHAINS,
        }
    return found


def _words(text: str) -> tuple[str, ...]:
    """The words of a text without case and marks; `thats` is another word than `that's`."""
    return tuple(WORD.findall(text.casefold()))


def speed(logs: Logs) -> Figures:
    """Customer turns of one process, chains and pools at hand: a second, and a processor second.

    The two differ by what else the machine does.
    """
    told = logs.labelled(LABELS)
    pools, statistics = logs.pools(told), logs.chains(told)
    return {
        method: _timed(method, pools, sampler_of(Plan(method, LABELS), statistics))
        for method in METHODS
    }


def _timed(method: Emitted, pools: Pools, sampler: Sampler) -> Mapping[str, Plain]:
    chains = (sampler.chain(0, number) for number in range(TIMED_TURNS))
    emission = iter(emit(chains, pools, method))
    for _ in islice(emission, WARMING):  # what is learnt once is learnt
        pass
    start, busy, turns = time.perf_counter(), time.process_time(), 0
    for one in emission:
        turns += len(one.customer)
        if turns >= TIMED_TURNS:
            break
    seconds, processor = time.perf_counter() - start, time.process_time() - busy
    return {
        "turns_per_second": round(turns / seconds),
        "turns_per_processor_second": round(turns / processor),
    }
