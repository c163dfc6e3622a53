"""What serving says of a customer turn: one decision, and why.

accept          the model is sure of every dimension: labels, and what to do
escalate        it was not; who was asked (retrieval, a large model) settled it
clarify         a question to the customer that tells the labels in doubt apart
out_of_domain   the turn is about something that no label covers
hand_off        a person takes over
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from turnwise.taxonomy import Action

Kind = Literal["accept", "escalate", "clarify", "out_of_domain", "hand_off"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Ranked = tuple[tuple[str, float], ...]  # labels and probabilities, likeliest first


@dataclass(frozen=True, slots=True)
class Choice:
    """The label of one dimension.

    Attributes:
        label, confidence: the one that is taken, and its calibrated probability; a language
            model's own certainty where `by` names one.
        threshold: from which confidence on it is taken without asking (tau).
        sure: whether the threshold is reached, or whoever was asked settled it.
        by: `model`, or the name of who was asked in its place.
        candidates: the model's likeliest labels (K of them).
        plausible: the labels that can't be ruled out at the bundle's coverage; empty where the
            bundle was not fitted for it.
        also: further labels that the turn carries, where a turn may carry several.
    """

    label: str
    confidence: float
    threshold: float
    sure: bool
    by: str
    candidates: Ranked
    plausible: Ranked = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the customer.

    Attributes:
        text: in the conversation's locale as far as the taxonomy has titles in it.
        dimension, candidates: what it tells apart, with the probabilities before it was asked.
    """

    text: str
    dimension: str
    candidates: Ranked


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was tried.

    Attributes:
        decided: whether it made the decision; why: the scores and thresholds it went by.
        milliseconds: that it took.
    """

    rule: Kind
    decided: bool
    why: str
    milliseconds: float


@dataclass(frozen=True, slots=True)
class DialogueState:
    """What a policy has to know of a conversation beside its turns; the caller keeps it.

    Attributes:
        asked: every clarifying question of this conversation, oldest first.
        open: whether the last of them has not been answered yet.
        before: dimension -> its likeliest labels when it was asked; empty where none is open.
        unsettled: customer turns in a row that ended without a sure answer.
    """

    asked: tuple[Question, ...] = ()
    open: bool = False
    before: Mapping[str, Ranked] = field(default_factory=dict)
    unsettled: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about the last customer turn of a conversation.

    Attributes:
        kind: see above; where no rule of the policy decided, its `otherwise` (`accept` or
            `hand_off`) with `sure` false.
        sure: whether a rule decided; false marks the lightweight answer that is given for want
            of a better one.
        choices: dimension -> its label.
        action: what the labels call for, by the taxonomy; None where it names nothing, and
            while a question is asked.
        next_actions: what the further labels of the turn call for, to offer afterwards.
        question: to ask, of `clarify`.
        why: of the rule that decided.
        trace: every rule that was tried, in order.
        state: to hand in with the conversation's next turn.
        turn: index of the turn in the conversation.
        bundle, taxonomy, taxonomy_version: which made it.
        milliseconds: part (`model`, `rules`, `escalation`, `wording`) -> how long it took.
        note: what went wrong on the way without stopping it, such as a model that was away.
        out_of_domain: the score of being so (higher: stranger), whatever was decided, and
            `strange`, whether it passed the bundle's threshold; None where the bundle can't tell.
        cost: of whoever was asked, in the unit of the endpoint's prices; retrieval costs nothing.
        is_reply: whether the turn was read as the answer to the question that was open.
    """

    conversation_id: str
    turn: int
    kind: Kind
    sure: bool
    choices: Mapping[str, Choice]
    action: Action | None
    next_actions: tuple[Action, ...]
    question: Question | None
    why: str
    trace: tuple[Step, ...]
    state: DialogueState
    bundle: str
    taxonomy: str
    taxonomy_version: int
    milliseconds: Mapping[str, float]
    note: str = ""
    out_of_domain: float | None = None
    strange: bool | None = None
    cost: float = 0.0
    is_reply: bool = False
