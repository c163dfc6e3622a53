"""Which turns of the logs are labelled first, round by round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import Example, examples
from turnwise.encoders import Encoder
from turnwise.labelling.selection import Beliefs, How, Pool, rounds, select
from turnwise.progress import Progress
from turnwise.project import Project, without_gold
from turnwise.sampling import Split
from turnwise.steps.labellers import Wanted
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
    Each round must be labelled before the next is asked for.

    Raises:
        TrainingError: `uncertain`, and no conversation is labelled by a person.
    """
    logs = map(without_gold, project.workspace.conversations(split.unlabelled))
    turns = [one for conversation in logs for one in examples(conversation)]
    pool = Pool(turns, project.encoder(progress), progress=progress)
    chosen: set[Key] = set()
    beliefs: Beliefs | None = None
    parts = rounds(min(ask.turns, len(turns))) if ask.how == "uncertain" else [ask.turns]
    for position, calls in enumerate(filter(None, parts)):
        if position:
            # Of the chosen turns alone, whatever else is labelled: the choice stays the same.
            data = training_data(project, taxonomy, split, ask.used, chosen)
            beliefs = _beliefs(project, taxonomy, data, progress)
        choices = select(pool, ask.how, calls, labelled=chosen, beliefs=beliefs, progress=progress)
        chosen.update(one.key for one in choices)
        if wanted := _missing(project, ask, [one.key for one in choices]):
            yield wanted


def _missing(project: Project, ask: Chosen, chosen: Sequence[Key]) -> Wanted:
    """What is chosen and not labelled yet; turns that are come with it, as both are kept as one."""
    by_talk: dict[str, set[int]] = defaultdict(set)
    for id, turn in chosen:
        by_talk[id].add(turn)
    ids = sorted(by_talk)
    known: dict[str, set[int]] = defaultdict(set)
    for one in project.workspace.annotations(ids, replace(ask.used.source, version="")):
        known[one.conversation_id].add(one.turn)
    keys = {one: (ask.way.whole(one), ask.way.part(one, known[one])) for one in ids}
    done = project.workspace.done(key for pair in keys.values() for key in pair)
    fresh = {one: known[one] if done.intersection(keys[one]) else set[int]() for one in ids}
    return {one: fresh[one] | by_talk[one] for one in ids if not by_talk[one] <= fresh[one]}


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
