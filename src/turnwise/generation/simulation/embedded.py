"""Players without a language model: rules on the talk, and turns that the logs hold.

They read and write English where a move is about no wish of its own (see `cues`); what is said of
a wish comes out of the logs, in their language.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from turnwise.generated import GeneratedTurn
from turnwise.generation.simulation.cues import (
    AGAIN,
    CASUAL,
    HANDING_OVER,
    LOST,
    NEUTRAL,
    OTHER_WORDS,
    PHRASES,
    REGRET,
    REPLIES,
    STILL,
    SWITCHES,
    UNSURE,
    YES,
    asks,
    asks_yes_or_no,
    has_reference,
    helps,
    is_anyones,
    sentences,
    without_greeting,
)
from turnwise.generation.simulation.exchanges import WISHES, Exchange, Exchanges, Near
from turnwise.generation.simulation.moves import Move
from turnwise.generation.simulation.players import Answer, Players, Utterance
from turnwise.generation.simulation.scene import WRITTEN, Scene, SeedQuery

PATIENCE = 2  # answers to one wish that do not settle it, after which a customer may lose it
LONG = 3  # answers to one wish, after which an agent comes to the point
UNHELPFUL = 2  # answers, after which a customer may want a person
CHOICE = 3  # of the nearest turns, one is drawn
BEHIND = 0.5  # the nearest one's score at most
SAME = 0.9  # likeness of two turns from which on they are the same
FEWEST = 3  # words of a sentence that is said again by itself
RAMBLING = 25  # words of a wish that is said again
NEAR = 0.2  # likeness of what an agent says now and in the logs, for what followed to fit
ANSWERS = 0.1  # likeness of what a customer says now and in the logs, for the answer to fit
SAME_MATTER = 0.5  # share of the labels that an answer's turn has in common, too
SHORT = 10  # words of a turn that fits wherever its move does
LOGGED = "answer from the logs"


def embedded_players(exchanges: Exchanges) -> Players:
    """All three parts played by rules on what the logs hold."""
    return Players(
        EmbeddedController(), EmbeddedCustomer(exchanges), EmbeddedResponder(exchanges), "embedded"
    )


class EmbeddedController:
    """Says by rules which moves fit; implements `Controller`.

    Nobody ends before the wish is settled, shows frustration without having been kept waiting or
    asks for a person who was helped; a settled matter with a reference number is left alone.
    """

    async def feasible(self, scene: Scene) -> Sequence[Move]:
        return tuple(self._settled(scene) if scene.answers[-1].settled else self._open(scene))

    def _settled(self, scene: Scene) -> Iterator[Move]:
        yield "end"
        yield "intent change"
        if not has_reference(scene.answers[-1].text):
            if len(scene.answered) <= PATIENCE:
                yield "follow-up"
            if not scene.moves or scene.moves[-1] != "chit-chat":
                yield "chit-chat"

    def _open(self, scene: Scene) -> Iterator[Move]:
        last, made = scene.answers[-1], scene.moves[scene.began // 2 :]
        lately = made[-1:]
        waiting = asks(last.text)
        unhelpful = sum(not one.helpful for one in scene.answered)
        annoyed = not last.helpful or _repeats(scene) or len(scene.answered) > PATIENCE
        if unhelpful <= UNHELPFUL:
            yield "follow-up"
        if last.helpful and "clarification" not in made:
            yield "clarification"
        brief = len(scene.wish.text.split()) <= RAMBLING
        if brief and "rambling" not in made and (waiting or not last.helpful):
            yield "rambling"
        if annoyed and "frustration" not in lately:
            yield "frustration"
        if unhelpful >= UNHELPFUL or ("frustration" in made and annoyed):
            yield "ask for an agent"
        if not waiting and last.helpful:
            if len(scene.answered) >= PATIENCE:
                yield "intent change"
            if not lately or lately[0] not in ("chit-chat", "frustration"):
                yield "chit-chat"


def _repeats(scene: Scene) -> bool:
    """Whether the agent says what it has said before."""
    last = scene.answers[-1].text
    return any(one.text == last for one in scene.answers[:-1])


@dataclass(frozen=True)
class EmbeddedCustomer:
    """Says what customers of the logs said at such a point; implements `Customer`."""

    exchanges: Exchanges

    async def turn(self, scene: Scene, move: Move, wish: SeedQuery) -> Utterance:
        random = scene.random("customer")
        if move == "intent change":
            return _switch(wish, random)
        if move == "rambling":
            return self._rambling(scene, random)
        fitting = self._fitting(scene, move)
        if not fitting:
            return _phrase(scene, move, random)
        chosen = random.choice(fitting).exchange
        labels = self.exchanges.labels(chosen) if move in WISHES else {}
        return Utterance(chosen.said.text, labels, (chosen.said.source,))

    def _fitting(self, scene: Scene, move: Move) -> list[Near]:
        """Turns of the logs that make the move after an answer like the last one."""
        some = _fresh(self.exchanges.moves(move, scene.labels, scene.answers[-1].text), scene)
        if move in WISHES:
            return _first([one for one in some if one.likeness >= NEAR])
        texts = [(one, one.exchange.said.text) for one in some]
        return [one for one, text in texts if len(text.split()) <= SHORT and is_anyones(text)]

    def _rambling(self, scene: Scene, random: Random) -> Utterance:
        """The wish once more: as somebody else put it who wanted the same, or a part of it."""
        wish = without_greeting(scene.wish.text)
        some = _fresh(self.exchanges.alike(scene.wish.labels, wish), scene)
        near = _first([one for one in some if NEAR <= one.likeness < SAME])
        start = random.choice(AGAIN)
        if not near:
            return _partly(wish, scene, start, random)
        chosen = random.choice(near).exchange
        said = without_greeting(chosen.said.text)
        return Utterance(start + said, scene.wish.labels, (chosen.said.source,), ("said again",))


def _switch(wish: SeedQuery, random: Random) -> Utterance:
    """Another wish, as somebody brings it up who has talked of something else."""
    start, text = random.choice(SWITCHES), without_greeting(wish.text)
    rules = [("switch phrase", bool(start)), ("greeting left out", text != wish.text)]
    return Utterance(start + text, wish.labels, rules=tuple(name for name, used in rules if used))


def _partly(wish: str, scene: Scene, start: str, random: Random) -> Utterance:
    """A sentence of a wish of several, or that it is still the same: nobody writes all again."""
    parts = [one for one in sentences(wish) if len(one.split()) >= FEWEST]
    if parts:
        return Utterance(start + random.choice(parts), scene.wish.labels, rules=("said again",))
    return Utterance(random.choice(STILL), scene.wish.labels, rules=("said again", WRITTEN))


def _phrase(scene: Scene, move: Move, random: Random) -> Utterance:
    """Words of our own, not said before if there are others."""
    last = scene.answers[-1].text
    said = {turn.text for turn in scene.turns}
    phrases: Sequence[str] = PHRASES[move]
    if move == "follow-up" and asks(last):
        phrases = YES if asks_yes_or_no(last) else UNSURE
    fresh = [one for one in phrases if one not in said] or list(phrases)
    return Utterance(random.choice(fresh), rules=(WRITTEN,))


@dataclass(frozen=True)
class EmbeddedResponder:
    """Says what agents of the logs answered to such a turn; implements `Responder`."""

    exchanges: Exchanges

    async def answer(self, scene: Scene) -> Answer:
        move = scene.moves[-1] if scene.moves else None
        if move == "ask for an agent":
            return self._handing_over(scene)
        if move == "chit-chat":
            settled = scene.answers[-1].settled
            return Answer(scene.random("agent").choice(CASUAL), settled, made=WRITTEN)
        if reply := REPLIES.get(scene.turns[-1].text):
            return Answer(reply, scene.answers[-1].settled, made=WRITTEN)
        answer = self._logged(scene)
        if answer.made != LOGGED:
            return answer
        if move == "frustration":
            return replace(answer, text=f"{REGRET} {answer.text}")
        if move == "clarification" and WRITTEN in scene.turns[-1].rules:
            return replace(answer, text=f"{OTHER_WORDS} {answer.text}")
        return answer

    def _logged(self, scene: Scene) -> Answer:
        """The answer to the nearest turn of such labels, one that settles after a while."""
        about = _about(scene)
        own = self.exchanges.at(about.sources[-1])
        first = [own] if own and own.is_answered else []
        some = self.exchanges.answers(about.labels, about.text)
        near = [
            one.exchange for one in some if one.likeness >= ANSWERS and one.share >= SAME_MATTER
        ]
        fresh = _unsaid([*first, *near], scene)
        if len(scene.answered) >= LONG:
            fresh = [one for one in fresh if one.settles] or fresh
        if not fresh:
            return _neutral(scene)
        best = fresh[0].answer
        return Answer(
            best,
            settled=fresh[0].settles and helps(best),
            helpful=helps(best),
            made=LOGGED,
            sources=(fresh[0].answer_source,),
        )

    def _handing_over(self, scene: Scene) -> Answer:
        some = self.exchanges.moves("ask for an agent", scene.labels, scene.turns[-1].text)
        near = [one.exchange for one in some if one.exchange.is_answered]
        answered = [one for one in near if not asks(one.answer) and is_anyones(one.answer)]
        if not answered:
            return Answer(HANDING_OVER, made=WRITTEN)
        best = answered[0]
        return Answer(best.answer, made=LOGGED, sources=(best.answer_source,))


def _about(scene: Scene) -> GeneratedTurn:
    """The customer's last turn that says what it is about: one of the logs, or the wish."""
    return next(
        turn
        for turn in reversed(scene.turns)
        if turn.role == "customer" and WRITTEN not in turn.rules
    )


