"""Every strategy in its language-model form, by the name that a configuration gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from turnwise.conversations import Example
from turnwise.labelling.annotator import Annotator, LabellingConfig, StrategyName
from turnwise.labelling.ensemble import EnsembleAnnotator
from turnwise.labelling.llm.annotator import AT_ONCE, DEFAULTS, LlmAnnotator, Strategy, every_turn
from turnwise.labelling.llm.clara import Clara
from turnwise.labelling.llm.lara import Lara
from turnwise.labelling.llm.retrieval import Retriever
from turnwise.labelling.llm.single import Single
from turnwise.labelling.llm.together import Together, Voice
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
    *,
    reliability: Reliability | None = None,
    wanted: Callable[[Example], bool] = every_turn,
    at_once: int = AT_ONCE,
) -> Annotator:
    """Make the annotator of a configuration from its strategies.

    Args:
        strategies: one for each of `strategy_names(config)`.
        reliability: of the members of an ensemble, where it was measured.
        wanted, at_once: see `LlmAnnotator`.
    """
    names = strategy_names(config)
    first, *others = (strategies[name] for name in names)
    asked = Together([first, *others]) if others else first
    annotator = LlmAnnotator(asked, background, config, wanted, at_once)
    if config.strategy != "ensemble":
        return annotator
    members: list[Annotator] = [annotator, *(Voice(one.source) for one in others)]
    return EnsembleAnnotator(members, taxonomy, reliability or {})
