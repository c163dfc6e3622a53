"""The dialogue states of conversations, kept for callers who leave them out."""

from __future__ import annotations

from collections import OrderedDict

from turnwise.serving.decision import DialogueState

MAX_CHARACTERS = 64_000_000  # of all the questions that are kept

StateKey = tuple[str, str]  # whose, and its id: one key never reads what is another's


class States:
    """The states of the conversations that were spoken of last. Of one thread.

    Args:
        conversations: that are kept at most; characters: of their questions together at most.
    """

    def __init__(self, conversations: int, characters: int = MAX_CHARACTERS) -> None:
        self._most, self._most_characters = conversations, characters
        self._states: OrderedDict[StateKey, DialogueState] = OrderedDict()
        self._characters = 0

    def __len__(self) -> int:
        return len(self._states)

    def get(self, conversation: StateKey) -> DialogueState:
        """The state; a new one for a conversation that is not known, or no longer."""
        return self._states.get(conversation) or DialogueState()

    def put(self, conversation: StateKey, state: DialogueState) -> None:
        """Keep a state, and let go of those that are oldest."""
        self._forget(conversation)
        if state == DialogueState():
            return
        self._states[conversation] = state
        self._characters += _size(state)
        while len(self._states) > self._most or self._characters > self._most_characters:
            self._forget(next(iter(self._states)))

    def _forget(self, conversation: StateKey) -> None:
        state = self._states.pop(conversation, None)
        if state is not None:
            self._characters -= _size(state)


def _size(state: DialogueState) -> int:
    """Characters of a state's questions, and 64 for what holds each."""
    return sum(
        64 + len(question.text) + sum(64 + len(label) for label, _ in question.candidates)
        for question in state.asked
    )
