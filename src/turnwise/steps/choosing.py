"""Which turns of the logs are labelled first, round by round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from turnwise.annotations import Source
from turnwise.conversations import Example, examples
from turnwise.encoders import Encoder
from turnwise.labelling.selection import Beliefs, How, Pool, rounds, select
from turnwise.progress import Progress
from turnwise.project import Project, without_gold
from turnwise.sampling import Split
from turnwise.steps.keeping import settled_turns
from turnwise.steps.labellers import Wanted
from turnwise.steps.reviewing import reviewed
from turnwise.steps.training_data import TrainingData, training_data
from turnwise.steps.ways import InUse, Way
from turnwise.taxonomy import Taxonomy
from turnwise.training import Classifier, train

Key = tuple[str, int]  # conversation id, turn


@dataclass(frozen=True)
class Chosen:
    """How many turns of the logs are to have labels of a way, and which ones come first.

    Attributes:
        used: the labels that are made; between rounds of `uncertain` a classifier learns from them.
    """

    way: Way
    used: InUse
    how: How
    turns: int


def chosen_turns(
    project: Project, taxonomy: Taxonomy, split: Split, ask: Chosen, progress: Progress
) -> Iterator[Wanted]:
    """Yield, round by round, which turns to label; those that were labelled before are left out.

    The choice is made from the start every time, and is the same for the same logs: a run that
    was killed goes on where it was, and one with more calls adds to what an earlier one made.
    Turns that people settled in a review are left out. Each round must be labelled before the next
    is asked for.

    Raises:
        TrainingError: `uncertain`, and no conversation is labelled by a person.
    """
    logs = map(without_gold, project.workspace.conversations(split.unlabelled))
    turns = [one for conversation in logs for one in examples(conversation)]
    pool = Pool(turns, project.encoder(progress), progress=progress)
    settled = {
        key
        for key, said in reviewed(project.workspace, split.unlabelled).items()
        if said.keys() >= set(taxonomy.dimension_names)
    }
    chosen: set[Key] = set()
    beliefs: Beliefs | None = None
    parts = rounds(min(ask.turns, len(turns))) if ask.how == "uncertain" else [ask.turns]
    for position, calls in enumerate(filter(None, parts)):
        if position:
            # Of the chosen turns alone, whatever else is labelled: the choice stays the same.
            data = training_data(project, taxonomy, split, ask.used, chosen)
            beliefs = _beliefs(project, taxonomy, data, progress)
        choices = select(
            pool, ask.how, calls, labelled=chosen | settled, beliefs=beliefs, progress=progress
        )
        chosen.update(one.key for one in choices)
        if wanted := _missing(project, ask, [one.key for one in choices]):
            yield wanted


def every_turn(project: Project, way: Way, source: Source, pending: Sequence[str]) -> Wanted:
    """All turns of conversations; of those that are labelled in part, the others."""
    wanted: dict[str, Collection[int] | None] = dict.fromkeys(pending)
    settled = settled_turns(project.workspace, way, source, pending)
    for one in project.workspace.conversations(sorted(settled)):
        left = {turn.index for turn in examples(one)} - settled[one.id]
        wanted[one.id] = left or None
    return wanted


def _missing(project: Project, ask: Chosen, chosen: Sequence[Key]) -> Wanted:
    """What is chosen and has no labels yet."""
    by_talk: dict[str, set[int]] = defaultdict(set)
    for id, turn in chosen:
        by_talk[id].add(turn)
    done = settled_turns(project.workspace, ask.way, ask.used.source, sorted(by_talk))
    left = {one: turns - done.get(one, set()) for one, turns in sorted(by_talk.items())}
    return {one: turns for one, turns in left.items() if turns}


def _beliefs(
    project: Project, taxonomy: Taxonomy, data: TrainingData, progress: Progress
) -> Beliefs:
    """What a classifier says that learns from the seed and the labels so far."""
    encoder = project.encoder(progress)
    classifier = train(
        data.labelled, data.calibration, taxonomy, encoder, project.config.training, progress
    )
    return partial(_believed, classifier, encoder)


def _believed(
    classifier: Classifier, encoder: Encoder, turns: Sequence[Example]
) -> Mapping[str, NDArray[np.float32]]:
    return classifier.probabilities(turns, encoder)
