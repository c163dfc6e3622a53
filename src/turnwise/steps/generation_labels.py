"""Labels of simulated conversations: a labelling reads them, as it reads the logs; not what is said
in phrases of Turnwise's own, which no log holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from turnwise.conversations import Conversation
from turnwise.generated import GeneratedConversation, GeneratedTurn, Labels
from turnwise.generation.config import GenerationConfig
from turnwise.generation.simulation import LabelComparison, compare_labels
from turnwise.generation.simulation.scene import OPENING, WRITTEN
from turnwise.labelling import LabellingConfig, label
from turnwise.llm import Budget, Spend
from turnwise.progress import Progress
from turnwise.project import Project, without_gold
from turnwise.sampling import hold_apart
from turnwise.steps.labellers import Seed, open_labeller

Given = Mapping[tuple[str, int], Labels]  # (conversation id, turn) -> what a labelling says


@dataclass(frozen=True, slots=True)
class Relabelled:
    """Conversations with the labels that a labelling gave.

    Attributes:
        comparison: of the turns that were read, with the labels that were intended; None where
            those stand.
        unreached: turns that keep what was intended, as the budget did not reach them.
        spend: of the labelling.
    """

    conversations: tuple[GeneratedConversation, ...]
    comparison: LabelComparison | None = None
    unreached: int = 0
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
    that no label is found for has none. A seed query keeps the labels that it has in the logs, and
    a phrase of Turnwise's own what was meant before: it is about no wish. Both are history to the
    others.

    Raises:
        ConfigError, EndpointError: as labelling has it.
    """
    read = {(one.id, at) for one in made for at, turn in enumerate(one.turns) if _is_read(turn)}
    if config.method != "simulate" or not read:
        return Relabelled(tuple(made))
    taxonomy, split = project.taxonomy(), project.split()
    kept, _ = hold_apart(split.seed, project.config.split.calibration)
    given: dict[tuple[str, int], dict[str, str]] = {}
    seed = Seed(project, taxonomy, kept, progress)
    with open_labeller(seed, labelling_of(project, config), {}, budget) as labeller:
        annotated = label(map(talk_of, made), labeller.annotator, progress)
        for one, (_, said) in zip(made, annotated, strict=True):
            for found in said:
                if (one.id, found.turn) not in read:
                    continue
                labels = given.setdefault((one.id, found.turn), {})
                if found.source == labeller.annotator.source and found.label is not None:
                    labels[found.dimension] = found.label
        spend = labeller.spend
    return Relabelled(
        tuple(_with(one, given) for one in made),
        compare_labels(made, given),
        len(read) - len(given),
        spend,
    )


def labelling_of(project: Project, config: GenerationConfig) -> LabellingConfig:
    """How simulated conversations are labelled."""
    return replace(project.config.labelling, strategy="two-stage", by=config.by)


def talk_of(one: GeneratedConversation) -> Conversation:
    """As a labelling takes it: under the id of the conversation of the logs that it begins with,
    which answers are kept with and go with when that is forgotten."""
    logged = one.turns[0].sources[0].rpartition("#")[0]
    return replace(without_gold(one.conversation()), id=logged)


def _is_read(turn: GeneratedTurn) -> bool:
    """Whether a labelling says what a turn means."""
    return turn.role == "customer" and turn.made != OPENING and WRITTEN not in turn.rules


def _with(one: GeneratedConversation, given: Given) -> GeneratedConversation:
    turns = [
        replace(turn, labels=given.get((one.id, at), turn.labels))
        for at, turn in enumerate(one.turns)
    ]
    return replace(one, turns=tuple(turns))
