"""What a conversation has used up: nobody says the same twice, or tells two talks at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from turnwise.generation.emission.drafts import Draft
from turnwise.generation.emission.pools import Utterance
from turnwise.generation.emission.words import plain


class Used:
    """What stands in a conversation so far.

    Args:
        plainly: makes texts plain, as `plain` does.
    """

    def __init__(self, plainly: Callable[[str], str] = plain) -> None:
        self._plain = plainly
        self._conversations: set[str] = set()
        self._texts: set[str] = set()
        self._answers: set[str] = set()

    def add(self, draft: Draft) -> None:
        """Use what a draft says, what its example said, and where that was said."""
        self._conversations.add(draft.utterance.conversation)
        self._texts |= {self._plain(draft.text), self._plain(draft.utterance.text)}
        if draft.answer is not None:
            self._answers.add(self._plain(draft.answer.text))

    def says(self, text: str) -> bool:
        """Whether the customer said a text: case and marks make no difference."""
        return self._plain(text) in self._texts

    def answered(self, answer: str) -> bool:
        """Whether the agent said an answer."""
        return bool(answer) and self._plain(answer) in self._answers

    def fresh(self, one: Utterance) -> bool:
        """Whether an example is of another conversation than those used, and says something new."""
        return one.conversation not in self._conversations and not self.says(one.text)

    def left(self, utterances: Iterable[Utterance]) -> list[Utterance]:
        """The fresh ones; without any, those that say something new at least."""
        new = [one for one in utterances if not self.says(one.text)]
        return [one for one in new if one.conversation not in self._conversations] or new
