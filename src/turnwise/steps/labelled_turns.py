"""The conversations of a project with one label a turn and dimension: what generation learns from.

Gold wins over what a model said. The test conversations and those that calibrate are left out, as
are gold labels of the logs that came with them: what is made of these turns is learnt from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from turnwise.conversations import Conversation, examples
from turnwise.generated import LabelledConversation, Labels, is_generated
from turnwise.project import Project, without_gold
from turnwise.sampling import hold_apart
from turnwise.steps.reviewing import reviewed
from turnwise.steps.training_data import Key, first_gold, is_of, pseudo_labels
from turnwise.steps.ways import labels_in_use
from turnwise.taxonomy import Taxonomy

INTENT = "intent"


@dataclass(frozen=True, slots=True)
class LabelledLogs:
    """Conversations with the labels of their customer turns, in order of id within each part.

    Attributes:
        conversations: the seed by its gold, then the logs by what a model and reviewers said.
        by_people: how many of them are of the seed.
        stale: conversations whose labels are older than taxonomy, seed or settings, and that are
            left out.
    """

    conversations: list[LabelledConversation]
    by_people: int
    stale: int


def labelled_conversations(project: Project) -> list[LabelledConversation]:
    """The conversations that have a labelled customer turn; see `labelled_logs`."""
    return labelled_logs(project).conversations


def labelled_logs(project: Project) -> LabelledLogs:
    """The conversations that have a labelled customer turn, without test and calibration.

    Pseudo-labels are those of the labelling that ran last. A turn of several labels in a
    dimension has the first.

    Raises:
        WorkspaceError: there is neither a taxonomy nor gold.
        TaxonomyError: the taxonomy is faulty, or lacks labels of the gold.
    """
    taxonomy, split = project.taxonomy(), project.split()
    kept, _ = hold_apart(split.seed, project.config.split.calibration)
    seed = [
        LabelledConversation(
            one, {turn.index: first_gold(turn, taxonomy) for turn in examples(one) if turn.gold}
        )
        for one in project.workspace.conversations(kept)
        if not is_generated(one)
    ]
    pseudo, stale = pseudo_labels(project, taxonomy, split, labels_in_use(project))
    said: dict[Key, Labels] = {
        key: {name: label for name, (label, _) in labels.items()} for key, labels in pseudo.items()
    }
    for key, decided in reviewed(project.workspace, split.unlabelled).items():
        known = {name: label for name, label in decided.items() if is_of(taxonomy, name, label)}
        said[key] = {**said.get(key, {}), **known}
    logs = _of_logs(project, sorted({id for id, _ in said}), said)
    people = [one for one in seed if any(one.labels.values())]
    return LabelledLogs([*people, *logs], len(people), stale)


def _of_logs(
    project: Project, ids: list[str], said: Mapping[Key, Labels]
) -> Iterator[LabelledConversation]:
    for one in project.workspace.conversations(ids) if ids else ():
        if not is_generated(one):
            yield LabelledConversation(without_gold(one), _labels_of(one, said))


def _labels_of(conversation: Conversation, said: Mapping[Key, Labels]) -> Mapping[int, Labels]:
    return {one.index: said[one.key] for one in examples(conversation) if said.get(one.key)}


def intent_dimension(taxonomy: Taxonomy) -> str | None:
    """The dimension whose transitions rare states fall back on; None where there is but one.

    The one called `intent`, or else the one with the most labels.
    """
    if len(taxonomy.dimensions) == 1:
        return None
    if INTENT in taxonomy:
        return INTENT
    return max(taxonomy.dimensions, key=lambda one: len(one.labels)).name
