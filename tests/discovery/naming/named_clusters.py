"""Utterances of a library in clusters, and spaces made of them with the toy encoder of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tests.labelling.conftest import WordEncoder
from turnwise.clusters import ClusterName, Rows, Space, Utterance

WISHES: Mapping[str, Sequence[str]] = {
    "cancel-reservation": (
        "I want to cancel my reservation",
        "can you cancel the reservation please",
        "how do I cancel a reservation for a novel",
        "please cancel my reservation of the atlas",
        "I need to cancel reservations",
    ),
    "renew-loan": (
        "I want to renew my loan",
        "can I renew a loan online",
        "please renew the loan of my novel",
        "how do I renew loans",
        "I would like to renew this loan",
    ),
    "report-lost-card": (
        "I lost my library card",
        "my card is lost",
        "the card was stolen, or I lost it",
        "lost card, what now",
        "I have lost the card again",
    ),
    "inquire-opening-hours": (
        "what are your opening hours?",
        "when are the opening hours on sunday?",
        "do opening hours change in summer?",
        "which opening hours has the reading room?",
        "are the opening hours longer in may?",
    ),
}


def space_of(
    clusters: Sequence[Sequence[str]], role: str | None = "customer"
) -> tuple[Space, list[Rows]]:
    """The space of some texts, and the rows of each cluster."""
    texts = [text for some in clusters for text in some]
    vectors = WordEncoder().encode(texts)
    utterances = tuple(Utterance(text, role=role) for text in texts)
    ends = np.cumsum([len(some) for some in clusters])
    rows = np.split(np.arange(len(texts)), ends[:-1])
    return Space(utterances, vectors, vectors), rows


def named(*names: str) -> list[ClusterName]:
    parts = (name.partition("-") for name in names)
    return [ClusterName(action, objective) for action, _, objective in parts]
