"""`zero-shot`: the turn alone against what labels are called and how they are described.

The baseline: no seed, no history, no example utterances, no reasons. A label's chance is a
softmax of the likeness of the turn to its title and description.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from turnwise.conversations import Conversation, Example
from turnwise.encoders import Encoder
from turnwise.labelling.annotator import LabellingConfig
from turnwise.labelling.choice import Chances, softmax
from turnwise.labelling.similarity import Seen, see, similarity
from turnwise.labelling.views.answering import (
    Choice,
    Labelled,
    ViewAnnotator,
    annotation,
    by_conversation,
    ranked,
    source_of,
)
from turnwise.labelling.views.sessions import customer_turns
from turnwise.labelling.words import Wording
from turnwise.taxonomy import Label, Taxonomy

SHARPNESS = 0.05  # of likeness; the surest that the sample's seed bears out

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")


@dataclass(frozen=True)
class ZeroShot:
    """What labels are called and described by, read; see `read_labels`."""

    taxonomy: Taxonomy
    encoder: Encoder
    config: LabellingConfig
    wording: Wording
    labels: Mapping[str, Seen]

    def chances(self, turns: Sequence[Example]) -> Mapping[str, Chances]:
        """Dimension -> chances of its labels, Float64[n_turns, n_labels]."""
        texts = [one.text for one in turns]
        seen = see(texts, self.encoder.encode(texts), self.wording)
        return {
            name: softmax(similarity(seen, labels).astype("float64") / SHARPNESS)
            for name, labels in self.labels.items()
        }

    def label(self, turns: Sequence[Example]) -> list[Labelled]:
        """One annotation per dimension for each turn."""
        said, source = self.chances(turns), source_of("zero-shot")
        threshold = self.config.abstain_below
        labelled = []
        for at, one in enumerate(turns):
            orders = {n: ranked(self.taxonomy[n].names, rows[at]) for n, rows in said.items()}
            labelled.append(
                tuple(
                    annotation(one, name, Choice(order, order[0][1] < threshold), source)
                    for name, order in orders.items()
                )
            )
        return labelled


def read_labels(taxonomy: Taxonomy, encoder: Encoder, config: LabellingConfig) -> ZeroShot:
    """Read the titles and descriptions of a taxonomy; there is nothing to fit."""
    texts = {one.name: [described(label) for label in one.labels] for one in taxonomy.dimensions}
    wording = Wording.of([text for part in texts.values() for text in part])
    seen = {name: see(part, encoder.encode(part), wording) for name, part in texts.items()}
    return ZeroShot(taxonomy, encoder, config, wording, seen)


def described(label: Label) -> str:
    """`Hotels_2/SearchHotel` -> `hotels 2 search hotel`, with its description behind."""
    spoken = " ".join(_WORD.findall(label.title())).lower() or label.title()
    return f"{spoken}: {label.description}" if label.description else spoken


def zero_shot_annotator(zero_shot: ZeroShot) -> ViewAnnotator:
    """`zero-shot` as an annotator."""

    def work(conversations: Sequence[Conversation]) -> list[Labelled]:
        return by_conversation(conversations, zero_shot.label(customer_turns(conversations)))

    return ViewAnnotator(source_of("zero-shot"), work)
