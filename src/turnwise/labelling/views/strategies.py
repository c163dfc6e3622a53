"""Every strategy of labelling in its embedded form, built from a taxonomy and a labelled seed.

Views of the data take the place of prompts: a strategy asks the same encoder, classifier and
seed in another way, no language model and no network. Annotations say so by their source, of
kind `embedded` with the strategy's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from turnwise.annotations import Annotation
from turnwise.conversations import Conversation
from turnwise.encoders import Encoder
from turnwise.labelling.annotator import Annotator, LabellingConfig, StrategyName
from turnwise.labelling.embedded import DEFAULTS
from turnwise.labelling.views.answering import Choice, Order, annotation, source_of
from turnwise.labelling.views.clara import clara_annotator, fit_clara
from turnwise.labelling.views.ensemble import Member, fit_ensemble
from turnwise.labelling.views.ground import Ground, lay_ground
from turnwise.labelling.views.lara import fit_lara, lara_annotator
from turnwise.labelling.views.two_stage import (
    SINGLE,
    fit_two_stage,
    stage1_label,
    two_stage_annotator,
)
from turnwise.labelling.views.zero_shot import read_labels, zero_shot_annotator
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Taxonomy


def fit_strategy(
    taxonomy: Taxonomy,
    seed: Sequence[Conversation],
    encoder: Encoder,
    config: LabellingConfig = DEFAULTS,
    progress: Progress = silent,
) -> Annotator:
    """Build the strategy that a configuration names, in its embedded form.

    Args:
        taxonomy, seed, encoder: as of `fit_annotator`; the seed may be empty.
        config: `variant` is for language models alone and has no meaning here.
    """
    return build(lay_ground(taxonomy, seed, encoder, progress), config.strategy, config)


def build(
    ground: Ground,
    strategy: StrategyName,
    config: LabellingConfig = DEFAULTS,
    weighted: bool = True,
) -> Annotator:
    """Build a strategy on a ground that others may share.

    Args:
        weighted: of an ensemble: votes weigh by how right each member is on the seed; else the
            majority decides.
    """
    if strategy == "ensemble":
        members = [MEMBERS[one](ground, config) for one in config.members]
        return fit_ensemble(ground, members, config, weighted)
    return MEMBERS[strategy](ground, config).annotator


def _single(ground: Ground, config: LabellingConfig) -> Member:
    def left_out() -> list[Annotation]:
        said = ground.left_out.annotations.values()
        return [stage1_label(one, config.abstain_below) for part in said for one in part]

    return Member(replace(ground.annotator, config=config, source=SINGLE), left_out)


def _two_stage(ground: Ground, config: LabellingConfig) -> Member:
    made = fit_two_stage(ground, config)

    def orders(name: str) -> list[Order]:
        names = ground.taxonomy[name].names
        reviewed = made.reviewers[name].left_out
        return [reviewed.order(names, at) for at in range(len(ground.turns))]

    return Member(
        two_stage_annotator(made), partial(_left_out, ground, config, "two-stage", orders)
    )


def _zero_shot(ground: Ground, config: LabellingConfig) -> Member:
    made = read_labels(ground.taxonomy, ground.encoder, config)

    def left_out() -> list[Annotation]:  # it never saw the seed
        return [one for part in made.label(ground.turns) for one in part]

    return Member(zero_shot_annotator(made), left_out)


def _lara(ground: Ground, config: LabellingConfig) -> Member:
    made = fit_lara(ground, config)

    def orders(name: str) -> list[Order]:
        return made.learnt[name].left_out.orders(ground.taxonomy[name].names)

    return Member(lara_annotator(made), partial(_left_out, ground, config, "lara", orders))


def _clara(ground: Ground, config: LabellingConfig) -> Member:
    made = fit_clara(ground, config)

    def left_out() -> list[Annotation]:
        source = source_of("clara")
        return [
            annotation(one, name, made.choice(vote), source)
            for name in made.trust
            for one, vote in zip(ground.turns, made.left_out(name), strict=True)
        ]

    return Member(clara_annotator(made), left_out)


MEMBERS: Mapping[StrategyName, Callable[[Ground, LabellingConfig], Member]] = {
    "single": _single,
    "two-stage": _two_stage,
    "zero-shot": _zero_shot,
    "lara": _lara,
    "clara": _clara,
}


def _left_out(
    ground: Ground,
    config: LabellingConfig,
    strategy: StrategyName,
    orders: Callable[[str], list[Order]],
) -> list[Annotation]:
    """The labels of left-out turns of the seed, given the order of labels for each dimension."""
    source, threshold = source_of(strategy), config.abstain_below
    return [
        annotation(one, name, Choice(order, order[0][1] < threshold), source)
        for name in ground.taxonomy.dimension_names
        for one, order in zip(ground.turns, orders(name), strict=True)
    ]
