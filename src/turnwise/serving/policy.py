"""From a conversation so far to a decision: rules, tried in order until one decides.

    hand_off        a person is asked for
    out_of_domain   the turn is farther from the training than turns of the domain are
    accept          every dimension reaches its threshold, or whatever is in doubt, the action is
                    the same
    escalate        whoever was asked chose among the likeliest labels of the doubtful dimensions
    clarify         a few labels can't be ruled out, and a question tells them apart

Where none does, too many questions or failures bring in a person, else the model's answer is
given, marked as not sure. Thresholds tau and K: METHODS.md, Serving; the order is a setting.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from turnwise.bundle import Bundle, Prediction
from turnwise.conversations import Conversation
from turnwise.serving.config import PolicyConfig
from turnwise.serving.decision import Choice, Decision, DialogueState, Kind, Step
from turnwise.serving.escalation import (
    Draft,
    EscalationError,
    Escalator,
    Rewriter,
    Settled,
)
from turnwise.serving.reading import Reader, Reading, known_state
from turnwise.serving.rules import Found, Pending, Rules, in_doubt
from turnwise.serving.wording import why_not
from turnwise.taxonomy import Action

NEW = DialogueState()
REMEMBERED = 50  # labels of a dimension, likeliest first; more than questions ever get to


class Policy:
    """Decides by one bundle; threads may share it.

    Args:
        escalator: who is asked where the model is not sure; None: the rule is passed over.

    Raises:
        ConfigError: a setting names a dimension that the bundle lacks.
    """

    def __init__(
        self, bundle: Bundle, config: PolicyConfig | None = None, escalator: Escalator | None = None
    ) -> None:
        self.bundle, self.config, self.escalator = bundle, config or PolicyConfig(), escalator
        self.config.check(bundle.taxonomy.dimension_names)
        self._reader = Reader(bundle, self.config)
        self._rules = Rules(bundle.taxonomy, self.config, bundle.manifest.several)
        self._rewriter: Rewriter | None = None
        if self.config.questions == "model" and isinstance(escalator, Rewriter):
            self._rewriter = escalator

    def classify(self, conversations: Sequence[Conversation], top: int = 3) -> list[Prediction]:
        """Label the last customer turn of each, without any rule.

        Raises:
            BundleError: a conversation has no customer turn.
        """
        return self.bundle.predictions([self._reader.prepared(one) for one in conversations], top)

    def decide(self, conversation: Conversation, state: DialogueState = NEW) -> Decision:
        """Decide about the last customer turn; waits for whoever is asked.

        Args:
            state: of the decision before, in the same conversation.

        Raises:
            BundleError: no turn is the customer's.
        """
        found = self.begin(conversation, state)
        if not isinstance(found, Decision):
            start = time.perf_counter()
            answer = self.ask(found)
            found = self.finish(found, answer, _since(start))
        return self.reword(found, conversation)

    def begin(self, conversation: Conversation, state: DialogueState = NEW) -> Decision | Pending:
        """Decide, or say what has to be asked first: `ask`, then `finish`."""
        start = time.perf_counter()
        example = self._reader.prepared(conversation)
        state = known_state(state, self.bundle.taxonomy)
        reading = self._reader.read(example, state)
        times = {"model": _since(start)}
        order = self.config.order
        begun = Pending(conversation, reading, state, reading.choices, order, times=times)
        return self._go_on(begun)

    def ask(self, pending: Pending) -> Settled | EscalationError:
        """Have what is in doubt settled; an error is a value here, for a turn goes on without."""
        assert self.escalator is not None, "nothing pends without one to ask"
        try:
            return self.escalator.settle(pending.doubt, self.config.seconds)
        except EscalationError as error:
            return error

    def finish(self, pending: Pending, answer: Settled | EscalationError, took: float) -> Decision:
        """Go on with what was answered.

        Args:
            took: milliseconds that it took to ask.
        """
        times = {**pending.times, "escalation": took}
        if isinstance(answer, EscalationError):
            found, choices, note = Found(False, str(answer)), pending.choices, str(answer)
        else:
            choices, note = {**pending.choices, **_settled(pending.choices, answer)}, ""
            found = _answered(answer, choices)
        step = Step("escalate", found.decided, found.why, took)
        steps = (*pending.steps, step)
        cost = pending.cost + answer.money
        turn = replace(pending, steps=steps, choices=choices, times=times, note=note, cost=cost)
        if found.decided:
            return self._decision(turn, found, "escalate")
        decision = self._go_on(turn)
        assert isinstance(decision, Decision), "nobody is asked twice"
        return decision

    def rewords(self, decision: Decision) -> bool:
        """Whether `reword` would ask somebody about this decision."""
        return self._rewriter is not None and decision.question is not None

    def reword(self, decision: Decision, conversation: Conversation) -> Decision:
        """Have the question of a decision worded anew, where the settings want it.

        It waits for whoever is asked, for what is left of the time that an escalation may take.
        Where nothing comes of it, the question stays as it is, and the note says why.

        Args:
            conversation: as it was decided on.

        Returns:
            The decision with the question as it is to be put, in the state as well.
        """
        if self._rewriter is None or decision.question is None:
            return decision
        start = time.perf_counter()
        left = self.config.seconds - decision.milliseconds.get("escalation", 0.0) / 1e3
        draft = Draft(
            self._reader.prepared(conversation), decision.question, decision.state.asked[:-1]
        )
        money, text, fault = 0.0, "", "no time is left"
        if left > 0:
            try:
                wording = self._rewriter.word(draft, left)
            except EscalationError as error:
                money, fault = error.money, str(error)
            else:
                money, text = wording.money, wording.text
                fault = why_not(wording, draft, self.bundle.taxonomy[draft.question.dimension])
        return _with_wording(decision, text, fault, money, _since(start))

    def _go_on(self, turn: Pending) -> Decision | Pending:
        for place, rule in enumerate(turn.rest):
            if rule == "escalate" and self.escalator is not None and turn.unsure:
                return replace(turn, rest=turn.rest[place + 1 :])
            start = time.perf_counter()
            found = self._rules.hold(rule, turn)
            step = Step(rule, found.decided, found.why, _since(start))
            turn = replace(turn, steps=(*turn.steps, step))
            if found.decided:
                return self._decision(turn, found, found.kind or rule)
        return self._undecided(turn)

    def _undecided(self, turn: Pending) -> Decision:
        if (given_up := self._rules.given_up(turn)) is not None:
            return self._decision(turn, given_up, "hand_off")
        if self.config.otherwise == "hand_off":
            return self._decision(turn, Found(True, "no rule decided"), "hand_off")
        return self._decision(turn, Found(False, "no rule decided: the likeliest labels"), "accept")

    def _decision(self, turn: Pending, found: Found, kind: Kind) -> Decision:
        labels = {name: one.label for name, one in turn.choices.items()}
        action = self.bundle.taxonomy.action_for(labels)
        if kind in ("accept", "escalate") and found.decided and action and action.hand_off:
            kind, found = "hand_off", Found(True, f"{found.why}; action {action.name} hands off")
        labelled = kind in ("accept", "escalate")
        # Who hands over must not also do what labels in doubt call for.
        acts = labelled or (kind == "hand_off" and action is not None and bool(action.hand_off))
        score, strange = _strangeness(turn.reading)
        return Decision(
            conversation_id=turn.conversation.id,
            turn=turn.reading.example.index,
            kind=kind,
            sure=found.decided,
            choices=turn.choices,
            action=action if acts else None,
            next_actions=self._next_actions(turn.choices, action) if labelled else (),
            question=found.question,
            why=found.why,
            trace=turn.steps,
            state=_next_state(turn, found, kind),
            bundle=self.bundle.id,
            taxonomy=self.bundle.taxonomy.name,
            taxonomy_version=self.bundle.taxonomy.version,
            milliseconds={**turn.times, "rules": _rules_time(turn)},
            note=turn.note,
            out_of_domain=score,
            strange=strange,
            cost=turn.cost,
            is_reply=turn.reading.is_reply,
        )

    def _next_actions(
        self, choices: Mapping[str, Choice], first: Action | None
    ) -> tuple[Action, ...]:
        """What the further labels call for, each in the place of its dimension's first."""
        labels = {name: one.label for name, one in choices.items()}
        further = [
            self.bundle.taxonomy.action_for({**labels, name: label})
            for name, one in choices.items()
            for label in one.also
        ]
        return tuple({one.name: one for one in further if one and one != first}.values())


