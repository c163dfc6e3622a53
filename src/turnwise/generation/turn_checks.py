"""The checks that written turns go through, learnt from logs."""

from __future__ import annotations

from collections.abc import Iterable

from turnwise.generated import LabelledConversation
from turnwise.generation.quality.checks import Checks, checks, label_names
from turnwise.taxonomy import Taxonomy


def turn_checks(logs: Iterable[LabelledConversation], taxonomy: Taxonomy) -> tuple[Checks, Checks]:
    """The checks of what a customer says and of what an agent says, learnt from logs.

    Where the logs have no agents, agents are held against what customers say.
    """
    texts: dict[bool, list[str]] = {True: [], False: []}
    for one in logs:
        for turn in one.conversation.turns:
            texts[turn.role == "customer"].append(turn.text)
    names = label_names(taxonomy)
    return checks(texts[True], names), checks(texts[False] or texts[True], names)
