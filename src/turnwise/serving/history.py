"""What of a conversation's history a policy goes by: the true text alone, or earlier labels too.

`text`: the model reads the turns before as they were said; this is the default. `labels`: what it
believes of the earlier customer turns is fed back as well, by the bundle's chains
(`bundle.transitions`). Beliefs are fed back whole, not the label that won: an error goes on as a
doubt then, and not as a fact.

The earlier turns are read again with each decision, in one pass with the turn itself, and the
dialogue state holds nothing of it: any process can decide any turn, and a turn that is sent again
is decided as the first time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Bundle, Outputs
from turnwise.bundle.refusal import Conformal, OperatingPoint
from turnwise.bundle.transitions import EARLIER, Chain, ChainPrior, tempered
from turnwise.conversations import Example
from turnwise.errors import ConfigError
from turnwise.serving.decision import DialogueState

HistoryKind = Literal["text", "labels"]
Row = NDArray[np.float64]


class History:
    """Reads turns with their history; threads may share it.

    Attributes:
        conformal, operating: dimension -> what goes by probabilities, as these are read.

    Raises:
        ConfigError: labels are wanted, and the bundle has no chains.
    """

    def __init__(self, bundle: Bundle, kind: HistoryKind) -> None:
        self._bundle = bundle
        refusal = bundle.manifest.refusal
        self.conformal: dict[str, Conformal] = dict(refusal.conformal) if refusal else {}
        self.operating: dict[str, OperatingPoint] = dict(refusal.operating) if refusal else {}
        self._chains: dict[str, tuple[Chain, ChainPrior]] = {}
        if kind == "labels":
            self._feed_back(_chains(bundle))

    def _feed_back(self, chains: Mapping[str, Chain]) -> None:
        for name, chain in chains.items():
            prior = ChainPrior(chain.successions, self._bundle.taxonomy[name])
            self._chains[name] = chain, prior
            self.conformal |= {} if chain.conformal is None else {name: chain.conformal}
            self.operating |= {} if chain.operating is None else {name: chain.operating}

    def read(self, example: Example, state: DialogueState) -> tuple[Outputs, dict[str, Row]]:
        """Return what the model says of a turn by the text, and dimension -> Float64[n_labels].

        The latter are the probabilities to decide by; where nothing is fed back, the same.

        Args:
            state: whose questions tell replies apart, which are no turns of their own.
        """
        before = _earlier(example, state) if self._chains else []
        found = self._bundle.outputs([*before[-EARLIER:], example])
        rows = text_rows(found)
        places = np.arange(len(found.vectors))[None]
        opens = np.array([len(before) <= EARLIER])
        for name, (chain, prior) in self._chains.items():
            every = found.probabilities[name].astype(np.float64)
            both = prior.read(every, places, opens, chain.weight)
            rows[name] = tempered(both, chain.temperature)[0]
        return _last(found), rows


def text_rows(found: Outputs) -> dict[str, Row]:
    """Dimension -> Float64[n_labels], of the last turn by the text alone."""
    return {name: one[-1].astype(np.float64) for name, one in found.probabilities.items()}


def _chains(bundle: Bundle) -> dict[str, Chain]:
    """The chains that are worth something.

    Raises:
        ConfigError: the bundle has none at all.
    """
    if bundle.transitions is None:
        raise ConfigError(
            f"is 'labels', and bundle {bundle.id} does not know which label follows which: it was "
            "packed by an older program, or its training had no two labelled turns in a row",
            field="policy.history",
            hint="Set it to text, or train again on whole conversations",
        )
    return {name: one for name, one in bundle.transitions.chains.items() if one.weight > 0}


def _earlier(example: Example, state: DialogueState) -> list[Example]:
    """The customer turns before a turn, oldest first, but for replies to our own questions."""
    turns, asked = example.conversation.turns, {one.text for one in state.asked}
    return [
        Example(example.conversation, at)
        for at in range(example.index)
        if turns[at].role == "customer" and not (at and turns[at - 1].text in asked)
    ]


def _last(found: Outputs) -> Outputs:
    """What was said of the last turn."""
    return replace(
        found,
        vectors=found.vectors[-1:],
        scores={name: one[-1:] for name, one in found.scores.items()},
        probabilities={name: one[-1:] for name, one in found.probabilities.items()},
    )
