"""What chains are sampled from: how long conversations are, and which state follows which.

    labelled turns --estimate_chains--> ChainStatistics --ChainSampler--> chains of states

A state is what a customer turn is labelled with along all dimensions at once. Counted are the
three distributions of Chain-of-Intent (S2, 3.1): of the number of turns, of first states, and of
the next state given the last. They stay integers here; `smoothing` makes probabilities of them.
Labels may come of a model: chance evens out where the logs are many.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from turnwise.conversations import examples
from turnwise.errors import GenerationError
from turnwise.generated import LabelledConversation, State

FEW = 30  # conversations below which it is said how few they are
OPENING = 3  # customer turns from the first that are counted by their place
NAMED = 5  # states that a note names

Transitions = Mapping[State, Mapping[State, int]]  # a state -> what came next -> how often


@dataclass(frozen=True, slots=True)
class ChainCounts:
    """What was counted in a set of conversations; every mapping is in order of its keys.

    Attributes:
        conversations: those with a labelled customer turn; no other one is counted.
        unlabelled: customer turns of theirs without a label, or without one of the intent. What
            precedes and what follows one is no transition.
        lengths: customer turns, labelled or not -> conversations: P(T) in counts.
        first: state of a conversation's first customer turn -> conversations.
        states: state -> customer turns.
        transitions: state -> state of the customer turn right after it -> how often.
        openings: states of the first three customer turns, fewer where there are no more, an
            unlabelled one without any label in it -> conversations.
    """

    conversations: int
    unlabelled: int
    lengths: Mapping[int, int]
    first: Mapping[State, int]
    states: Mapping[State, int]
    transitions: Transitions
    openings: Mapping[tuple[State, ...], int]

    @property
    def followed(self) -> int:
        """Pairs of labelled customer turns, one right after the other."""
        return sum(sum(row.values()) for row in self.transitions.values())

    @property
    def switching(self) -> float:
        """Share of these pairs that differ in a label; 0 where there is none."""
        stays = sum(row.get(state, 0) for state, row in self.transitions.items())
        return 1 - stays / self.followed if self.followed else 0.0

    @property
    def absorbing(self) -> tuple[State, ...]:
        """States that nothing but themselves ever follows."""
        return tuple(state for state, row in self.transitions.items() if {*row} == {state})


@dataclass(frozen=True, slots=True)
class ChainStatistics:
    """Counts over all conversations, and over those of each market.

    Attributes:
        dimensions: which label stands where in a state.
        intent: the dimension that people are shown chains by; None: all together.
        together: over all conversations; markets: over those of each, by its name.
        notes: what a person should know before relying on them, in sentences.
    """

    dimensions: tuple[str, ...]
    intent: str | None
    together: ChainCounts
    markets: Mapping[str, ChainCounts]
    notes: tuple[str, ...] = ()

    def counts(self, market: str = "") -> ChainCounts:
        """The counts of a market; of all together where it is empty.

        Raises:
            GenerationError: no conversation is of that market.
        """
        if not market:
            return self.together
        if market not in self.markets:
            known = ", ".join(self.markets) or "none: no conversation names its market"
            raise GenerationError(f"no labelled conversation is of market {market!r}. Of: {known}")
        return self.markets[market]

    def intent_of(self, state: State) -> State:
        """The part of a state that people are shown: its intent, or all of it."""
        if self.intent is None:
            return state
        return (state[self.dimensions.index(self.intent)],)


@dataclass(slots=True)
class _Tally:
    conversations: int = 0
    unlabelled: int = 0
    lengths: Counter[int] = field(default_factory=Counter)
    first: Counter[State] = field(default_factory=Counter)
    states: Counter[State] = field(default_factory=Counter)
    transitions: defaultdict[State, Counter[State]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    openings: Counter[tuple[State, ...]] = field(default_factory=Counter)

    def see(self, states: Sequence[State]) -> None:
        """Count the states of a conversation's customer turns."""
        self.conversations += 1
        self.lengths[len(states)] += 1
        labelled = [one for one in states if any(one)]
        self.unlabelled += len(states) - len(labelled)
        self.states.update(labelled)
        self.first.update(one for one in states[:1] if any(one))
        self.openings[tuple(states[:OPENING])] += 1
        for before, after in pairwise(states):
            if any(before) and any(after):
                self.transitions[before][after] += 1

    def counts(self) -> ChainCounts:
        return ChainCounts(
            conversations=self.conversations,
            unlabelled=self.unlabelled,
            lengths=dict(sorted(self.lengths.items())),
            first=dict(sorted(self.first.items())),
            states=dict(sorted(self.states.items())),
            transitions={
                state: dict(sorted(row.items())) for state, row in sorted(self.transitions.items())
            },
            openings=dict(sorted(self.openings.items())),
        )


