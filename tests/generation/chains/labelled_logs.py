"""Labelled logs for tests of chains: conversations given as the labels of their turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from turnwise.conversations import Conversation, Turn
from turnwise.generated import LabelledConversation, State
from turnwise.taxonomy import Dimension, Label, Taxonomy

DIMENSIONS = ("domain", "intent")
TAXONOMY = Taxonomy(
    "shop",
    (
        Dimension("domain", (Label("TRIP", ("TRIP",)), Label("STAY", ("STAY",)))),
        Dimension(
            "intent", tuple(Label(one, (one,)) for one in ("ASK", "BOOK", "CANCEL", "THANK"))
        ),
    ),
)
A, B, C = ("TRIP", "ASK"), ("TRIP", "BOOK"), ("STAY", "CANCEL")
NONE = ("", "")

STATES = st.tuples(
    st.sampled_from(("TRIP", "STAY", "")), st.sampled_from(("ASK", "BOOK", "CANCEL", "THANK"))
)
LOGS = st.lists(
    st.lists(st.one_of(STATES, st.just(NONE)), min_size=1, max_size=6), min_size=1, max_size=8
).filter(lambda logs: any(any(state) for states in logs for state in states))


def labelled(
    states: Sequence[State],
    market: str = "",
    dimensions: Sequence[str] = DIMENSIONS,
    number: int = 0,
) -> LabelledConversation:
    """A conversation whose customer turns are in these states, each answered by the agent."""
    turns = [
        Turn(role, f"{role} {at}")  # type: ignore[arg-type]
        for at in range(len(states))
        for role in ("customer", "agent")
    ]
    labels: dict[int, Mapping[str, str]] = {
        2 * at: {name: label for name, label in zip(dimensions, state, strict=True) if label}
        for at, state in enumerate(states)
        if any(state)
    }
    return LabelledConversation(Conversation(f"c{number}", tuple(turns), market=market), labels)


def logs(*conversations: Sequence[State], market: str = "") -> list[LabelledConversation]:
    return [labelled(states, market, number=at) for at, states in enumerate(conversations)]
