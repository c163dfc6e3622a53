"""Labels of simulated conversations: a labelling reads them, as it reads the logs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from turnwise.generated import GeneratedConversation, Labels
from turnwise.generation.config import GenerationConfig
from turnwise.generation.simulation import LabelComparison, compare_labels
from turnwise.labelling import label
from turnwise.llm import Budget, BudgetReached, Spend
from turnwise.progress import Progress
from turnwise.project import Project, without_gold
from turnwise.sampling import hold_apart
from turnwise.steps.labellers import Seed, open_labeller

Given = Mapping[tuple[str, int], Labels]  # (conversation id, turn) -> what a labelling says


@dataclass(frozen=True, slots=True)
class Relabelled:
    """Conversations with the labels that a labelling gave.

    Attributes:
        comparison: with the labels that were intended; None where those stand.
        spend: of the labelling.
    """

    conversations: tuple[GeneratedConversation, ...]
    comparison: LabelComparison | None = None
    spend: Spend = field(default_factory=Spend)


def relabelled(
    project: Project,
    made: Sequence[GeneratedConversation],
    config: GenerationConfig,
    budget: Budget,
    progress: Progress,
) -> Relabelled:
    """Label simulated conversations in two stages; others keep what was intended.

    What a simulated customer says is its own: no chain and no query fixes what it means. A turn
    that no label is found for has none. Conversations that the budget does not reach keep what was
    intended.

    Raises:
        ConfigError, EndpointError: as labelling has it.
    """
    if config.method != "simulate" or not made:
        return Relabelled(tuple(made))
    taxonomy, split = project.taxonomy(), project.split()
    kept, _ = hold_apart(split.seed, project.config.split.calibration)
    labelling = replace(project.config.labelling, strategy="two-stage", by=config.by)
    wanted: dict[str, Collection[int] | None] = {one.id: None for one in made}
    given: dict[tuple[str, int], dict[str, str]] = {}
    seed = Seed(project, taxonomy, kept, progress)
    with open_labeller(seed, labelling, wanted, budget) as labeller:
        talks = (without_gold(one.conversation()) for one in made)
        try:
            for talk, said in label(talks, labeller.annotator, progress):
                given |= {(talk.id, at): {} for at, turn in enumerate(talk.turns)}
                for one in said:
                    if one.label is not None:
                        given[one.key][one.dimension] = one.label
        except BudgetReached:  # what was labelled by then stays
            pass
        spend = labeller.spend
    return Relabelled(tuple(_with(one, given) for one in made), compare_labels(made, given), spend)


def _with(one: GeneratedConversation, given: Given) -> GeneratedConversation:
    turns = [
        replace(turn, labels=given[one.id, at])
        if turn.role == "customer" and (one.id, at) in given
        else turn
        for at, turn in enumerate(one.turns)
    ]
    return replace(one, turns=tuple(turns))
