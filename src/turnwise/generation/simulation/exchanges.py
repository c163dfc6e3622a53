"""What was said after what in the logs, to be looked up by labels and words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from turnwise.encoders.encoder import Encoder
from turnwise.generated import Labels, State
from turnwise.generation.emission.pools import Pools, Utterance, state_of
from turnwise.generation.emission.words import Rarity, plain
from turnwise.generation.simulation.cues import SHORT, asks, kind_of, kinds_near
from turnwise.generation.simulation.moves import Move

PER_KEY = 200  # exchanges that are kept of each label, and of each state
LOOKED_THROUGH = 120  # of those, the ones that share most labels
WISHES = frozenset[Move](("follow-up", "clarification"))  # moves that are about the wish itself
LONGEST_TURN = 40  # words of a customer turn that is said again
LONGEST_ANSWER = 80
COMPARED = 5_000  # short turns whose kind the encoder is asked for, at most
STAY = 2 / 3  # share of the labels that stays from one turn to the next on the same matter


Words = frozenset[str]
_Key = State | tuple[int, str]  # all labels of a turn, or one at its place


@dataclass(frozen=True, slots=True)
class Exchange:
    """A customer turn of the logs with what came before and after it.

    Attributes:
        said: the turn; state: its labels.
        kind: the move that it makes; of an opening and of a switch it says nothing.
        goes_on: whether it shares a label with the customer's turn before.
        settles: whether the customer let the matter rest after the answer.
        words, asked: of the turn, and of what the agent had said before it.
    """

    said: Utterance
    state: State
    kind: Move
    goes_on: bool
    settles: bool
    words: Words
    asked: Words

    @property
    def answer(self) -> str:
        return self.said.answer

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer, and one that can be given again."""
        return 0 < len(self.answer.split()) <= LONGEST_ANSWER

    @property
    def answer_source(self) -> str:
        conversation, _, turn = self.said.source.rpartition("#")
        return f"{conversation}#{int(turn) + 1}" if turn.isdecimal() else self.said.source


_States = Callable[[Exchange], Sequence[State]]


class Near(NamedTuple):
    """An exchange that was looked for.

    Attributes:
        share: of the labels that it has in common with what it was looked for by, 0-1.
        likeness: of the words, 0-1.
    """

    exchange: Exchange
    share: float
    likeness: float

    @property
    def score(self) -> float:
        return self.share + self.likeness


class Exchanges:
    """The exchanges of some logs.

    Args:
        pools: what customers said, of one language or market.
        encoder: where given, short turns whose words tell no move are compared with a few phrases
            of each; else they count as follow-ups.
    """

    def __init__(self, pools: Pools, encoder: Encoder | None = None) -> None:
        self.taxonomy = pools.taxonomy
        found = [(state, one) for state in pools.states for one in pools.pool(state).utterances]
        kinds = _kinds([one for _, one in found], encoder)
        self.all = [_exchange(*one, kind) for one, kind in zip(found, kinds, strict=True)]
        self._rarity = Rarity(one.words | one.asked for one in self.all)
        self._weights = {
            words: self._weigh(words) for one in self.all for words in (one.words, one.asked)
        }
        self._answered = _Shelf((one for one in self.all if one.is_answered), _own)
        spoken = [one for one in self.all if len(one.said.text.split()) <= LONGEST_TURN]
        self._spoken = _Shelf(spoken, _own)
        self._by_source = {one.said.source: one for one in self.all}
        self._moves = {
            move: _Shelf(some, _led_and_own if move in WISHES else _led)
            for move, some in _by_move(spoken).items()
        }

    def answers(self, labels: Labels, text: str) -> list[Near]:
        """Answered turns that have labels and words in common with a turn, the nearest first."""
        return self._ranked(self._answered.some(self._state(labels)), text, _said_words)

    def alike(self, labels: Labels, text: str) -> list[Near]:
        """Turns of the same labels, the nearest text first."""
        state = self._state(labels)
        same = [(one, share) for one, share in self._spoken.some(state) if one.state == state]
        return self._ranked(same, text, _said_words)

    def moves(self, move: Move, labels: Labels, asked: str) -> list[Near]:
        """Turns that made a move after turns of such labels, by those and by what the agent had
        said."""
        shelf = self._moves.get(move)
        return self._ranked(shelf.some(self._state(labels)), asked, _asked_words) if shelf else []

    def at(self, source: str) -> Exchange | None:
        """The exchange of a customer turn of the logs, by its source."""
        return self._by_source.get(source)

    def labels(self, one: Exchange) -> Labels:
        """What a turn was labelled with."""
        names = self.taxonomy.dimension_names
        return {name: label for name, label in zip(names, one.state, strict=True) if label}

    def _ranked(
        self, some: Sequence[tuple[Exchange, float]], text: str, side: Callable[[Exchange], Words]
    ) -> list[Near]:
        """Some exchanges by their share of labels and the likeness of a text to one side of them:
        the share of rare words in common (Dice, weighted by rarity)."""
        words = _words(text)
        weight = self._weigh(words)
        found = []
        for one, share in some:
            other = side(one)
            common = words & other
            likeness = 0.0
            if common:
                likeness = 2 * self._weigh(common) / (weight + self._weights[other])
            found.append(Near(one, share, likeness))
        return sorted(found, key=lambda near: -near.score)

    def _state(self, labels: Labels) -> State:
        return state_of(labels, self.taxonomy)

    def _weigh(self, words: Words) -> float:
        return sum(map(self._rarity.__getitem__, words))


