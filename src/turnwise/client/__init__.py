"""Asking a running service from Python, waiting or not. Needs the `client` extra.

    Client.decide --calls--> request --attempts--> an answer, another try, or an error

Light on purpose: nothing of it loads a model or a server, and httpx only once a client is made.
"""

from turnwise.client.answers import (
    ActionAnswer,
    BundlesAnswer,
    CandidateAnswer,
    ClassifyAnswer,
    DecideAnswer,
    DecidedLabelAnswer,
    LabelAnswer,
    QuestionAnswer,
    StateAnswer,
    TaxonomyAnswer,
)
from turnwise.client.asking import Conversation, DecidedConversation, Feedback, Message
from turnwise.client.async_client import AsyncClient
from turnwise.client.dialogue import AsyncDialogue, Dialogue
from turnwise.client.failures import (
    BusyError,
    InvalidRequestError,
    ServiceError,
    UnauthorizedError,
    UnavailableError,
)
from turnwise.client.sync_client import Client

__all__ = [
    "ActionAnswer",
    "AsyncClient",
    "AsyncDialogue",
    "BundlesAnswer",
    "BusyError",
    "CandidateAnswer",
    "ClassifyAnswer",
    "Client",
    "Conversation",
    "DecideAnswer",
    "DecidedConversation",
    "DecidedLabelAnswer",
    "Dialogue",
    "Feedback",
    "InvalidRequestError",
    "LabelAnswer",
    "Message",
    "QuestionAnswer",
    "ServiceError",
    "StateAnswer",
    "TaxonomyAnswer",
    "UnauthorizedError",
    "UnavailableError",
]
