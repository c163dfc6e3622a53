"""The rules of a policy, each told of a turn and answering whether it decides, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod

from turnwise.conversations import Conversation
from turnwise.serving.clarifying import draft, repeats
from turnwise.serving.config import PolicyConfig
from turnwise.serving.decision import Choice, DialogueState, Kind, Question, Ranked, Step
from turnwise.serving.escalation import Doubt
from turnwise.serving.reading import Reading
from turnwise.taxonomy import Action, Taxonomy

AS_LIKELY = 0.99  # of what a label was before it was offered; the rest is rounding
COMBINATIONS = 256  # of plausible labels, that are looked through for one action


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule came to; `kind` where it decides otherwise than by its own name."""

    decided: bool
    why: str
    kind: Kind | None = None
    question: Question | None = None


@dataclass(frozen=True)
class Pending:
    """A turn on its way through the rules.

    Attributes:
        reading: of the model; choices: as they stand after what was asked.
        steps: the rules that were tried; rest: those still to try.
        times: part -> milliseconds so far.
        note: what went wrong without stopping it; cost: of whoever was asked.
    """

    conversation: Conversation
    reading: Reading
    state: DialogueState
    choices: Mapping[str, Choice]
    rest: tuple[Kind, ...]
    steps: tuple[Step, ...] = ()
    times: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    cost: float = 0.0

    @property
    def unsure(self) -> dict[str, Choice]:
        """The choices that nothing has settled yet."""
        return {name: one for name, one in self.choices.items() if not one.sure}

    @property
    def doubt(self) -> Doubt:
        """What whoever is asked has to settle."""
        unsure = self.unsure
        return Doubt(
            self.reading.example,
            {name: one.candidates for name, one in unsure.items()},
            {name: one.threshold for name, one in unsure.items()},
            self.reading.vector,
        )


class Rules:
    """The rules by their names; threads may share them."""

    def __init__(
        self, taxonomy: Taxonomy, config: PolicyConfig, several: Sequence[str] = ()
    ) -> None:
        """`several`: dimensions along which a turn may carry several labels; not asked about."""
        self._taxonomy, self._config, self._several = taxonomy, config, several
        self._person = [re.compile(one, re.IGNORECASE) for one in config.person]
        self._by_name: Mapping[Kind, Callable[[Pending], Found]] = {
            "hand_off": self._asks_for_a_person,
            "out_of_domain": self._is_strange,
            "accept": self._is_sure,
            "escalate": self._has_nobody_to_ask,
            "clarify": self._can_ask,
        }

    def hold(self, rule: Kind, turn: Pending) -> Found:
        """Try one rule."""
        return self._by_name[rule](turn)

    def _asks_for_a_person(self, turn: Pending) -> Found:
        said = turn.reading.example.text
        if any(one.search(said) for one in self._person):
            return Found(True, "a person is asked for")
        return Found(False, "no person is asked for")

    def _is_strange(self, turn: Pending) -> Found:
        if turn.reading.is_reply:
            return Found(False, "a reply to a question may be short and strange")
        if turn.reading.strange is None:
            return Found(False, "the bundle can't tell")
        score, threshold = turn.reading.strange
        if score > threshold and (given_up := self.given_up(turn)) is not None:
            return given_up
        side = "over" if score > threshold else "up to"
        return Found(score > threshold, f"score {score:.2f}, {side} the threshold {threshold:.2f}")

    def _is_sure(self, turn: Pending) -> Found:
        why = ", ".join(
            f"{name} {one.confidence:.2f} {'>=' if one.sure else '<'} {one.threshold:.2f}"
            for name, one in turn.choices.items()
        )
        if turn.unsure and (action := self._same_action(turn.choices)) is not None:
            return Found(True, f"{why}; whatever is in doubt, the action is {action.name}")
        return Found(not turn.unsure, why)

    def _has_nobody_to_ask(self, turn: Pending) -> Found:
        return Found(False, "there is nobody to ask" if turn.unsure else "nothing is in doubt")

    def _can_ask(self, turn: Pending) -> Found:
        asked = turn.state.asked
        if not self._config.clarifications:
            return Found(False, "no questions are wanted")
        if len(asked) >= self._config.clarifications:
            gives_up = "hand_off" in self._config.order
            return Found(gives_up, f"{len(asked)} questions were asked", "hand_off")
        unsure = [name for name in turn.unsure if name not in self._several]
        reasons = [f"{name} may have several labels" for name in turn.unsure.keys() - {*unsure}]
        for name in sorted(unsure, key=lambda name: turn.choices[name].confidence):
            found = self._question_of(name, turn)
            if found.decided:
                return found
            reasons.append(found.why)
        return Found(False, "; ".join(reasons) or "nothing is in doubt")

    def _question_of(self, name: str, turn: Pending) -> Found:
        """Whether the customer can be asked about one dimension."""
        options, most = in_doubt(turn.choices[name]), self._config.choices
        # Who means none of the likeliest says so, and is asked about others then.
        named = _not_refused(options, name, turn.state.asked)[:most]
        if len(named) < 2:
            return Found(False, f"{name} has one candidate alone")
        made = draft(self._taxonomy[name], named, turn.conversation.locale)
        if made is None:
            why = f"nothing in the taxonomy tells {len(named)} labels of {name} apart"
            return Found(False, why)
        if repeats(made, named, turn.state.asked):
            return Found(False, f"{len(named)} labels of {name} were asked about already")
        why = f"{len(options)} labels of {name} can't be ruled out"
        why += f", the likeliest {most} are asked about" if len(options) > most else ""
        return Found(True, why, question=made)

    def given_up(self, turn: Pending) -> Found | None:
        """A hand-off, where this turn is one too many without a sure answer."""
        failed = turn.state.unsettled + 1
        if failed < self._config.failures or "hand_off" not in self._config.order:
            return None
        return Found(True, f"{failed} turns in a row without a sure answer", "hand_off")

    def _same_action(self, choices: Mapping[str, Choice]) -> Action | None:
        """The one action that all combinations of plausible labels call for, if it is one."""
        plausible = [
            (one.label,) if one.sure else tuple(dict(one.plausible or one.candidates))
            for one in choices.values()
        ]
        count = prod(len(one) for one in plausible)
        if count > COMBINATIONS:
            return None
        found: Action | None = None
        for one in product(*plausible):
            action = self._taxonomy.action_for(dict(zip(choices, one, strict=True)))
            if action is None or (found is not None and action.name != found.name):
                return None
            found = action
        return found


def _not_refused(options: Ranked, dimension: str, asked: Sequence[Question]) -> Ranked:
    """Those never offered, or no less likely since: who said none of some is asked about others."""
    offered: dict[str, float] = {}
    for one in asked:
        offered |= dict(one.candidates) if one.dimension == dimension else {}
    return tuple(one for one in options if one[1] >= offered.get(one[0], 0.0) * AS_LIKELY)


def in_doubt(choice: Choice) -> Ranked:
    """The labels of a dimension to tell apart, likeliest first."""
    options = choice.plausible or choice.candidates
    # Where one alone is left, the others are ruled out at the bundle's coverage, not by tau.
    return choice.candidates[:2] if len(options) == 1 else options
