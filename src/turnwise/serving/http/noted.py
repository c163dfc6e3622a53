"""From a decision, as a server has made it, to its record in the log."""

from __future__ import annotations

from dataclasses import dataclass, replace

from turnwise.bundle import Prediction
from turnwise.conversations import Conversation
from turnwise.decision_log import GivenLabel, LoggedDecision
from turnwise.privacy import Redactor
from turnwise.serving.decision import Decision
from turnwise.serving.http.bundles import Served

CHARACTERS = 2_000  # of a text


@dataclass(slots=True)  # not frozen: that would take three times as long to make
class Noted:
    """A decision or prediction with what its record is made of.

    Attributes:
        at: seconds since 1970, UTC.
        conversation: None where its text is not logged, so that it need not be kept.
        owner: name of the key; served: by whom the conversation is served, or shadowed.
        milliseconds: that a prediction took.
    """

    at: float
    made: Decision | Prediction
    conversation: Conversation | None
    owner: str
    served: Served
    milliseconds: float


def logged(case: Noted, redactor: Redactor | None) -> LoggedDecision:
    """The record of a decision or prediction.

    Args:
        redactor: None where the text is not logged.
    """
    made, served = case.made, case.served
    text = None
    if redactor is not None and case.conversation is not None:
        redacted, _ = redactor.redact(case.conversation)
        text = redacted.turns[made.turn].text[:CHARACTERS]
    given, model = _labels(made)
    record = LoggedDecision(
        at=case.at,
        conversation=made.conversation_id,
        owner=case.owner,
        turn=made.turn,
        arm=served.arm,
        experiment=served.experiment,
        bundle=served.policy.bundle.id,
        taxonomy_version=served.policy.bundle.taxonomy.version,
        kind="none",
        sure=False,
        labels=given,
        model=model,
        action="" if made.action is None else made.action.name,
        milliseconds=case.milliseconds,
        text=text,
    )
    if isinstance(made, Prediction):
        return replace(record, strange=made.out_of_domain)
    return replace(
        record,
        kind=made.kind,
        sure=made.sure,
        out_of_domain=made.out_of_domain,
        strange=made.strange,
        by=_asked(made, served),
        cost=made.cost,
        milliseconds=round(sum(made.milliseconds.values()), 3),
    )


def _labels(made: Decision | Prediction) -> tuple[dict[str, GivenLabel], dict[str, GivenLabel]]:
    """What was given, and what the model alone found likeliest."""
    if isinstance(made, Prediction):
        found = {name: GivenLabel(*ranked[0]) for name, ranked in made.scores.items()}
        return found, found
    given = {name: GivenLabel(one.label, one.confidence) for name, one in made.choices.items()}
    best = {name: one.candidates[0] for name, one in made.choices.items() if one.candidates}
    return given, {name: GivenLabel(*one) for name, one in best.items()}


def _asked(made: Decision, served: Served) -> str:
    """Who was asked in the model's place, even where nothing came of it; shadows ask nobody."""
    escalator = served.policy.escalator
    if escalator is None or served.arm == "shadow" or "escalation" not in made.milliseconds:
        return ""
    return escalator.name
