"""Reads what customers of the logs meant from what they said and what was answered.

    labelled turns, each with its answer --train--> classifiers --ExchangeReader--> p(label)

A bundle reads a turn before anybody has answered it. Logs hold the answer as well, and it often
tells what a bare "yes please" was about, so turn and answer are read together as one text. No
classifier reads a conversation that it learnt from: their labels would be those that it was told
(cross-fitting: Chernozhukov et al., 2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from turnwise.config import load_recipe
from turnwise.conversations import ContextWindow, Example
from turnwise.encoders import Encoder
from turnwise.generated import Probabilities
from turnwise.progress import Progress, silent
from turnwise.sampling import stable_hash
from turnwise.taxonomy import Taxonomy
from turnwise.training import Classifier, LabelledExample, train

PARTS = 5
EVERY = -1  # the part of conversations that nothing was learnt from
# One text. The kind `single` reads the same, and trains five times where turns are few.
WINDOW = ContextWindow("customer", max_turns=0)


def exchange(example: Example) -> Example:
    """A customer turn with what was answered before the next one, as a conversation of one text."""
    said = [example.text]
    for turn in example.conversation.turns[example.index + 1 :]:
        if turn.role == "customer":
            break
        said.append(turn.text)
    id, index = example.key
    both = replace(example.turn, text="\n".join(said))
    return Example(replace(example.conversation, id=f"{id}#{index}", turns=(both,)), 0)


class ExchangeReader:
    """Reads exchanges by classifiers on frozen vectors; implements `generated.Reader`.

    Each is trained when it is first needed. The same examples give the same probabilities.

    Args:
        labelled: turns to learn from. calibration: turns with gold, of other conversations, which
            set temperatures and no more.
        encoder: of the vectors.
    """

    def __init__(
        self,
        labelled: Sequence[LabelledExample],
        calibration: Sequence[Example],
        taxonomy: Taxonomy,
        encoder: Encoder,
        progress: Progress = silent,
    ) -> None:
        self._labelled, self._calibration = labelled, calibration
        self._taxonomy, self._encoder, self._progress = taxonomy, encoder, progress
        self._learnt = {one.example.key[0] for one in labelled}
        self._classifiers: dict[int, Classifier] = {}

    def probabilities(self, examples: Sequence[Example]) -> Mapping[str, Probabilities]:
        """Return, for each dimension, Float32[n_examples, n_labels].

        Raises:
            TrainingError: too little is labelled to learn from.
        """
        found = {
            one.name: np.zeros((len(examples), len(one.names)), np.float32)
            for one in self._taxonomy.dimensions
        }
        parts = np.array([self._part(one) for one in examples], np.int64)
        for part in np.unique(parts).tolist():
            rows = np.flatnonzero(parts == part).tolist()
            asked = [exchange(examples[row]) for row in rows]
            read = self._classifier(part).probabilities(asked, self._encoder, self._progress)
            for name, chances in read.items():
                found[name][rows] = chances
        return found

    def _part(self, example: Example) -> int:
        """The part that an example is of; the last digit of the hash is left to the splits."""
        id = example.key[0]
        return stable_hash(id) // 10 % PARTS if id in self._learnt else EVERY

    def _classifier(self, part: int) -> Classifier:
        """One that learnt from all other parts."""
        if part not in self._classifiers:
            turns = [
                replace(one, example=exchange(one.example))
                for one in self._labelled
                if self._part(one.example) != part
            ]
            config = replace(load_recipe("frozen").training, context=WINDOW)
            # Calibrated on turns alone, as all that is held apart is.
            self._classifiers[part] = train(
                turns, self._calibration, self._taxonomy, self._encoder, config, self._progress
            )
        return self._classifiers[part]