def _neutral(scene: Scene) -> Answer:
    """What fits anywhere, each once; then that the agent is lost, which helps nobody."""
    said = {turn.text for turn in scene.turns}
    fresh = [one for one in NEUTRAL if one not in said]
    if not fresh:
        return Answer(LOST, helpful=False, made=WRITTEN)
    return Answer(fresh[0], made=WRITTEN)


def _unsaid(some: Sequence[Exchange], scene: Scene) -> list[Exchange]:
    """Exchanges whose answer was not given yet, neither whole nor behind another sentence."""
    said = {source for turn in scene.turns if turn.role == "agent" for source in turn.sources}
    texts = {turn.text for turn in scene.turns}
    return [one for one in some if one.answer_source not in said and one.answer not in texts]


def _fresh(some: Sequence[Near], scene: Scene) -> list[Near]:
    """Those whose turn was not made yet, neither as it is nor behind other words."""
    said, used = {turn.text for turn in scene.turns}, scene.used
    fresh = (one for one in some if one.exchange.said.source not in used)
    return [one for one in fresh if one.exchange.said.text not in said]


def _first(some: Sequence[Near]) -> list[Near]:
    """The best few, and of them those that are not far behind the very best."""
    return [one for one in some[:CHOICE] if one.score >= some[0].score - BEHIND]
