"""What the generation benchmark learns from: the same labelled turns, with and without a history.

    training turns --cut off--> single turns --cross-fit--> labels of the logs --> chains, pools

The turns are those of `learning_data`. What tells the order of intents is the logs, labelled in one
of three ways (`Labels`): by a single-turn model, which reads a turn with what was answered and
never saw the conversation (`guessed`), by the same model with its beliefs about all turns of a
conversation settled together (`settled`), as a project has it, or by people, turn by turn (`gold`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from benchmarks import data, protocol
from benchmarks.learning_data import DIALOGUES, Work, cut_off
from benchmarks.learning_ours import labelled as with_gold
from turnwise.config import load_recipe
from turnwise.conversations import ContextWindow, Conversation, Example, examples
from turnwise.encoders import Encoder
from turnwise.generated import LabelledConversation, Reader, State
from turnwise.generation.chains import ChainStatistics, estimate_chains
from turnwise.generation.chains.settling import settled
from turnwise.generation.emission import Pools, Position, Utterance
from turnwise.sampling import stable_hash
from turnwise.steps.exchange_reading import ExchangeReader
from turnwise.training import Classifier, LabelledExample, train

Labels = Literal["guessed", "settled", "gold"]
LABELS: tuple[Labels, ...] = get_args(Labels)
INTENT = "intent"
WINDOWS: Mapping[str, ContextWindow] = {
    "sgd": ContextWindow("both"),
    "multidogo": ContextWindow("customer"),  # it has no turns of agents
}
# The turn alone, as `single` has it; that one trains five models where turns are few.
ALONE = ContextWindow("customer", max_turns=0)


@dataclass(frozen=True)
class Logs:
    """One data set, ready for the comparison; its labels are of one model, whatever the seed.

    Attributes:
        further: logs of which nobody labelled a turn: chains are counted on them, too, as a model
            labels them.
    """

    work: Work
    further: Sequence[Conversation]
    encoder: Encoder

    @property
    def window(self) -> ContextWindow:
        """How much of the history a model reads, at the test as in training."""
        return WINDOWS[self.work.name]

    @property
    def dimensions(self) -> tuple[str, ...]:
        return self.work.task.taxonomy.dimension_names

    @cached_property
    def single(self) -> list[LabelledExample]:
        """The training turns without their histories."""
        return with_gold(cut_off(self.work.task.train), self.work.task.taxonomy)

    @cached_property
    def real(self) -> list[LabelledExample]:
        """The same turns with their histories."""
        return with_gold(self.work.task.train, self.work.task.taxonomy)

    @cached_property
    def conversations(self) -> tuple[Conversation, ...]:
        """Those of the training turns, whole."""
        found = {one.conversation.id: one.conversation for one in self.work.task.train}
        return tuple(found.values())

    def taught(
        self, turns: Sequence[LabelledExample], window: ContextWindow, seed: int = 0
    ) -> Classifier:
        """The frozen learner at its defaults; the tuning split calibrates it and no more."""
        config = replace(load_recipe("frozen").training, context=window, seed=seed)
        task = self.work.task
        return train(turns, task.tuning, task.taxonomy, self.encoder, config)

    @cached_property
    def reading(self) -> Reader:
        """What a project reads its logs by; it cuts its single turns out by itself."""
        task = self.work.task
        return ExchangeReader(self.real, task.tuning, task.taxonomy, self.encoder)

    def labelled(self, labels: Labels) -> list[LabelledConversation]:
        """The logs, every customer turn labelled; of gold, the training conversations alone."""
        if labels == "gold":
            return [self.by_people(one) for one in self.conversations]
        return self._settled if labels == "settled" else self._guessed

    @cached_property
    def _settled(self) -> list[LabelledConversation]:
        logs = (*self.conversations, *self.further)
        return settled(logs, self.work.task.taxonomy, self.reading)

    @cached_property
    def _guessed(self) -> list[LabelledConversation]:
        logs = (*self.conversations, *self.further)
        turns = [one for talk in logs for one in examples(talk)]
        found: dict[str, dict[int, dict[str, str]]] = {one.id: {} for one in logs}
        for name, chances in self.reading.probabilities(turns).items():
            names = self.work.task.taxonomy[name].names
            for one, place in zip(turns, chances.argmax(axis=1), strict=True):
                found[one.key[0]].setdefault(one.index, {})[name] = names[int(place)]
        return [LabelledConversation(one, found[one.id]) for one in logs]

    def by_people(self, conversation: Conversation) -> LabelledConversation:
        """With the labels of people, as far as the taxonomy has them."""
        taxonomy = self.work.task.taxonomy
        labels = {
            index: {name: one for name, one in gold.items() if one in taxonomy[name].index}
            for index, gold in gold_of(conversation).items()
        }
        return LabelledConversation(conversation, labels)

    def right(self, logs: Sequence[LabelledConversation]) -> dict[str, float]:
        """Dimension -> share of the labels of some logs that people gave, too."""
        found: dict[str, list[bool]] = {name: [] for name in self.dimensions}
        for one in logs:
            for index, gold in gold_of(one.conversation).items():
                for name, label in gold.items():
                    found[name].append(one.labels.get(index, {}).get(name) == label)
        return {name: float(np.mean(same)) for name, same in found.items()}

    def chains(self, logs: Sequence[LabelledConversation]) -> ChainStatistics:
        """What was counted in the logs."""
        return estimate_chains(logs, self.dimensions, intent=INTENT)

    def pools(self, logs: Sequence[LabelledConversation]) -> Pools:
        """The labelled turns, each by its own real label; where it stood as the logs have it."""
        states = {
            (one.conversation.id, index): tuple(labels.get(name, "") for name in self.dimensions)
            for one in logs
            for index, labels in one.labels.items()
        }
        shown: dict[State, list[Utterance]] = {}
        for one in self.real:
            state = tuple(one.labels[name] for name in self.dimensions)
            shown.setdefault(state, []).append(_utterance(one.example, state, states))
        return Pools(self.work.task.taxonomy, shown, intent=INTENT)


def gold_of(conversation: Conversation) -> dict[int, dict[str, str]]:
    """Customer turn -> its labels, the first one where it has several."""
    return {
        one.index: {name: found[0] for name, found in one.gold.items() if found}
        for one in examples(conversation)
    }


def _utterance(one: Example, state: State, states: Mapping[tuple[str, int], State]) -> Utterance:
    conversation, index = one.key
    places = [each.index for each in examples(one.conversation)]
    at = places.index(index)
    earlier = places[at - 1] if at else -1
    later = places[at + 1] if at + 1 < len(places) else len(one.conversation.turns)
    before = states.get((conversation, earlier))
    said = [turn.text for turn in one.conversation.turns]
    position: Position = "opening"
    if at:
        position = "continuing" if before == state else "switching"
    return Utterance(
        text=one.text,
        source=f"{conversation}#{index}",
        position=position,
        before=before,
        after=states.get((conversation, later)),
        asked="\n".join(said[earlier + 1 : index]),
        answer="\n".join(said[index + 1 : later]),
    )


def further(given: Path | None, work: Work, count: int) -> tuple[Conversation, ...]:
    """Training conversations by increasing h, those that the work learns from left out."""
    used = {one.key[0] for one in work.task.train}
    train = protocol.parts(DIALOGUES[work.name](data.data_folder(given))).train
    ordered = sorted(train, key=lambda one: stable_hash(one.id))
    return tuple(one for one in ordered if one.id not in used)[:count]


def switches(asked: Sequence[Example], dimension: str) -> NDArray[np.bool_]:
    """Bool[n_asked]: turns whose label is another than that of the customer turn before."""
    found = []
    for one in asked:
        before = [turn.gold.get(dimension) for turn in one.history if turn.role == "customer"]
        found.append(bool(before) and before[-1] != one.gold[dimension])
    return np.array(found, np.bool_)
