"""Which example stands where.

`PlainWriter` draws of each state uniformly. `ChoosingWriter` draws some examples and takes the one
that stood most nearly where it is to stand: after a turn of the same labels, before a turn of the
same labels, and behind words of the agent like those that now stand before it. Both take
what the conversation has not used yet, and end it early where nothing is left to say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from functools import lru_cache
from random import Random

from turnwise.generated import State
from turnwise.generation.emission.answers import Answers, is_short
from turnwise.generation.emission.drafts import Chain, Draft
from turnwise.generation.emission.phrasing import COMMON, learn_phrasing
from turnwise.generation.emission.pools import Pool, Pools, Position, Utterance
from turnwise.generation.emission.repeats import Used
from turnwise.generation.emission.rules import Said, adapted
from turnwise.generation.emission.words import plain

DRAWN = 12  # examples among which one is chosen
FOLLOWED = 0.5  # what a matching turn after counts, beside 1 for all rare words of the agent's
ANSWERED = 0.2  # what a short answer counts
# What it costs when the customer told all its rare words before (a "yes" has none), and when its
# answer was given.
REPEATED = 0.5
CHANCE = 0.2  # the most that chance counts
TEXTS_KEPT = 1 << 15
FEWEST = 4  # examples that stood right, below which those that stood nearly right come in


class PlainWriter:
    """Draws examples of each state uniformly, as they are, each with an answer of the logs."""

    def __init__(self, pools: Pools) -> None:
        self._pools, self._answers = pools, Answers()
        self._plain = lru_cache(TEXTS_KEPT)(plain)

    def write(self, chain: Chain, random: Random) -> list[Draft]:
        """Return a draft for each state, as far as examples are left; every state has one."""
        drafts: list[Draft] = []
        used = Used(self._plain)
        for state in chain:
            pool = self._pools.pool(state)
            utterance = _any(pool, used, random)
            if utterance is None:
                break
            answer = self._answers.turn(utterance, pool, used)
            drafts.append(Draft(state, utterance, utterance.text, answer=answer))
            used.add(drafts[-1])
        return drafts


def _any(pool: Pool, used: Used, random: Random) -> Utterance | None:
    """Draw uniformly among the examples that are left."""
    for _ in range(DRAWN):
        if used.fresh(one := random.choice(pool.distinct)):
            return one
    left = used.left(pool.distinct)
    return random.choice(left) if left else None


class ChoosingWriter:
    """Chooses examples that stood where they are to stand, and adapts them to what was said.

    No two of one conversation of the logs stand in one that is made, as far as others are left;
    and no two that say the same.
    """

    def __init__(self, pools: Pools) -> None:
        self._pools, self._answers = pools, Answers()
        self._plain = lru_cache(TEXTS_KEPT)(plain)
        self._places: dict[State, _Places] = {}
        self._phrasing = learn_phrasing(pools)
        self._weighed = lru_cache(TEXTS_KEPT)(self._weigh)

    def write(self, chain: Chain, random: Random) -> list[Draft]:
        """Return a draft for each state, as far as examples are left; every state has one."""
        drafts: list[Draft] = []
        said, used = Said(), Used(self._plain)
        for place, state in enumerate(chain):
            before = chain[place - 1] if place else None
            after = chain[place + 1] if place + 1 < len(chain) else None
            drawn = self._drawn(state, before, after, used, random)
            if not drawn:
                break
            utterance = self._chosen(drawn, after, said, used, random)
            said.state = state
            said.switching = before not in (None, state) and utterance.position != "switching"
            text, rules = adapted(utterance.text, said, self._phrasing)
            if rules and used.says(text):
                text, rules = utterance.text, ()
            answer = self._answers.turn(utterance, self._pools.pool(state), used, after)
            drafts.append(Draft(state, utterance, text, rules, answer))
            used.add(drafts[-1])
            said.hear(text, answer.text if answer else "")
        return drafts

    def _drawn(
        self,
        state: State,
        before: State | None,
        after: State | None,
        used: Used,
        random: Random,
    ) -> list[Utterance]:
        if state not in self._places:
            self._places[state] = _Places(self._pools.pool(state), state)
        return self._places[state].draw(before, after, used, random)

    def _chosen(
        self,
        drawn: Sequence[Utterance],
        after: State | None,
        said: Said,
        used: Used,
        random: Random,
    ) -> Utterance:
        def worth(one: Utterance) -> float:
            fit = self._shared(one.asked, said.heard, 0.0)
            told = self._shared(one.text, said.told, COMMON)
            again = REPEATED * (told + used.answered(one.answer))
            follows = FOLLOWED * (one.after == after) + ANSWERED * is_short(one.answer)
            return fit + follows - again + CHANCE * random.random()

        return max(drawn, key=worth)

    def _shared(self, text: str, others: Set[str], least: float) -> float:
        """What words of a least rarity a text shares with others, in [0, 1]: by their rarity."""
        if not text or not others:
            return 0.0
        words, total = self._weighed(text, least)
        shared = words & others
        return self._phrasing.rarity.total(shared) / total if shared and total else 0.0

    def _weigh(self, text: str, least: float) -> tuple[frozenset[str], float]:
        rarity = self._phrasing.rarity
        words = frozenset(one for one in plain(text).split() if rarity[one] >= least)
        return words, rarity.total(words)


class _Places:
    """The examples of a state by where they stood."""

    def __init__(self, pool: Pool, state: State) -> None:
        self._state, self._all = state, pool.utterances
        self._exact: dict[tuple[State | None, State | None], list[Utterance]] = defaultdict(list)
        self._after: dict[State | None, list[Utterance]] = defaultdict(list)
        self._position: dict[Position, list[Utterance]] = defaultdict(list)
        for one in pool.utterances:
            self._position[one.position].append(one)
            if one.position != "unknown":
                self._exact[one.before, one.after].append(one)
                self._after[one.before].append(one)

    def draw(
        self, before: State | None, after: State | None, used: Used, random: Random
    ) -> list[Utterance]:
        """Draw some fresh examples, of the nearest kind of which there are enough.

        Without any, what is left of the state; empty where all of it was said.
        """
        position: Position = "opening"
        if before is not None:
            position = "continuing" if before == self._state else "switching"
        drawn: dict[str, Utterance] = {}
        for some in (
            self._exact.get((before, after), ()),
            self._after.get(before, ()),
            self._position.get(position, ()),
            self._position.get("unknown", ()),
            self._all,
        ):
            wanted = min(DRAWN - len(drawn), len(some))
            for one in random.sample(some, wanted):
                if used.fresh(one):
                    drawn.setdefault(one.source, one)
            if len(drawn) >= FEWEST:
                break
        if drawn:
            return [*drawn.values()]
        left = used.left(self._all)
        return random.sample(left, min(DRAWN, len(left)))