def estimate_chains(
    conversations: Iterable[LabelledConversation],
    dimensions: Sequence[str],
    *,
    intent: str | None,
) -> ChainStatistics:
    """Count lengths, first states and transitions, in one pass over the conversations.

    Args:
        conversations: with the labels of their customer turns; labels of other dimensions than
            the given ones are passed over, and so are conversations without any label.
        dimensions: what a state is made of, in its order.
        intent: the dimension that people are shown chains by, and without whose label a turn is
            passed over; None: all together.

    Raises:
        GenerationError: no customer turn is labelled, or `intent` is not among the dimensions.
    """
    if intent is not None and intent not in dimensions:
        raise GenerationError(
            f"there is no dimension {intent!r} to show chains by. Of: {', '.join(dimensions)}"
        )
    together, markets = _Tally(), defaultdict[str, _Tally](_Tally)
    for one in conversations:
        states = _states(one, dimensions, intent)
        if not any(map(any, states)):
            continue
        together.see(states)
        if market := one.conversation.market:
            markets[market].see(states)
    if not together.conversations:
        raise GenerationError(
            "no customer turn is labelled, so that nothing tells which intent follows which. "
            "Import conversations with gold, or run 'turnwise label' first"
        )
    counted = {name: tally.counts() for name, tally in sorted(markets.items())}
    whole = together.counts()
    notes = (*_notes(whole), *_market_notes(counted))
    return ChainStatistics(tuple(dimensions), intent, whole, counted, notes)


def _states(
    one: LabelledConversation, dimensions: Sequence[str], intent: str | None
) -> list[State]:
    """The states of all customer turns; one that is passed over has no label in it."""
    found = []
    for turn in examples(one.conversation):
        labels = one.labels.get(turn.index, {})
        known = intent is None or labels.get(intent)
        found.append(tuple(labels.get(name, "") if known else "" for name in dimensions))
    return found


def _notes(counts: ChainCounts) -> Iterator[str]:
    if counts.conversations == 1:
        yield (
            "One conversation alone is labelled: chains can but rearrange its turns. Label more "
            "before you rely on them."
        )
    elif counts.conversations < FEW:
        yield (
            f"Only {counts.conversations} conversations are labelled, with {counts.followed} "
            "transitions in all: each weighs much. Label more before you rely on them."
        )
    if not counts.first:
        yield "No first turn is labelled: chains begin with any state, by how often it occurs."
    if not counts.followed:
        yield "No two labelled turns follow each other: a chain's states are drawn one by one."
    if counts.unlabelled:
        yield (
            f"{counts.unlabelled:,} customer turns carry no label, or none of the intent. They "
            "count in the lengths, and in no transition."
        )
    if absorbing := counts.absorbing:
        names = ", ".join(map(shown, absorbing[:NAMED]))
        more = f" and {len(absorbing) - NAMED:,} more" if len(absorbing) > NAMED else ""
        yield (
            f"The logs never leave a state once it is reached: {names}{more}. Chains do, as seldom "
            "as smoothing has it."
        )


def _market_notes(markets: Mapping[str, ChainCounts]) -> Iterator[str]:
    few = {name: one.conversations for name, one in markets.items() if one.conversations < FEW}
    if few:
        told = ", ".join(f"{name} ({count})" for name, count in few.items())
        yield f"Markets with fewer than {FEW} labelled conversations: {told}."


def shown(state: State) -> str:
    """A state as people read it; a missing label is a dash."""
    return " · ".join(label or "–" for label in state)
