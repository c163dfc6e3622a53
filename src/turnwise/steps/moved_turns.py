"""The turns behind a drift: strange ones, and the least sure ones of labels that grew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, zip_longest

from turnwise.decision_log import GivenLabel, LoggedDecision
from turnwise.serving.drift import Drift

TURNS = 10
REASONS = 10  # labels that grew most, so that memory stays flat
STRANGE = "out of domain"


@dataclass(frozen=True, slots=True)
class MovedTurn:
    """A logged turn that shows what moved.

    Attributes:
        at: seconds since 1970, UTC.
        why: `out of domain`, or the label that grew, as `intent: CANCEL`.
        model: dimension -> what the bundle's model found likeliest.
        out_of_domain: its score; None where nothing tells.
        text: what the customer said; None where texts are not logged.
    """

    conversation: str
    turn: int
    at: float
    why: str
    model: Mapping[str, GivenLabel]
    out_of_domain: float | None
    text: str | None


def moved_turns(
    decisions: Iterable[LoggedDecision], found: Drift, most: int
) -> tuple[MovedTurn, ...]:
    """Choose the strangest turns, and of each label that grew beyond chance the least sure ones.

    Reasons take turns in having one shown, so that none crowds out the others. A text is shown
    once.
    """
    grown = [one for one in found.labels if one.share.grew][:REASONS]
    best: dict[str, _Best] = {STRANGE: _Best(most)}
    best |= {f"{one.dimension}: {one.label}": _Best(most) for one in grown}
    for one in decisions:
        if one.strange and one.out_of_domain is not None:
            best[STRANGE].put(one, one.out_of_domain)
        for name, given in one.model.items():
            if (kept := best.get(f"{name}: {given.label}")) is not None:
                kept.put(one, -given.confidence)
    lists = ([_moved(why, one) for one in kept.ranked()] for why, kept in best.items())
    in_turn = chain.from_iterable(zip_longest(*lists))
    shown: dict[object, MovedTurn] = {}
    for turn in in_turn:
        if turn is not None:
            shown.setdefault(_key(turn), turn)
    return tuple(shown.values())[:most]


class _Best:
    """The highest of what is put in, each text once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[object, tuple[float, LoggedDecision]] = {}

    def put(self, decision: LoggedDecision, rank: float) -> None:
        key = _key(decision)
        if key not in self._held or rank > self._held[key][0]:
            self._held[key] = rank, decision
        if len(self._held) > 16 * self._most:
            self._held = dict(self._sorted()[: self._most])

    def ranked(self) -> list[LoggedDecision]:
        return [decision for _, (_, decision) in self._sorted()[: self._most]]

    def _sorted(self) -> list[tuple[object, tuple[float, LoggedDecision]]]:
        return sorted(self._held.items(), key=lambda one: -one[1][0])


def _key(one: LoggedDecision | MovedTurn) -> object:
    """What tells turns apart: the words, or where none are logged, which turn it is."""
    words = "" if one.text is None else " ".join(one.text.casefold().split())
    return words or (one.conversation, one.turn, "" if one.conversation else one.at)


def _moved(why: str, one: LoggedDecision) -> MovedTurn:
    return MovedTurn(
        one.conversation, one.turn, one.at, why, one.model, one.out_of_domain, one.text
    )
