"""A bundle and a conversation so far -> a decision: accept, escalate, clarify, refuse, hand off.

    Policy(bundle).decide(conversation) -> Decision

Numpy, onnxruntime and tokenizers suffice, as for the bundle; asking a language model takes the
`llm` extra, answering over HTTP the `serve` extra.
"""

from turnwise.serving.config import PolicyConfig
from turnwise.serving.decision import (
    Choice,
    Decision,
    DialogueState,
    Kind,
    Question,
    Ranked,
    Step,
)
from turnwise.serving.escalation import (
    CircuitBreaker,
    Doubt,
    EscalationError,
    Escalator,
    Settled,
    Verdict,
)
from turnwise.serving.policy import Policy
from turnwise.serving.retrieval import Retrieval
from turnwise.serving.rules import Pending

__all__ = [
    "Choice",
    "CircuitBreaker",
    "Decision",
    "DialogueState",
    "Doubt",
    "EscalationError",
    "Escalator",
    "Kind",
    "Pending",
    "Policy",
    "PolicyConfig",
    "Question",
    "Ranked",
    "Retrieval",
    "Settled",
    "Step",
    "Verdict",
]
