"""What a service answers. Each class has the name of its schema in the OpenAPI document.

What a schema does not require has a default here. A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["accept", "escalate", "clarify", "out_of_domain", "hand_off"]
Arm = Literal["champion", "challenger", "shadow"]


@dataclass(frozen=True, slots=True)
class CandidateAnswer:
    """A label, and how likely it is (0 to 1, calibrated)."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class ActionAnswer:
    """What to do: one of workflow, queue and hand_off is set."""

    name: str
    workflow: str | None
    queue: str | None
    hand_off: str | None


@dataclass(frozen=True, slots=True)
class LabelAnswer:
    """The likeliest label of a dimension; `plausible` are those that can't be ruled out."""

    label: str
    confidence: float
    candidates: tuple[CandidateAnswer, ...]
    plausible: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClassifyAnswer:
    """Labels of the last customer turn: dimension -> label.

    `turn` counts turns, `message` the messages that were sent; both from 0.
    """

    conversation_id: str | None
    turn: int
    message: int
    labels: Mapping[str, LabelAnswer]
    action: ActionAnswer | None
    out_of_domain: bool | None
    bundle: str
    taxonomy: str
    taxonomy_version: int


@dataclass(frozen=True, slots=True)
class ClassifyAnswers:
    """One answer for each conversation of a batch, in its order."""

    results: tuple[ClassifyAnswer, ...]


@dataclass(frozen=True, slots=True)
class DecidedLabelAnswer(LabelAnswer):
    """A label, whether it reached its threshold, and who gave it; `also` are further labels."""

    threshold: float
    sure: bool
    by: str
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """A question to the customer, and what it tells apart."""

    text: str
    dimension: str
    candidates: tuple[CandidateAnswer, ...]


@dataclass(frozen=True, slots=True)
class StateAnswer:
    """To send with the conversation's next turn, as it is."""

    asked: tuple[QuestionAnswer, ...]
    open: bool
    before: Mapping[str, tuple[CandidateAnswer, ...]]
    unsettled: int


@dataclass(frozen=True, slots=True)
class StepAnswer:
    """A rule that was tried."""

    rule: Kind
    decided: bool
    why: str
    milliseconds: float


@dataclass(frozen=True, slots=True)
class DecideAnswer:
    """What to do about the last customer turn, and why.

    `sure` is false where no rule decided, and the likeliest answer is given for want of a better.
    """

    conversation_id: str | None
    turn: int
    message: int
    kind: Kind
    sure: bool
    labels: Mapping[str, DecidedLabelAnswer]
    action: ActionAnswer | None
    next_actions: tuple[ActionAnswer, ...]
    question: QuestionAnswer | None
    why: str
    trace: tuple[StepAnswer, ...]
    state: StateAnswer
    bundle: str
    taxonomy: str
    taxonomy_version: int
    milliseconds: Mapping[str, float]
    note: str


@dataclass(frozen=True, slots=True)
class DecideAnswers:
    """One answer for each conversation of a batch, in its order."""

    results: tuple[DecideAnswer, ...]


@dataclass(frozen=True, slots=True)
class FeedbackAnswer:
    """How many conversations it was of."""

    accepted: int


@dataclass(frozen=True, slots=True)
class Health:
    """That the service is there."""

    status: str


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """What a bundle says of itself, and its part in the service."""

    id: str
    created: str
    turnwise: str
    taxonomy: str
    taxonomy_version: int
    dimensions: tuple[str, ...]
    precision: str
    redacted: bool
    serving: bool
    arm: Arm
    share: float


@dataclass(frozen=True, slots=True)
class BundlesAnswer:
    """The bundles that are loaded, and the experiment that divides the conversations, if any."""

    bundles: tuple[BundleFacts, ...]
    experiment: str | None


@dataclass(frozen=True, slots=True)
class LabelEntry:
    """A label of a dimension."""

    name: str = ""
    path: tuple[str, ...] = ()
    description: str = ""
    examples: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    confused_with: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DimensionEntry:
    """A dimension with its labels."""

    description: str
    labels: tuple[LabelEntry, ...]


@dataclass(frozen=True, slots=True)
class ActionEntry:
    """What is done for which labels; one of workflow, queue and hand_off is there."""

    name: str = ""
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    workflow: str = ""
    queue: str = ""
    hand_off: str = ""


@dataclass(frozen=True, slots=True)
class TaxonomyAnswer:
    """The taxonomy of the bundle that serves."""

    name: str = ""
    version: int = 0
    dimensions: Mapping[str, DimensionEntry] = field(default_factory=dict)
    actions: tuple[ActionEntry, ...] = ()
