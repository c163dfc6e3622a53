"""Every strategy in its language-model form, by the name that a configuration gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from turnwise.conversations import Example
from turnwise.labelling.annotator import Annotator, LabellingConfig, StrategyName
from turnwise.labelling.ensemble import EnsembleAnnotator
from turnwise.labelling.llm.annotator import DEFAULTS, LlmAnnotator, Strategy, every_turn
from turnwise.labelling.llm.clara import Clara
from turnwise.labelling.llm.lara import Lara
from turnwise.labelling.llm.retrieval import Retriever
from turnwise.labelling.llm.single import Single
from turnwise.labelling.llm.two_stage import TwoStage
from turnwise.labelling.llm.zero_shot import ZeroShot
from turnwise.labelling.voting import Reliability
from turnwise.llm import Asker, Background
from turnwise.taxonomy import Taxonomy

RETRIEVING: frozenset[StrategyName] = frozenset(("lara", "clara"))


@dataclass(frozen=True, slots=True)
class Models:
    """Whom the strategies ask.

    Attributes:
        teacher: labels. critic: reviews; may be the same.
    """

    teacher: Asker
    critic: Asker


def needs_retriever(config: LabellingConfig) -> bool:
    """Whether a configuration's strategy, or a member of its ensemble, shows demonstrations."""
    return not RETRIEVING.isdisjoint(strategy_names(config))


def strategy_names(config: LabellingConfig) -> tuple[StrategyName, ...]:
    """The strategy of a configuration; of an ensemble, its members."""
    return config.members if config.strategy == "ensemble" else (config.strategy,)


def make_strategy(
    name: StrategyName,
    taxonomy: Taxonomy,
    models: Models,
    config: LabellingConfig = DEFAULTS,
    retriever: Retriever | None = None,
) -> Strategy:
    """Make one strategy.

    Args:
        name: any but `ensemble`, which is of annotators: see `make_annotator`.
        retriever: for `lara` and `clara`; one may serve both.
    """
    if name in RETRIEVING:
        if retriever is None:
            raise ValueError(f"{name} needs a retriever")
        lara = Lara(models.teacher, retriever, config.variant)
        return lara if name == "lara" else Clara(lara, config.orders, config.agreement)
    single = Single(models.teacher, taxonomy)
    if name == "single":
        return single
    if name == "two-stage":
        return TwoStage(single, models.critic)
    if name == "zero-shot":
        return ZeroShot(models.teacher, taxonomy)
    raise ValueError(f"{name} is no strategy by itself")


def make_annotator(
    strategies: Mapping[StrategyName, Strategy],
    taxonomy: Taxonomy,
    background: Background,
    config: LabellingConfig = DEFAULTS,
    reliability: Reliability | None = None,
    wanted: Callable[[Example], bool] = every_turn,
) -> Annotator:
    """Make the annotator of a configuration from its strategies.

    Args:
        strategies: one for each of `strategy_names(config)`.
        reliability: of the members of an ensemble, where it was measured.
        wanted: which turns are labelled.
    """
    names = strategy_names(config)
    made = [LlmAnnotator(strategies[name], background, config, wanted) for name in names]
    if config.strategy != "ensemble":
        return made[0]
    return EnsembleAnnotator(made, taxonomy, reliability or {})
