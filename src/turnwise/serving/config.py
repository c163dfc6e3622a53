"""How serving decides: the order of its rules, and thresholds in place of the bundle's own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from turnwise.errors import ConfigError
from turnwise.serving.decision import KINDS, Kind

# What most often asks for a person, in English; written as regular expressions, case apart.
PERSON = (
    r"(?<!not )(?<!n't )\b(speak|talk|chat|(connect|transfer|put) (me|us)( through)?)\b"
    r"( (to|with))?( (a|an|the|your|some))?( (real|live|actual|human))? "
    r"(person|human|agent|someone|somebody|representative|operator|supervisor|manager)\b",
    r"\b(get|give|want|need)( me| us)? (a|an) ((real|live|actual|human) )?"
    r"(person|human|agent|representative|operator|supervisor)\b",
    r"\b(real|live|actual) (person|human|agent)\b",
    r"^\W*(human|agent|representative|operator)( please)?\W*$",
)
DEFAULT_CONFIDENCE = 0.7  # tau of the hybrid that METHODS.md describes, where a bundle has none
DEFAULT_CANDIDATES = 3  # its K
LONGEST = 600  # seconds of an escalation
RANGES = {  # setting -> least, most
    "candidates": (1, 50),
    "choices": (2, 50),
    "clarifications": (0, 30),
    "failures": (1, 1_000),
}


@dataclass(frozen=True, slots=True)
class PolicyConfig:
    """Rules and thresholds; what is left out is the bundle's own.

    Attributes:
        order: the rules that are tried, first to last; one left out is off.
        confidence: dimension -> from which confidence on its label is taken (tau).
        candidates: how many labels of a dimension whoever is asked chooses from (K).
        choices: a clarifying question names at most so many labels.
        questions: how they are worded: put together from `titles`, or then worded anew by the
            language `model` that is asked about doubts.
        clarifications: questions in one conversation at most; then a person takes over.
        failures: customer turns in a row without a sure answer, until a person takes over.
        seconds: that an escalation may take.
        history: what of the turns before counts: their true `text` alone, or the `labels` that
            the model believes in, too.
        person: regular expressions of asking for a person, beside the labels whose action hands
            off.
        otherwise: what is done where no rule decides: give the model's answer, marked as not
            sure, or hand off.
    """

    order: tuple[Kind, ...] = ("hand_off", "out_of_domain", "accept", "escalate", "clarify")
    confidence: Mapping[str, float] = field(default_factory=dict)
    candidates: int | None = None
    choices: int = 4
    questions: Literal["titles", "model"] = "titles"
    clarifications: int = 5
    failures: int = 3
    seconds: float = 2.0
    history: Literal["text", "labels"] = "text"
    person: tuple[str, ...] = PERSON
    otherwise: Literal["accept", "hand_off"] = "accept"

    def __post_init__(self) -> None:
        unknown = [rule for rule in self.order if rule not in KINDS]
        if not self.order or unknown or len(set(self.order)) != len(self.order):
            _refuse("order", f"is of {', '.join(KINDS)}, each at most once")
        if any(not 0 <= one <= 1 for one in self.confidence.values()):
            _refuse("confidence", "is between 0 and 1")
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                _refuse(name, f"is between {least} and {most}")
        if not 0 < self.seconds <= LONGEST:
            _refuse("seconds", f"is above 0, and {LONGEST} at most")
        for one in self.person:
            try:
                if re.compile(one).search(""):
                    _refuse("person", f"holds {one!r}, which any text fits")
            except re.error as error:
                _refuse("person", f"holds {one!r}, which is no regular expression ({error})")
        if self.questions not in ("titles", "model"):
            _refuse("questions", "is titles or model")
        if self.history not in ("text", "labels"):
            _refuse("history", "is text or labels")
        if self.otherwise not in ("accept", "hand_off"):
            _refuse("otherwise", "is accept or hand_off")

    def check(self, dimensions: Sequence[str]) -> None:
        """Refuse a threshold of a dimension that a bundle lacks."""
        if unknown := set(self.confidence) - set(dimensions):
            _refuse("confidence", f"names {', '.join(sorted(unknown))}, which the bundle lacks")


def _refuse(name: str, what: str) -> None:
    raise ConfigError(what, field=f"policy.{name}")