class _Shelf:
    """Exchanges by the labels of a state."""

    def __init__(self, exchanges: Iterable[Exchange], states: _States) -> None:
        kept: defaultdict[_Key, list[Exchange]] = defaultdict(list)
        self._states = states
        for one in exchanges:
            state = states(one)[0]
            for key in _keys(state):
                kept[key].append(one)
        self._kept = {key: some[:: -(-len(some) // PER_KEY)] for key, some in kept.items()}
        self._found: dict[State, list[tuple[Exchange, float]]] = {}

    def some(self, state: State) -> list[tuple[Exchange, float]]:
        """The exchanges that share most labels with a state, each with that share, 0-1."""
        if state not in self._found:
            found = {
                one.said.source: one for key in _keys(state) for one in self._kept.get(key, ())
            }
            shares = [(one, self._share(state, one)) for one in found.values()]
            self._found[state] = sorted(shares, key=lambda one: -one[1])[:LOOKED_THROUGH]
        return self._found[state]

    def _share(self, state: State, one: Exchange) -> float:
        states = self._states(one)
        return sum(_shared(state, other) for other in states) / len(states)


def _keys(state: State) -> list[_Key]:
    return [state, *((place, label) for place, label in enumerate(state) if label)]


def _shared(state: State, other: State) -> float:
    """Share of the places of a state at which another has the same label, 0-1."""
    same = sum(one == another for one, another in zip(state, other, strict=False))
    return same / len(state) if state else 0.0


def _own(one: Exchange) -> Sequence[State]:
    """Its labels."""
    return (one.state,)


def _led_and_own(one: Exchange) -> Sequence[State]:
    """The labels of the customer turn before, and its own."""
    return one.said.before or (), one.state


def _led(one: Exchange) -> Sequence[State]:
    return (one.said.before or (),)


def _said_words(one: Exchange) -> Words:
    return one.words


def _asked_words(one: Exchange) -> Words:
    return one.asked


def _by_move(exchanges: Iterable[Exchange]) -> Mapping[Move, list[Exchange]]:
    """Turns after an answer by the move they make; what goes on with another wish makes none."""
    found: defaultdict[Move, list[Exchange]] = defaultdict(list)
    for one in exchanges:
        if one.said.before is not None and (one.goes_on or one.kind not in WISHES):
            found[one.kind].append(one)
    return found


def _exchange(state: State, said: Utterance, kind: Move) -> Exchange:
    last = said.after is None
    return Exchange(
        said,
        state,
        kind="end" if kind == "chit-chat" and last else kind,
        goes_on=said.before is not None and _shared(state, said.before) > 0,
        settles=bool(said.answer)
        and not asks(said.answer)
        and (said.after is None or _shared(state, said.after) < STAY),
        words=_words(said.text),
        asked=_words(said.asked),
    )


def _kinds(said: Sequence[Utterance], encoder: Encoder | None) -> list[Move]:
    kinds = [kind_of(one.text) for one in said]
    if encoder is None:
        return kinds
    unclear = [
        place
        for place, one in enumerate(said)
        if kinds[place] == "follow-up" and one.before and len(one.text.split()) <= SHORT
    ]
    unclear = unclear[:: max(1, -(-len(unclear) // COMPARED))]
    texts = [said[place].text for place in unclear]
    for place, kind in zip(unclear, kinds_near(texts, encoder) if texts else [], strict=True):
        kinds[place] = kind
    return kinds


@lru_cache(20_000)
def _words(text: str) -> Words:
    return frozenset(plain(text).split())
