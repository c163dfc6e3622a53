"""A session of an experiment: what it was given, and how it ended.

A session is a conversation that was exposed to an arm of the experiment, and stays in that arm
whatever served it later: the arms are alike only as they were drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from turnwise.decision_log import Feedback, LoggedDecision, Rating


@dataclass(slots=True)
class Outcome:
    """What feedback says of a session, all of it together; None where nothing was said.

    Attributes:
        corrected: (turn, dimension) -> the right label; no turn means the last one.
        Others: as of `Feedback`.
    """

    finished: bool | None = None
    resolved: bool | None = None
    rating: Rating | None = None
    hand_off: bool | None = None
    misrouted: bool | None = None
    duration: float | None = None
    corrected: dict[tuple[int | None, str], str] = field(default_factory=dict)

    def hear(self, said: Feedback) -> None:
        """Take in what was said later; it goes before what was said earlier, field by field."""
        for name in ("finished", "resolved", "rating", "hand_off", "misrouted", "duration"):
            value = getattr(said, name)
            if value is not None:
                setattr(self, name, value)
        for dimension, label in said.corrected.items():
            self.corrected[said.turn, dimension] = label


@dataclass(slots=True)
class Session:
    """One exposed conversation.

    Attributes:
        bundle: its arm; at: when it was exposed, seconds since 1970. logged: see `Exposure`.
        turns: customer turns that were decided on, as far as they tell one from several: 0, 1, 2.
        handed_off: whether a decision was to hand off; out_of_domain: to call a turn so.
        escalated: whether somebody was asked in the model's place. cost: of asking.
        crossed_over: whether another bundle than the arm's served it too.
        outcome: what feedback says; None where there is none.
    """

    bundle: str
    at: float
    logged: bool
    turns: int = 0
    handed_off: bool = False
    out_of_domain: bool = False
    escalated: bool = False
    cost: float = 0.0
    crossed_over: bool = False
    outcome: Outcome | None = None
    _last: int = field(default=-1, init=False)
    _given: dict[int, dict[str, str]] = field(default_factory=dict, init=False)

    def see(self, made: LoggedDecision) -> None:
        """Take in a decision of the experiment."""
        if made.turn != self._last:
            self.turns = min(2, self.turns + 1)
        self.handed_off |= made.kind == "hand_off"
        self.out_of_domain |= made.kind == "out_of_domain"
        self.escalated |= made.kind == "escalate" or bool(made.by)
        self.cost += made.cost
        self._last = max(made.turn, self._last)
        guessed = made.kind in ("clarify", "out_of_domain")  # nothing is done by such labels
        if self.outcome is not None and self.outcome.corrected and not guessed:
            self._given[made.turn] = {name: one.label for name, one in made.labels.items()}

    @property
    def person(self) -> bool:
        """Whether a person was involved, as far as anybody said."""
        return self.handed_off or bool(self.outcome and self.outcome.hand_off)

    @property
    def misrouted(self) -> bool | None:
        """Whether it went to the wrong place; None where nothing that was said tells."""
        if self.outcome is None:
            return None
        wrong = [
            given[name] != right
            for (turn, name), right in self.outcome.corrected.items()
            if name in (given := self._given.get(self._last if turn is None else turn, {}))
        ]
        if self.outcome.misrouted is not None:
            wrong.append(self.outcome.misrouted)
        return any(wrong) if wrong else None
