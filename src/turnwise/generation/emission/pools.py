"""What customers said, by what they meant: the examples that turns are made of.

    labelled conversations --Pools.gather--> state -> Pool of Utterances

An utterance keeps where it stood: it opened a conversation, went on under the labels of the
turn before, or came just after a switch of labels; what the agent had said before it, and what was
answered.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from turnwise.conversations import Conversation, examples
from turnwise.generated import LabelledConversation, State
from turnwise.generation.emission.words import plain
from turnwise.sampling import stable_hash
from turnwise.taxonomy import Taxonomy

Position = Literal["opening", "continuing", "switching", "unknown"]

PER_STATE = 1_000  # utterances that are kept of each state
MOST_CHARACTERS = 2_000  # of an utterance or an answer; longer ones are no examples of anything


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a customer said once.

    Attributes:
        text: as it was said.
        source: `conversation id#turn`, or `taxonomy:dimension/label`.
        position: where it stood among the customer's turns of its conversation.
        before, after: state of the customer's turn before and after; None where there was none,
            where it had no labels, or where nobody knows.
        asked: what agents said right before it; answer: right after it; empty where nothing.
    """

    text: str
    source: str
    position: Position = "unknown"
    before: State | None = None
    after: State | None = None
    asked: str = ""
    answer: str = ""

    @property
    def conversation(self) -> str:
        """What it was taken from, without the turn."""
        return self.source.rpartition("#")[0] or self.source


class Pool:
    """The utterances of one state.

    Attributes:
        utterances: as often as they were said, in an order that depends on their sources alone.
        distinct: the first of each text among them.
        backed_off: whether they are those of the intent or of the taxonomy: none was of the state.
    """

    def __init__(self, utterances: Iterable[Utterance], backed_off: bool = False) -> None:
        self.utterances = tuple(utterances)
        firsts: dict[str, Utterance] = {}
        for one in self.utterances:
            firsts.setdefault(plain(one.text), one)
        self.distinct = tuple(firsts.values())
        self.backed_off = backed_off

    def __len__(self) -> int:
        return len(self.utterances)


class Pools:
    """The utterances of every state, and what must not be said.

    Attributes:
        taxonomy: of the labels; its dimensions are the order of a state.
        states: those that the logs show, in order.
        positions: whether anything is known of where utterances stood.
        too_long: turns of the logs that were passed over for their length.
    """

    def __init__(
        self,
        taxonomy: Taxonomy,
        shown: Mapping[State, Sequence[Utterance]],
        *,
        intent: str | None = None,
        avoid: Collection[str] = (),
        copies: Collection[int] = (),
        too_long: int = 0,
    ) -> None:
        self.taxonomy, self.too_long = taxonomy, too_long
        self._intent = taxonomy.dimension_names.index(intent or _intent(taxonomy))
        self._avoid, self._copies = frozenset(map(plain, avoid)), frozenset(copies)
        self._pools = {state: Pool(some) for state, some in sorted(shown.items()) if some}
        self.states = tuple(self._pools)
        self.positions = any(
            one.position != "unknown" for pool in self._pools.values() for one in pool.utterances
        )
        self._of_label: dict[str, list[Utterance]] = defaultdict(list)
        for state, pool in self._pools.items():
            self._of_label[state[self._intent]] += pool.utterances
        self._backed_off: dict[State, Pool] = {}

    @classmethod
    def gather(
        cls,
        logs: Iterable[LabelledConversation],
        taxonomy: Taxonomy,
        *,
        intent: str | None = None,
        avoid: Collection[str] = (),
        per_state: int = PER_STATE,
    ) -> Pools:
        """Gather utterances in one pass; memory grows with the states, not with the logs.

        Args:
            logs: with the labels of their customer turns; those that the taxonomy lacks are passed
                over. Where no conversation has two customer turns, they are single turns, and
                where they stood is unknown.
            intent: the dimension whose examples a state without any falls back on; None: the one
                named `intent`, else the last.
            avoid: texts, such as those of a test split, of which none is used, neither as an
                utterance nor as an answer; compared without case and marks.
            per_state: utterances kept of each state, by the lowest hash of their sources.
        """
        gathering = _Gathering(taxonomy, frozenset(map(plain, avoid)), per_state)
        for one in logs:
            gathering.see(one)
        return cls(
            taxonomy,
            gathering.shown(),
            intent=intent,
            avoid=avoid,
            copies=gathering.copies(),
            too_long=gathering.too_long,
        )

    def pool(self, state: State) -> Pool:
        """The utterances of a state; of its intent where there are none; then the examples that
        the taxonomy gives of the intent. Empty where nobody gives any."""
        if state in self._pools:
            return self._pools[state]
        if state not in self._backed_off:
            self._backed_off[state] = Pool(self._others(state), backed_off=True)
        return self._backed_off[state]

    def lacking(self, states: Iterable[State]) -> tuple[State, ...]:
        """The states that no turn can be made for: they have no example at all."""
        return tuple(state for state in states if not self.pool(state))

    def avoided(self, text: str) -> bool:
        """Whether a text must not be used."""
        return bool(self._avoid) and plain(text) in self._avoid

    def copied(self, texts: Sequence[str]) -> bool:
        """Whether a conversation of the logs has these customer turns, and no others."""
        return bool(texts) and _fingerprint(texts) in self._copies

    def _others(self, state: State) -> list[Utterance]:
        label = state[self._intent] if len(state) > self._intent else ""
        if not label:
            return []
        if some := self._of_label.get(label):
            return some
        dimension = self.taxonomy.dimensions[self._intent]
        given = dimension.label(label).examples if label in dimension.index else ()
        source = f"taxonomy:{dimension.name}/{label}"
        return [Utterance(text, source) for text in given if not self.avoided(text)]


