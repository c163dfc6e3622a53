"""The classes of answers and the OpenAPI document say the same."""

from __future__ import annotations

import types
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from typing import Literal, NotRequired, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.client import answers, asking
from turnwise.client.reading import UnreadableError, read

CLASSES = {name: kind for name, kind in vars(answers).items() if is_dataclass(kind)}
PATHS = {
    "/v1/classify",
    "/v1/decide",
    "/v1/feedback",
    "/v1/taxonomy",
    "/v1/bundles",
    "/healthz",
    "/readyz",
}
SENT = {
    "Message": asking.Message,
    "Conversation": asking.Conversation,
    "DecidedConversation": asking.DecidedConversation,
    "FeedbackBody": asking.Feedback,
}
NAMES = {str: "string", int: "integer", float: "number", bool: "boolean"}


@pytest.fixture(scope="module")
def document(service) -> dict:
    return service.ask("GET", "/openapi.json", key="").json


def schema_of(hint) -> dict:
    """What a document says of a field of this type."""
    parts = get_args(hint)
    if is_dataclass(hint):
        return {"$ref": f"#/components/schemas/{hint.__name__}"}
    if get_origin(hint) is types.UnionType:
        return {"anyOf": [schema_of(parts[0]), {"type": "null"}]}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": schema_of(parts[0])}
    if get_origin(hint) is Mapping:
        return {"type": "object", "additionalProperties": schema_of(parts[1])}
    if get_origin(hint) is Literal:
        return {"type": "string", "enum": list(parts)}
    return {"type": NAMES[hint]}


def without_titles(schema):
    if isinstance(schema, dict):
        return {name: without_titles(one) for name, one in schema.items() if name != "title"}
    return [without_titles(one) for one in schema] if isinstance(schema, list) else schema


def named(schema) -> set[str]:
    """The schemas that another one names."""
    if isinstance(schema, dict):
        own = {schema["$ref"].rpartition("/")[2]} if "$ref" in schema else set()
        return own.union(*map(named, schema.values()))
    return set().union(*map(named, schema)) if isinstance(schema, list) else set()


def answered(document) -> set[str]:
    """The schemas of all that is answered where nothing went wrong."""
    operations = [one for path in PATHS for one in document["paths"][path].values()]
    found, new = (
        set(),
        named([one["responses"].get("200") or one["responses"]["202"] for one in operations]),
    )
    while new:
        found |= new
        new = named([document["components"]["schemas"][name] for name in new]) - found
    return found


def test_there_is_a_class_for_every_schema_and_a_schema_for_every_class(document):
    assert set(CLASSES) == answered(document)


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_fields_of_its_schema_and_their_types(document, name):
    schema, hints = document["components"]["schemas"][name], get_type_hints(CLASSES[name])
    assert without_titles(schema["properties"]) == {
        field: schema_of(hint) for field, hint in hints.items()
    }


@pytest.mark.parametrize("name", CLASSES)
def test_a_field_has_a_default_where_its_schema_does_not_require_it(document, name):
    required = {
        one.name
        for one in fields(CLASSES[name])
        if one.default is MISSING and one.default_factory is MISSING
    }
    assert required == set(document["components"]["schemas"][name].get("required", ()))


def test_the_client_reaches_every_path_but_that_of_prometheus(document):
    assert set(document["paths"]) == {*PATHS, "/metrics"}


@pytest.mark.parametrize("name", SENT)
def test_what_is_sent_may_hold_all_that_a_body_may_and_nothing_else(document, name):
    schema, shape = document["components"]["schemas"][name], SENT[name]
    apart = {"conversation_id"} if name == "FeedbackBody" else set()
    hints = get_type_hints(shape, include_extras=True) if shape.__total__ else {}
    required = {field for field, hint in hints.items() if get_origin(hint) is not NotRequired}
    assert set(get_type_hints(shape)) | apart == set(schema["properties"])
    assert required | apart == set(schema["required"])


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"label": "A"}, "probability is missing"),
        ({"label": 1, "probability": 0.5}, "label is int, not str"),
        ({"label": "A", "probability": True}, "probability is bool, not float"),
        ({"label": "A", "probability": None}, "probability is NoneType"),
        ([], "the answer is list, not dict"),
    ],
)
def test_an_answer_of_another_shape_is_refused_with_its_place(value, told):
    with pytest.raises(UnreadableError, match=told):
        read(answers.CandidateAnswer, value)


def test_what_a_newer_service_says_beside_is_passed_over():
    value = {"label": "A", "probability": 1, "new": {"x": 1}}
    assert read(answers.CandidateAnswer, value) == answers.CandidateAnswer("A", 1.0)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(JSON, st.sampled_from(sorted(CLASSES)))
def test_any_json_is_read_or_refused(value, name):
    with suppress(UnreadableError):
        assert isinstance(read(CLASSES[name], value), CLASSES[name])