def _settled(choices: Mapping[str, Choice], answer: Settled) -> dict[str, Choice]:
    """The choices that were settled; one that none of the candidates fits stays in doubt."""
    return {
        name: replace(
            choices[name],
            label=verdict.label,
            confidence=verdict.confidence,
            sure=verdict.sure,
            by=answer.by,
            also=_also(choices[name], verdict.label),
        )
        for name, verdict in answer.verdicts.items()
        if verdict.label is not None
    }


def _also(choice: Choice, label: str) -> tuple[str, ...]:
    """The further labels of a turn, once another is its first."""
    if not choice.also:
        return ()
    return tuple(one for one in (choice.label, *choice.also) if one != label)


def _next_state(turn: Pending, found: Found, kind: Kind) -> DialogueState:
    asked = turn.state.asked
    if found.question is not None:
        # All that is plausible, not only what is named: who means none is asked about the others.
        before = {name: in_doubt(one)[:REMEMBERED] for name, one in turn.choices.items()}
        return DialogueState((*asked, found.question), True, before, turn.state.unsettled)
    settled = found.decided and kind != "out_of_domain"
    return DialogueState(asked, unsettled=0 if settled else turn.state.unsettled + 1)


def _answered(answer: Settled, choices: Mapping[str, Choice]) -> Found:
    left = [name for name, one in choices.items() if not one.sure]
    if left:
        return Found(False, f"{answer.by} left {', '.join(left)} open")
    picked = ", ".join(f"{name} {choices[name].label}" for name in answer.verdicts)
    return Found(True, f"{answer.by} chose {picked}")


def _with_wording(decision: Decision, text: str, fault: str, money: float, took: float) -> Decision:
    """The decision with its question in other words, or as it is and a note of what was wrong."""
    assert decision.question is not None
    question, note = replace(decision.question, text=text), decision.note
    if fault:
        question = decision.question
        note = "; ".join(filter(None, (note, f"the question was not worded anew: {fault}")))
    return replace(
        decision,
        question=question,
        state=replace(decision.state, asked=(*decision.state.asked[:-1], question)),
        milliseconds={**decision.milliseconds, "wording": took},
        note=note,
        cost=decision.cost + money,
    )


def _strangeness(reading: Reading) -> tuple[float | None, bool | None]:
    if reading.strange is None:
        return None, None
    score, threshold = reading.strange
    return score, score > threshold


def _since(start: float) -> float:
    return round((time.perf_counter() - start) * 1e3, 3)


def _rules_time(turn: Pending) -> float:
    return round(sum(one.milliseconds for one in turn.steps if one.rule != "escalate"), 3)
