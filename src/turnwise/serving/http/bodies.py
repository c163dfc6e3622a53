"""What a request may hold. Whatever is not named here is refused, and so is more of it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, TypeAdapter

from turnwise.conversations import Role

MESSAGES = 200  # of a conversation
CHARACTERS = 20_000  # of a message
CONVERSATION_CHARACTERS = 100_000  # of the messages of a conversation together
CONVERSATIONS = 256  # of a batch
QUESTIONS = 32  # of a dialogue state
CANDIDATES = 64  # of a question
DIMENSIONS = 32
NAME = 200  # characters of an id, a label or a dimension

# As JSON Schema says it; `parsing` refuses the same in words.
ONE_OF_THE_CUSTOMER = {
    "contains": {
        "type": "object",
        "properties": {"role": {"const": "customer"}},
        "required": ["role"],
    }
}

Name = Annotated[str, Field(min_length=1, max_length=NAME)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Strict(BaseModel):
    """Takes what is named, of the type that is named, and no more."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", strict=True, use_attribute_docstrings=True
    )


class Message(Strict):
    """What one side said; messages of one role in a row are read as one turn."""

    role: Role
    """Who said it."""
    content: Annotated[str, Field(max_length=CHARACTERS)]
    """What was said, as plain text."""


class Conversation(Strict):
    """A conversation so far, oldest message first; the last customer turn is what is asked about.

    At least one message is of role `customer`, and all hold 100,000 characters together at most.

    `conversation_id` names it over several requests; `locale`, such as `en` or `pt-BR`, is the
    customer's language.
    """

    messages: Annotated[
        tuple[Message, ...],
        Field(
            min_length=1, max_length=MESSAGES, fail_fast=True, json_schema_extra=ONE_OF_THE_CUSTOMER
        ),
    ]
    """What was said so far, the oldest first."""
    conversation_id: Name | None = None
    """Names the conversation over several requests: state, experiment and log go by it."""
    locale: Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8}){0,3}$")] | None = (
        None
    )
    """The customer's language, such as `en` or `pt-BR`: questions are worded in it."""


class Conversations(Strict):
    """A batch."""

    conversations: Annotated[
        tuple[Conversation, ...], Field(min_length=1, max_length=CONVERSATIONS, fail_fast=True)
    ]
    """Conversations that have nothing to do with one another; answered in their order."""


class Candidate(Strict):
    """A label, and how likely it was."""

    label: Name
    """A label's name in the taxonomy."""
    probability: Probability
    """How likely it was, in [0, 1]."""


Candidates = Annotated[tuple[Candidate, ...], Field(max_length=CANDIDATES, fail_fast=True)]


class AskedQuestion(Strict):
    """A clarifying question, as an answer gave it."""

    text: Annotated[str, Field(max_length=CHARACTERS)]
    """The question, as the customer was asked it."""
    dimension: Name
    """Of which dimension its candidates are."""
    candidates: Candidates
    """What it was to tell apart."""


def whole(value: object) -> object:
    """1.0 is an integer in JSON, and some languages write it so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class State(Strict):
    """The `state` of the answer before, in the same conversation, as it was.

    What it says of labels that the bundle no longer knows is passed over.
    """

    asked: Annotated[tuple[AskedQuestion, ...], Field(max_length=QUESTIONS, fail_fast=True)] = ()
    """The questions so far; none is asked twice."""
    open: bool = False
    """Whether the last of them waits for its answer."""
    before: Annotated[dict[Name, Candidates], Field(max_length=DIMENSIONS)] = {}
    """Dimension -> its likeliest labels when it was asked; empty where nothing is open."""
    unsettled: Annotated[int, Field(ge=0, le=1_000_000), BeforeValidator(whole)] = 0
    """Customer turns in a row that ended without a sure answer."""


class DecidedConversation(Conversation):
    """A conversation so far, and the dialogue state that came with the decision before.

    Where `state` is left out and `conversation_id` is given, the state is what the server kept;
    it keeps those of the conversations that were spoken of last.
    """

    state: State | None = None
    """The `state` of the answer before."""


class DecidedConversations(Strict):
    """A batch."""

    conversations: Annotated[
        tuple[DecidedConversation, ...],
        Field(min_length=1, max_length=CONVERSATIONS, fail_fast=True),
    ]
    """Conversations that have nothing to do with one another; answered in their order."""


def _form(value: Any) -> str:
    """Whether a body holds one conversation or a batch."""
    return "batch" if isinstance(value, dict) and "conversations" in value else "one"


CLASSIFY: TypeAdapter[Conversation | Conversations] = TypeAdapter(
    Annotated[
        Annotated[Conversation, Tag("one")] | Annotated[Conversations, Tag("batch")],
        Discriminator(_form),
    ]
)
DECIDE: TypeAdapter[DecidedConversation | DecidedConversations] = TypeAdapter(
    Annotated[
        Annotated[DecidedConversation, Tag("one")] | Annotated[DecidedConversations, Tag("batch")],
        Discriminator(_form),
    ]
)
