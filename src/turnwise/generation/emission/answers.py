"""What agents answered: each generated turn is followed by an answer that the logs gave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from turnwise.generated import GeneratedTurn, State
from turnwise.generation.emission.pools import Pool, Utterance
from turnwise.generation.emission.repeats import Used
from turnwise.generation.emission.words import plain

SHORT = 20  # words of an answer that is preferred
COMPARED = 50  # utterances with an answer among which the nearest one is looked for


class Answers:
    """Finds an answer of the logs for each utterance.

    In this order: a short answer (at most 20 words) to this very utterance, to the same text said
    elsewhere under the same labels, any answer to this utterance, and a short answer to the
    utterance of the same labels that shares most words with it. Of the first two, what the
    agent said before is passed over; it is said again only where none is left.
    """

    def __init__(self) -> None:
        self._indices: dict[int, _Index] = {}

    def turn(
        self, utterance: Utterance, pool: Pool, used: Used, after: State | None = None
    ) -> GeneratedTurn | None:
        """The agent's turn after an utterance of a pool; None where its logs have no agents.

        Args:
            used: what the agent said before.
            after: the state that comes next: another answer than its own is taken only if the
                logs went on like that. None: any.
        """
        answered = self._answered(utterance, pool, used, after)
        if answered is None:
            return None
        conversation, _, turn = answered.source.rpartition("#")
        source = f"{conversation}#{int(turn) + 1}"
        return GeneratedTurn(
            "agent", answered.answer, made="answer from the logs", sources=(source,)
        )

    def _answered(
        self, utterance: Utterance, pool: Pool, used: Used, after: State | None
    ) -> Utterance | None:
        if is_short(utterance.answer) and not used.answered(utterance.answer):
            return utterance
        if id(pool) not in self._indices:
            self._indices[id(pool)] = _Index(pool.utterances)
        index = self._indices[id(pool)]
        words = plain(utterance.text)
        for other in index.short.get(words, ()):
            if (after is None or other.after == after) and not used.answered(other.answer):
                return other
        return utterance if utterance.answer else index.nearest(words)


def is_short(answer: str) -> bool:
    """Whether it is an answer of at most 20 words."""
    return bool(answer) and len(answer.split()) <= SHORT


class _Index:
    """The utterances of a pool that were answered."""

    def __init__(self, utterances: Iterable[Utterance]) -> None:
        self.short: dict[str, list[Utterance]] = defaultdict(list)
        for one in utterances:
            if is_short(one.answer):
                self.short[plain(one.text)].append(one)
        self._compared = [(set(text.split()), text) for text in [*self.short][:COMPARED]]
        self._nearest: dict[str, str] = {}

    def nearest(self, text: str) -> Utterance | None:
        if not self._compared:
            return None
        if text not in self._nearest:
            words = set(text.split())
            overlaps = [
                (len(words & other) / len(words | other) if words | other else 0.0, -place)
                for place, (other, _) in enumerate(self._compared)
            ]
            self._nearest[text] = self._compared[-max(overlaps)[1]][1]
        return self.short[self._nearest[text]][0]
