"""What is answered, in the shapes that the OpenAPI document shows.

They are typed dictionaries rather than models, since nothing checks them again on their way out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from typing_extensions import TypedDict

from turnwise.bundle import Bundle, Prediction
from turnwise.conversations import Turn
from turnwise.serving.decision import (
    Choice,
    Decision,
    DialogueState,
    Kind,
    Question,
    Ranked,
)
from turnwise.taxonomy import Action


class CandidateAnswer(TypedDict):
    """A label, and how likely it is (0 to 1, calibrated)."""

    label: str
    probability: float


class ActionAnswer(TypedDict):
    """What to do: one of workflow, queue and hand_off is set."""

    name: str
    workflow: str | None
    queue: str | None
    hand_off: str | None


class LabelAnswer(TypedDict):
    """The likeliest label of a dimension; `plausible` are those that can't be ruled out."""

    label: str
    confidence: float
    candidates: list[CandidateAnswer]
    plausible: list[str]


class ClassifyAnswer(TypedDict):
    """Labels of the last customer turn.

    `turn` counts turns, `message` the messages that were sent; both from 0.
    """

    conversation_id: str | None
    turn: int
    message: int
    labels: dict[str, LabelAnswer]
    action: ActionAnswer | None
    out_of_domain: bool | None
    bundle: str
    taxonomy: str
    taxonomy_version: int


class ClassifyAnswers(TypedDict):
    """One answer for each conversation of a batch, in its order."""

    results: list[ClassifyAnswer]


class DecidedLabelAnswer(LabelAnswer):
    """A label, whether it reached its threshold, and who gave it."""

    threshold: float
    sure: bool
    by: str
    also: list[str]


class QuestionAnswer(TypedDict):
    """A question to the customer, and what it tells apart."""

    text: str
    dimension: str
    candidates: list[CandidateAnswer]


class StateAnswer(TypedDict):
    """To send with the conversation's next turn, as it is."""

    asked: list[QuestionAnswer]
    open: bool
    before: dict[str, list[CandidateAnswer]]
    unsettled: int


class StepAnswer(TypedDict):
    """A rule that was tried."""

    rule: Kind
    decided: bool
    why: str
    milliseconds: float


class DecideAnswer(TypedDict):
    """What to do about the last customer turn, and why.

    `sure` is false where no rule decided, and the likeliest answer is given for want of a better.
    """

    conversation_id: str | None
    turn: int
    message: int
    kind: Kind
    sure: bool
    labels: dict[str, DecidedLabelAnswer]
    action: ActionAnswer | None
    next_actions: list[ActionAnswer]
    question: QuestionAnswer | None
    why: str
    trace: list[StepAnswer]
    state: StateAnswer
    bundle: str
    taxonomy: str
    taxonomy_version: int
    milliseconds: dict[str, float]
    note: str


class DecideAnswers(TypedDict):
    """One answer for each conversation of a batch, in its order."""

    results: list[DecideAnswer]


def classify_answer(
    prediction: Prediction, turns: Sequence[Turn], bundle: Bundle
) -> ClassifyAnswer:
    """The answer of a prediction about a conversation of these turns."""
    return {
        "conversation_id": prediction.conversation_id or None,
        "turn": prediction.turn,
        "message": turns[prediction.turn].messages[-1],
        "labels": {
            name: {
                "label": ranked[0][0],
                "confidence": _rounded(ranked[0][1]),
                "candidates": _candidates(ranked),
                "plausible": list(prediction.plausible.get(name, ())),
            }
            for name, ranked in prediction.scores.items()
        },
        "action": _action(prediction.action),
        "out_of_domain": prediction.out_of_domain,
        "bundle": bundle.id,
        "taxonomy": bundle.taxonomy.name,
        "taxonomy_version": bundle.taxonomy.version,
    }


def decide_answer(decision: Decision, turns: Sequence[Turn]) -> DecideAnswer:
    """The answer of a decision about a conversation of these turns."""
    return {
        "conversation_id": decision.conversation_id or None,
        "turn": decision.turn,
        "message": turns[decision.turn].messages[-1],
        "kind": decision.kind,
        "sure": decision.sure,
        "labels": {name: _choice(one) for name, one in decision.choices.items()},
        "action": _action(decision.action),
        "next_actions": [made for one in decision.next_actions if (made := _action(one))],
        "question": None if decision.question is None else _question(decision.question),
        "why": decision.why,
        "trace": [
            {
                "rule": step.rule,
                "decided": step.decided,
                "why": step.why,
                "milliseconds": step.milliseconds,
            }
            for step in decision.trace
        ],
        "state": _state(decision.state),
        "bundle": decision.bundle,
        "taxonomy": decision.taxonomy,
        "taxonomy_version": decision.taxonomy_version,
        "milliseconds": dict(decision.milliseconds),
        "note": decision.note,
    }


def _choice(choice: Choice) -> DecidedLabelAnswer:
    return {
        "label": choice.label,
        "confidence": _rounded(choice.confidence),
        "candidates": _candidates(choice.candidates),
        "plausible": [label for label, _ in choice.plausible],
        "threshold": choice.threshold,
        "sure": choice.sure,
        "by": choice.by,
        "also": list(choice.also),
    }


def _question(question: Question) -> QuestionAnswer:
    return {
        "text": question.text,
        "dimension": question.dimension,
        "candidates": _candidates(question.candidates),
    }


def _state(state: DialogueState) -> StateAnswer:
    before: Mapping[str, Ranked] = state.before
    return {
        "asked": [_question(one) for one in state.asked],
        "open": state.open,
        "before": {name: _candidates(ranked) for name, ranked in before.items()},
        "unsettled": state.unsettled,
    }


def _candidates(ranked: Ranked) -> list[CandidateAnswer]:
    return [{"label": label, "probability": _rounded(share)} for label, share in ranked]


def _action(action: Action | None) -> ActionAnswer | None:
    if action is None:
        return None
    return {
        "name": action.name,
        "workflow": action.workflow or None,
        "queue": action.queue or None,
        "hand_off": action.hand_off or None,
    }


def _rounded(share: float) -> float:
    """A probability within 0..1, which a sum of float32 may pass by its last digit."""
    return round(min(1.0, max(0.0, share)), 6)
