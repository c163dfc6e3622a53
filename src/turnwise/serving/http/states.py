"""The dialogue states of conversations, kept for callers who leave them out."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from turnwise.serving.decision import DialogueState

MAX_CHARACTERS = 64_000_000  # of all the questions and labels that are kept

StateKey = tuple[str, str]  # whose, and its id: one key never reads what is another's


@dataclass(frozen=True, slots=True)
class Kept:
    """The state of a conversation: before and after its turn of this index was decided on."""

    turn: int
    before: DialogueState
    after: DialogueState


class States:
    """The states of the conversations that were spoken of last. Of one thread.

    Args:
        conversations: that are kept at most; characters: of what they hold together at most.
    """

    def __init__(self, conversations: int, characters: int = MAX_CHARACTERS) -> None:
        self._most, self._most_characters = conversations, characters
        self._states: OrderedDict[StateKey, Kept] = OrderedDict()
        self._characters = 0

    def __len__(self) -> int:
        return len(self._states)

    def get(self, conversation: StateKey, turn: int) -> DialogueState:
        """The state in which a turn of this index is to be decided on.

        A turn that is sent again is decided as the first time. A new state for a conversation
        that is not known, or no longer, and for one that has become shorter: its id is used anew.
        """
        kept = self._states.get(conversation)
        if kept is None or turn < kept.turn:
            return DialogueState()
        return kept.before if turn == kept.turn else kept.after

    def put(self, conversation: StateKey, kept: Kept) -> None:
        """Keep a state, and let go of those that are oldest."""
        self._forget(conversation)
        if kept.before == kept.after == DialogueState():
            return
        self._states[conversation] = kept
        self._characters += _size(kept)
        while len(self._states) > self._most or self._characters > self._most_characters:
            self._forget(next(iter(self._states)))

    def _forget(self, conversation: StateKey) -> None:
        kept = self._states.pop(conversation, None)
        if kept is not None:
            self._characters -= _size(kept)


def _size(kept: Kept) -> int:
    """Characters of the states' questions and labels, and 64 for what holds each.

    Both states count, each question once: a caller may hand in one that the bundle knows nothing
    of, and then the state after holds none of it.
    """
    states = (kept.before, kept.after)
    questions = {id(one): one for state in states for one in state.asked}.values()
    ranked = [one.candidates for one in questions]
    ranked += [one for state in states for one in state.before.values()]
    labels = sum(64 + len(label) for one in ranked for label, _ in one)
    return labels + sum(64 + len(one.text) for one in questions)
