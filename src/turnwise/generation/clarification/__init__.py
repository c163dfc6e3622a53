"""Clarification conversations: an assistant asks until it knows which label is meant.

    Ambiguous --Start--> assistant and customer take turns --Played--> judged --> SDRS

Section 2.1.2, 2.2.1 and 2.3 of S3 (Scaling Intent Understanding: A Framework for Classification
with Clarification using Lightweight LLMs): the customer knows the clear query and reveals what is
asked; for a share of the queries the right label is not offered (label dropout).
"""

from turnwise.generation.clarification.assistant import EmbeddedAssistant
from turnwise.generation.clarification.clarify import Cast, clarify, fault_of, score, starts
from turnwise.generation.clarification.customer import EmbeddedCustomer
from turnwise.generation.clarification.judging import EmbeddedJudge
from turnwise.generation.clarification.llm import LlmAssistant, LlmCustomer, LlmJudge
from turnwise.generation.clarification.play import play
from turnwise.generation.clarification.sdrs import Judged, Rating, Sdrs, ars, sdrs
from turnwise.generation.clarification.talk import (
    TURN_LIMIT,
    Assistant,
    Customer,
    Failed,
    Judge,
    Move,
    Played,
    Start,
    Talk,
)

__all__ = [
    "TURN_LIMIT",
    "Assistant",
    "Cast",
    "Customer",
    "EmbeddedAssistant",
    "EmbeddedCustomer",
    "EmbeddedJudge",
    "Failed",
    "Judge",
    "Judged",
    "LlmAssistant",
    "LlmCustomer",
    "LlmJudge",
    "Move",
    "Played",
    "Rating",
    "Sdrs",
    "Start",
    "Talk",
    "ars",
    "clarify",
    "fault_of",
    "play",
    "score",
    "sdrs",
    "starts",
]
