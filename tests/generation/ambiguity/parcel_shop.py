"""A shop that sends parcels, and a reader that knows a few words of each label."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from turnwise.conversations import Example
from turnwise.generation.ambiguity import ClearQuery, Phrasing, ReaderSets
from turnwise.taxonomy import Dimension, Label, Taxonomy


def _label(name: str, description: str, *examples: str) -> Label:
    return Label(name, (name,), description, examples)


TAXONOMY = Taxonomy(
    "shop",
    (
        Dimension(
            "wish",
            (
                _label("DELIVERY_TIME", "Asks when a parcel comes.", "when will it be here"),
                _label("MISSING_PARCEL", "A parcel did not come.", "it never came"),
                _label("CANCEL_ORDER", "Wants an order cancelled.", "please cancel it"),
                _label("OPENING_HOURS", "Asks when the shop is open.", "are you open"),
            ),
        ),
        Dimension("product", (_label("Lamp", "Lamps."), _label("Chair", "Chairs."))),
    ),
)
WISH = Taxonomy("shop", TAXONOMY.dimensions[:1])

WORDS = {
    "DELIVERY_TIME": {"parcel": 2, "when": 3, "arrives": 3, "order": 1, "long": 3, "wann": 3},
    "MISSING_PARCEL": {"parcel": 2, "lost": 4, "missing": 4, "paket": 2, "verschwunden": 4},
    "CANCEL_ORDER": {"order": 3, "cancel": 4},
    "OPENING_HOURS": {"shop": 4, "open": 3},
    "Lamp": {"lamp": 4},
    "Chair": {"chair": 4},
}
WORDS["DELIVERY_TIME"]["paket"] = 2
WORDS["CANCEL_ORDER"]["parcel"] = 1


class WordReader:
    """Adds up what the words of a text weigh; keeps the texts that it was given."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy, self.read = taxonomy, []

    def probabilities(self, examples: Sequence[Example]) -> dict[str, np.ndarray]:
        texts = [one.text for one in examples]
        self.read.append(texts)
        return {one.name: self._rows(one, texts) for one in self.taxonomy.dimensions}

    @staticmethod
    def _rows(dimension: Dimension, texts: Sequence[str]) -> np.ndarray:
        said = [re.findall(r"\w+", text.lower()) for text in texts]
        scores = [
            [sum(WORDS[name].get(w, 0) for w in one) for name in dimension.names] for one in said
        ]
        raised = np.exp(np.array(scores, np.float32).reshape(len(texts), len(dimension.names)))
        return raised / raised.sum(1, keepdims=True)


def sets_of(taxonomy: Taxonomy = WISH) -> ReaderSets:
    return ReaderSets(WordReader(taxonomy), taxonomy, dict.fromkeys(taxonomy.dimension_names, 0.2))


LOST = ClearQuery(
    "I want to ask about my parcel that was lost by the courier.", {"wish": "MISSING_PARCEL"}, "a#0"
)
WHEN = ClearQuery(
    "I want to ask about my parcel and when it arrives.", {"wish": "DELIVERY_TIME"}, "b#0"
)
CANCEL = ClearQuery("please cancel my order", {"wish": "CANCEL_ORDER"}, "c#0")
HOURS = ClearQuery("when is the shop open", {"wish": "OPENING_HOURS"}, "d#0")
LOGS = (
    LOST.text,
    WHEN.text,
    CANCEL.text,
    HOURS.text,
    "what about my parcel",
    "tell me about my order",
    "the parcel is here",
    "can you find my parcel for me",
)
PHRASING = Phrasing.of(LOGS)
