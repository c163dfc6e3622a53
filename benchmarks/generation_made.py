"""Conversations that the generation benchmark makes, and how a learner takes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from benchmarks.generation_data import Labels, Logs
from benchmarks.runner import Plain
from turnwise.conversations import examples
from turnwise.generated import GeneratedConversation
from turnwise.generation.chains import ChainSampler, ChainStatistics, Sampler, UniformSampler
from turnwise.generation.config import GenerationConfig
from turnwise.generation.emission import Emitted, emit
from turnwise.training import LabelledExample

METHODS: tuple[Emitted, ...] = ("random", "hmm", "embedded")
# Chosen on SGD's tuning split; the weight is a project's default.
TIMES = 3  # generated turns to one labelled turn
WEIGHT = GenerationConfig().weight  # of a generated turn's label beside one of a real turn


@dataclass(frozen=True, slots=True)
class Plan:
    """What is generated.

    Attributes:
        labels: by whom the logs were labelled that chains are counted on.
        switching: share of label changes; None: as in the logs.
        times: generated turns to one labelled turn; weight: of each beside that.
    """

    method: Emitted
    labels: Labels
    switching: float | None = None
    times: int = TIMES
    weight: float = WEIGHT

    @property
    def key(self) -> dict[str, Plain]:
        said: dict[str, Plain] = {
            "method": self.method,
            "labels": self.labels,
            "times": self.times,
            "weight": self.weight,
        }
        return said if self.switching is None else {**said, "switching": self.switching}


def made(logs: Logs, plan: Plan, seed: int = 0) -> Iterator[GeneratedConversation]:
    """Conversations of as many customer turns as are wanted, the last one whole."""
    labelled = logs.labelled(plan.labels)
    sampler = sampler_of(plan, logs.chains(labelled))
    pools = logs.pools(labelled)
    chains = (sampler.chain(seed, number) for number in count())
    told = 0
    for one in emit(chains, pools, plan.method, seed, locale="en"):
        yield one
        told += len(one.customer)
        if told >= plan.times * len(logs.single):
            return


def sampler_of(plan: Plan, statistics: ChainStatistics) -> Sampler:
    """Draws the chains of a plan; those of `random` are uniform."""
    if plan.method == "random":
        return UniformSampler(statistics)
    return ChainSampler(statistics, switching=plan.switching)


def to_learn(conversation: GeneratedConversation, weight: float) -> Iterator[LabelledExample]:
    """The customer turns of a generated conversation as training takes them."""
    for one in examples(conversation.conversation()):
        labels = {name: found[0] for name, found in one.gold.items()}
        yield LabelledExample(one, labels, dict.fromkeys(labels, weight))
