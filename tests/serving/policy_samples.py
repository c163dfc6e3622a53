"""What tests of policies share: talks, thresholds that settle all or nothing, changed bundles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from turnwise.bundle import Bundle
from turnwise.conversations import Conversation, Turn
from turnwise.taxonomy import Action

CLEAR = "I want to cancel my music subscription"
DIMENSIONS = ("domain", "intent", "issue")
SURE = dict.fromkeys(DIMENSIONS, 0.0)
UNSURE = dict.fromkeys(DIMENSIONS, 1.0)


def said(*texts: str, locale: str = "") -> Conversation:
    """Customer and bot in turn, the last word the customer's."""
    roles = ("customer", "bot")
    turns = [Turn(roles[place % 2], text) for place, text in enumerate(reversed(texts))]
    return Conversation("c", tuple(reversed(turns)), locale=locale)


class Alarm:
    """Finds every turn strange."""

    threshold = 0.5

    def scores(self, logits, vectors):
        return {"combined": np.ones(len(vectors))}


def with_actions(bundle: Bundle, *actions: Action) -> Bundle:
    """The same bundle under other actions."""
    other = Bundle.load(bundle.folder, threads=1)
    other.taxonomy = replace(bundle.taxonomy, actions=actions)
    return other
