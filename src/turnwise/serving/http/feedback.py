"""What callers say of a conversation afterwards: `POST /v1/feedback`, from its bytes to records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, TypeAdapter
from typing_extensions import TypedDict

from turnwise.decision_log import Feedback, Rating
from turnwise.serving.http.bodies import CONVERSATIONS, DIMENSIONS, Name, Strict, whole
from turnwise.serving.http.failures import RequestError
from turnwise.serving.http.parsing import SHOWN, validated
from turnwise.taxonomy import Taxonomy

LONGEST = 10_000_000  # seconds of a session: 115 days
TURNS = 100_000

Json = dict[str, Any]  # of a document that a library defines

# What makes feedback, with its schema where it is given.
_ONE_OF: Mapping[str, Json] = {
    **{name: {"type": "boolean"} for name in ("finished", "resolved", "hand_off", "misrouted")},
    "rating": {"type": "string"},
    "duration": {"type": "number"},
    "corrected": {"type": "object", "minProperties": 1},
}


class FeedbackBody(Strict):
    """What is known of a conversation afterwards; what is left out, or null, is not known.

    At least one of `finished`, `resolved`, `rating`, `hand_off`, `misrouted`, `duration` and
    `corrected` is given. What is said later goes before what was said earlier, field by field.

    `finished`: the customer went through what the answer proposed. `resolved`: the matter is
    settled. `hand_off`: a person took over. `misrouted`: it went to the wrong place. `duration`:
    of the conversation in seconds. `corrected`: dimension to the right label, of the customer's
    turn of index `turn`, or else of the last.
    """

    conversation_id: Name
    finished: bool | None = None
    resolved: bool | None = None
    rating: Rating | None = None
    hand_off: bool | None = None
    misrouted: bool | None = None
    duration: Annotated[float, Field(ge=0, le=LONGEST, allow_inf_nan=False)] | None = None
    turn: Annotated[int, Field(ge=0, le=TURNS), BeforeValidator(whole)] | None = None
    corrected: Annotated[dict[Name, Name], Field(max_length=DIMENSIONS)] | None = None


class FeedbackBodies(Strict):
    """A batch."""

    feedback: Annotated[
        tuple[FeedbackBody, ...], Field(min_length=1, max_length=CONVERSATIONS, fail_fast=True)
    ]


def _form(value: Any) -> str:
    """Whether a body holds feedback on one conversation or a batch."""
    return "batch" if isinstance(value, dict) and "feedback" in value else "one"


FEEDBACK: TypeAdapter[FeedbackBody | FeedbackBodies] = TypeAdapter(
    Annotated[
        Annotated[FeedbackBody, Tag("one")] | Annotated[FeedbackBodies, Tag("batch")],
        Discriminator(_form),
    ]
)


class FeedbackAnswer(TypedDict):
    """How many conversations it was of."""

    accepted: int


def read_feedback(
    body: bytes, owner: str, taxonomies: Sequence[Taxonomy], at: float
) -> tuple[Feedback, ...]:
    """Read the body of a request that brings feedback, on one conversation or several.

    Args:
        owner: name of the key; at: seconds since 1970, UTC.
        taxonomies: of the bundles that answer, whose labels may be named.

    Raises:
        RequestError: 400 where it is not JSON, 422 with the field where it does not fit, or names
            a dimension or label that all taxonomies lack.
    """
    read = validated(FEEDBACK, body)
    if isinstance(read, FeedbackBody):
        return (_said(read, owner, taxonomies, at, ""),)
    return tuple(
        _said(one, owner, taxonomies, at, f"feedback.{place}.")
        for place, one in enumerate(read.feedback)
    )


def feedback_request(taxonomy: Taxonomy) -> Json:
    """The request body of the route, for the OpenAPI document."""
    dimension = taxonomy.dimensions[0]
    one = {"conversation_id": "c-1042", "finished": True, "resolved": True, "rating": "good"}
    corrected = {
        "conversation_id": "c-1043",
        "hand_off": True,
        "misrouted": True,
        "duration": 312.5,
        "turn": 2,
        "corrected": {dimension.name: dimension.names[0]},
    }
    examples = {
        "one": {"summary": "One conversation", "value": one},
        "batch": {"summary": "A batch", "value": {"feedback": [one, corrected]}},
    }
    content = {"schema": {"$ref": "#/components/schemas/feedback_body"}, "examples": examples}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def feedback_schemas(taxonomies: Sequence[Taxonomy]) -> Json:
    """The schemas that `feedback_request` refers to, by name; labels are those of taxonomies."""
    schema = FEEDBACK.json_schema(ref_template="#/components/schemas/{model}")
    schemas: Json = schema.pop("$defs")
    one = schemas[FeedbackBody.__name__]
    names: dict[str, dict[str, None]] = {}
    for taxonomy in taxonomies:
        for name in taxonomy.dimension_names:
            names.setdefault(name, {}).update(dict.fromkeys(taxonomy[name].names))
    labels = {name: {"enum": list(known)} for name, known in names.items()}
    corrected = {"type": "object", "properties": labels, "additionalProperties": False}
    one["properties"]["corrected"] = {"anyOf": [corrected, {"type": "null"}]}
    one["anyOf"] = [
        {"required": [name], "properties": {name: kind}} for name, kind in _ONE_OF.items()
    ]
    return {**schemas, "feedback_body": schema}


def _said(
    body: FeedbackBody, owner: str, taxonomies: Sequence[Taxonomy], at: float, place: str
) -> Feedback:
    """One record.

    Args:
        place: of the body, as the names of its fields begin.
    """
    if not any(getattr(body, name) not in (None, {}) for name in _ONE_OF):
        raise _refused(f"says nothing; give one of {', '.join(_ONE_OF)}", place.rstrip("."))
    corrected = body.corrected or {}
    for dimension, label in corrected.items():
        field = f"{place}corrected.{dimension}"
        holding = [one for one in taxonomies if dimension in one]
        if not holding:
            known = ", ".join(taxonomies[0].dimension_names)
            raise _refused(f"the taxonomy has no such dimension, but {known}", field)
        if not any(label in one[dimension].index for one in holding):
            raise _refused("the taxonomy has no such label", field)
    said = body.model_dump(exclude={"conversation_id", "corrected"})
    return Feedback(at, body.conversation_id, owner, corrected=corrected, **said)


def _refused(reason: str, field: str) -> RequestError:
    return RequestError(422, "invalid", reason, field=field[:SHOWN] or None)
