"""What a labelling will take, before anything is asked: from a sample of its questions."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from turnwise.annotations import Source
from turnwise.conversations import Example, examples
from turnwise.labelling.annotator import StrategyName
from turnwise.labelling.llm import Models, Strategy
from turnwise.llm import Endpoint, Estimate, Question, estimate
from turnwise.llm.client import question_key
from turnwise.llm.templates import render
from turnwise.progress import Progress, silent
from turnwise.project import Project, without_gold
from turnwise.sampling import Split, stable_hash
from turnwise.steps.choosing import Chosen, chosen_turns, every_turn
from turnwise.steps.label_options import AS_CONFIGURED, LabelOptions, check_options
from turnwise.steps.labellers import (
    Seed,
    Wanted,
    affordable_turns,
    llm_strategies,
    measured_on,
)
from turnwise.steps.unasked import Unasked
from turnwise.steps.ways import InUse, Way, models_of, pending, same_way, way_of

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


def plan_labels(
    project: Project, progress: Progress = silent, options: LabelOptions = AS_CONFIGURED
) -> LabelPlan:
    """Reckon what `label_logs` with the same options would ask; nothing is asked or stored.

    Raises:
        ConfigError: options that do not go together, or no endpoint is configured.
    """
    config = options.settings(project.config.labelling)
    check_options(project, options, config)
    taxonomy, split = project.taxonomy(), project.split()
    way = way_of(project, taxonomy, split, config, models_of(project, config))
    seed = Seed(project, taxonomy, split.seed, progress)
    wanted = _wanted(seed, split, way, options)
    counts = project.workspace.customer_turns()
    turns = sum(counts[one] if some is None else len(some) for one, some in wanted.items())
    if options.select == "uncertain" and options.calls is not None:
        turns = min(turns, affordable_turns(options.calls, config))
    if config.by == "embedded":
        return LabelPlan(config.strategy, config.by, (), turns, 0)
    teacher, critic = (Unasked(project.endpoint(role)) for role in ("teacher", "critic"))
    strategies = llm_strategies(seed, config, Models(teacher, critic))
    measured = [*_turns(project, dict.fromkeys(measured_on(seed, config)))]
    sample = _sample(_turns(project, _some(wanted)))
    reckoned = [
        estimate(some, round(of * len(some) / len(drawn)), endpoint, project.workspace.answers)
        for of, drawn in ((turns, sample), (len(measured), _sample(measured)))
        for endpoint, some in _questions(strategies, drawn).items()
    ]
    return LabelPlan(
        strategy=config.strategy,
        by=config.by,
        models=way.models,
        turns=turns,
        sample=len(sample),
        **_sums(reckoned),
    )


def _wanted(seed: Seed, split: Split, way: Way, options: LabelOptions) -> Wanted:
    """What would be labelled; of `uncertain`, whose later rounds nobody knows, all there is."""
    project, config = seed.project, way.config
    nobody = InUse(Source(config.by, "nobody yet"), config.strategy, config.by, way.models)
    used = same_way(project, way) or nobody
    if options.select == "novel" and options.calls is not None:
        ask = Chosen(way, used, options.select, affordable_turns(options.calls, config))
        return next(chosen_turns(project, seed.taxonomy, split, ask, seed.progress), {})
    return every_turn(project, way, used.source, pending(project, way, split))


def _some(wanted: Wanted) -> Wanted:
    """Conversations by lowest hash, so that the same logs give the same sample."""
    drawn = heapq.nsmallest(SAMPLE, wanted, key=lambda one: stable_hash(f"plan {one}"))
    return {one: wanted[one] for one in drawn}


def _turns(project: Project, wanted: Wanted) -> Iterator[Example]:
    for talk in map(without_gold, project.workspace.conversations(sorted(wanted))):
        some = wanted[talk.id]
        yield from (one for one in examples(talk) if some is None or one.index in some)


def _sample(turns: Iterable[Example]) -> list[Example]:
    return heapq.nsmallest(SAMPLE, turns, key=lambda one: stable_hash(f"plan {one.key}"))


def _questions(
    strategies: Mapping[StrategyName, Strategy], sample: Sequence[Example]
) -> dict[Endpoint, list[Question[Any]]]:
    """What is asked of each endpoint; what several strategies ask alike, once."""
    found: dict[Endpoint, dict[str, Question[Any]]] = defaultdict(dict)
    for strategy in strategies.values():
        strategy.prepare(sample)
        for example in sample:
            for asker, question in strategy.questions(example):
                assert isinstance(asker, Unasked)
                messages = render(question.task.template, question.values)
                key = question_key(question.task, messages, asker.endpoint)
                found[asker.endpoint][key] = question
    return {endpoint: list(some.values()) for endpoint, some in found.items()}


def _sums(reckoned: Sequence[Estimate]) -> dict[str, Any]:
    known = [one.seconds for one in reckoned if one.seconds is not None]
    names = ("calls", "reused", "tokens_in", "tokens_out", "money")
    sums: dict[str, Any] = {name: sum(getattr(one, name) for one in reckoned) for name in names}
    return sums | {"seconds": sum(known) if known and len(known) == len(reckoned) else None}
