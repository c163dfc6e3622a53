"""An adapted turn is kept only if its label is still read from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from turnwise.conversations import Conversation, Example, Turn
from turnwise.generated import Reader
from turnwise.generation.emission.drafts import Draft
from turnwise.taxonomy import Taxonomy

ANOTHER_LABEL = "another label was read from an adapted turn; the example stands as it was"


def undo_misread(
    conversations: Sequence[Sequence[Draft]], reader: Reader, taxonomy: Taxonomy
) -> int:
    """Undo what was adapted where a label that was meant is not the one that is read.

    All turns are read at once, in their history as it was adapted.

    Returns:
        How many turns were undone.
    """
    asked: list[tuple[Draft, Example]] = []
    for drafts in conversations:
        if any(one.rules for one in drafts):
            asked += _examples(drafts)
    if not asked:
        return 0
    read = reader.probabilities([example for _, example in asked])
    wrong = np.zeros(len(asked), np.bool_)
    for place, dimension in enumerate(taxonomy.dimensions):
        if dimension.name not in read:
            continue
        found = read[dimension.name].argmax(axis=1)
        meant = [dimension.index.get(draft.state[place], -1) for draft, _ in asked]
        wrong |= (found != np.array(meant)) & (np.array(meant) >= 0)
    for row in np.flatnonzero(wrong):
        asked[row][0].undo()
    return int(wrong.sum())


def _examples(drafts: Sequence[Draft]) -> list[tuple[Draft, Example]]:
    """The adapted turns of a conversation, each with its history."""
    turns: list[Turn] = []
    places: list[tuple[Draft, int]] = []
    for one in drafts:
        if one.rules:
            places.append((one, len(turns)))
        turns.append(Turn("customer", one.text))
        if one.answer is not None:
            turns.append(Turn(one.answer.role, one.answer.text))
    conversation = Conversation("draft", tuple(turns))
    return [(draft, Example(conversation, place)) for draft, place in places]
