"""What a labelling will take, before anything is asked: from a sample of its questions."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from turnwise.conversations import Example, examples
from turnwise.labelling.annotator import StrategyName
from turnwise.labelling.llm import Models, Strategy
from turnwise.llm import Endpoint, Estimate, Question, Reply, estimate
from turnwise.llm.tasks import A
from turnwise.progress import Progress, silent
from turnwise.project import Project, without_gold
from turnwise.sampling import stable_hash
from turnwise.steps.labellers import Seed, llm_strategies
from turnwise.steps.labelling import AS_CONFIGURED, LabelOptions, check_options
from turnwise.steps.ways import models_of, way_of

SAMPLE = 200  # turns


@dataclass(frozen=True, slots=True)
class LabelPlan:
    """What labelling will take; without repairs of answers and repetitions of calls.

    Attributes:
        strategy, by, models: how.
        turns: to be labelled; sample: turns that the rest was reckoned from.
        calls: to be paid; reused: questions whose answer is kept already.
        tokens_in, tokens_out, money: of the calls.
        seconds: None where no kept answer tells how long one takes.
    """

    strategy: StrategyName
    by: str
    models: tuple[str, ...]
    turns: int
    sample: int
    calls: int = 0
    reused: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0
    seconds: float | None = None


@dataclass(frozen=True)
class _Unasked:
    """Stands for a client: the plan needs no key, and asks nothing."""

    endpoint: Endpoint

    @property
    def source_name(self) -> str:
        return self.endpoint.model

    async def ask(self, question: Question[A]) -> Reply[A]:
        raise RuntimeError("a plan asks nothing")


def plan_labels(
    project: Project, progress: Progress = silent, options: LabelOptions = AS_CONFIGURED
) -> LabelPlan:
    """Reckon what `label_logs` with the same options would ask; nothing is asked or stored.

    Raises:
        ConfigError: options that do not go together, or no endpoint is configured.
    """
    config = options.settings(project.config.labelling)
    check_options(options, config)
    taxonomy, split = project.taxonomy(), project.split()
    way = way_of(project, taxonomy, split, config, models_of(project, config))
    keys = way.wholes(split.unlabelled)
    done = project.workspace.done(keys.values())
    pending = [one for one in split.unlabelled if keys[one] not in done]
    counts = project.workspace.customer_turns()
    turns = sum(counts[one] for one in pending)
    if config.by == "embedded":
        chosen = turns if options.select == "all" else min(turns, options.calls or turns)
        return LabelPlan(config.strategy, config.by, (), chosen, 0)
    sample = _sample(project, pending)
    teacher, critic = (_Unasked(project.endpoint(role)) for role in ("teacher", "critic"))
    seed = Seed(project, taxonomy, split.seed, progress)
    strategies = llm_strategies(seed, config, Models(teacher, critic))
    asked = _questions(strategies, sample)
    each = sum(map(len, asked.values())) / max(1, len(sample))
    if options.select != "all" and options.calls and each:
        turns = min(turns, max(1, int(options.calls / each)))
    reckoned = [
        estimate(some, round(turns * len(some) / len(sample)), endpoint, project.workspace.answers)
        for endpoint, some in asked.items()
    ]
    return LabelPlan(
        strategy=config.strategy,
        by=config.by,
        models=way.models,
        turns=turns,
        sample=len(sample),
        **_sums(reckoned),
    )


def _sample(project: Project, pending: Sequence[str]) -> list[Example]:
    """Turns of conversations by lowest hash, so that the same logs give the same sample."""
    drawn = heapq.nsmallest(SAMPLE, pending, key=lambda one: stable_hash(f"plan {one}"))
    talks = map(without_gold, project.workspace.conversations(drawn))
    turns = [one for talk in talks for one in examples(talk)]
    return heapq.nsmallest(SAMPLE, turns, key=lambda one: stable_hash(f"plan {one.key}"))


def _questions(
    strategies: Mapping[StrategyName, Strategy], sample: Sequence[Example]
) -> dict[Endpoint, list[Question[Any]]]:
    found: dict[Endpoint, list[Question[Any]]] = defaultdict(list)
    for strategy in strategies.values():
        strategy.prepare(sample)
        for example in sample:
            for asker, question in strategy.questions(example):
                assert isinstance(asker, _Unasked)
                found[asker.endpoint].append(question)
    return found


def _sums(reckoned: Sequence[Estimate]) -> dict[str, Any]:
    known = [one.seconds for one in reckoned if one.seconds is not None]
    names = ("calls", "reused", "tokens_in", "tokens_out", "money")
    sums: dict[str, Any] = {name: sum(getattr(one, name) for one in reckoned) for name in names}
    return sums | {"seconds": sum(known) if known and len(known) == len(reckoned) else None}