def state_of(labels: Mapping[str, str], taxonomy: Taxonomy) -> State:
    """Labels as a state; those that the taxonomy lacks are empty."""
    return tuple(
        label if (label := labels.get(one.name, "")) in one.index else ""
        for one in taxonomy.dimensions
    )


def _intent(taxonomy: Taxonomy) -> str:
    names = taxonomy.dimension_names
    return "intent" if "intent" in names else names[-1]


def _fingerprint(texts: Sequence[str]) -> int:
    return stable_hash("\n".join(map(plain, texts))) >> 192  # 64 bits


class _Gathering:
    """The utterances of lowest hash, state by state, while logs go by."""

    def __init__(self, taxonomy: Taxonomy, avoid: frozenset[str], per_state: int) -> None:
        self._taxonomy, self._avoid, self._per_state = taxonomy, avoid, per_state
        self._heaps: dict[State, list[tuple[int, str, int, Utterance]]] = defaultdict(list)
        self._count = 0
        self._whole: set[int] = set()
        self._single = True  # as long as no conversation has two customer turns
        self.too_long = 0

    def see(self, one: LabelledConversation) -> None:
        indices = [example.index for example in examples(one.conversation)]
        texts = [one.conversation.turns[index].text for index in indices]
        self._single &= len(texts) < 2
        if texts:
            self._whole.add(_fingerprint(texts))
        states = [state_of(one.labels.get(index, {}), self._taxonomy) for index in indices]
        for place, index in enumerate(indices):
            text = texts[place]
            self.too_long += len(text) > MOST_CHARACTERS
            if not any(states[place]) or not self._usable(text):
                continue
            around = _around(one.conversation, index, self._usable)
            utterance = _placed(states, place, f"{one.conversation.id}#{index}", (text, *around))
            self._keep(states[place], utterance)

    def shown(self) -> dict[State, list[Utterance]]:
        """State -> utterances by the hash of their sources."""
        found = {}
        for state, heap in self._heaps.items():
            kept = [one for *_, one in sorted(heap, key=lambda item: (-item[0], *item[1:3]))]
            found[state] = [_nowhere(one) for one in kept] if self._single else kept
        return found

    def copies(self) -> set[int]:
        """Fingerprints of whole conversations; single turns are none."""
        return set() if self._single else self._whole

    def _usable(self, text: str) -> bool:
        if not text.strip() or len(text) > MOST_CHARACTERS:
            return False
        return not (self._avoid and plain(text) in self._avoid)

    def _keep(self, state: State, utterance: Utterance) -> None:
        self._count += 1
        item = (-stable_hash(utterance.source), utterance.source, self._count, utterance)
        heap = self._heaps[state]
        if len(heap) < self._per_state:
            heapq.heappush(heap, item)
        else:
            heapq.heappushpop(heap, item)


def _around(
    conversation: Conversation, index: int, usable: Callable[[str], bool]
) -> tuple[str, str]:
    """What agents said right before a turn and right after it."""
    found = []
    for step in (-1, 1):
        said = []
        place = index + step
        while 0 <= place < len(conversation.turns):
            turn = conversation.turns[place]
            if turn.role == "customer":
                break
            said.append(turn.text)
            place += step
        text = "\n".join(said[::step])
        found.append(text if text and usable(text) else "")
    return found[0], found[1]


def _placed(
    states: Sequence[State], place: int, source: str, texts: tuple[str, str, str]
) -> Utterance:
    before = states[place - 1] if place else None
    after = states[place + 1] if place + 1 < len(states) else None
    position: Position = "opening"
    if before is not None:
        position = "continuing" if before == states[place] else "switching"
        position = position if any(before) else "unknown"
    text, asked, answer = texts
    known_before = before if before and any(before) else None
    known_after = after if after and any(after) else None
    return Utterance(text, source, position, known_before, known_after, asked, answer)


def _nowhere(one: Utterance) -> Utterance:
    """A single turn: that it stands first says nothing."""
    return Utterance(one.text, one.source, asked=one.asked, answer=one.answer)
