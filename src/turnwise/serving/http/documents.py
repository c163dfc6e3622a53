"""What the OpenAPI document says beside the routes: bodies, examples, refusals, keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from turnwise import __version__
from turnwise.serving.http.bodies import CLASSIFY, DECIDE
from turnwise.serving.http.failures import ErrorAnswer

Json = dict[str, Any]  # of a document that a library defines

REASONS = {
    400: "the body is no JSON",
    401: "no API key, or an unknown one",
    403: "the key lacks the scope",
    408: "the body did not come in time",
    413: "the body is too long",
    415: "the body is not plain JSON in UTF-8",
    422: "a field is missing, unknown, of another type, or out of its range; `field` names it",
    429: "the key has asked for more than its rate; `Retry-After` says when to try again",
    500: "a fault of the server",
    503: "too much is waiting already; `Retry-After` says when to try again",
}

NOT_LOGGED: dict[int | str, Json] = {
    409: {"model": ErrorAnswer, "description": "the server keeps no log"}
}

_TALK = {
    "messages": [
        {"role": "customer", "content": "hi, my parcel has not come"},
        {"role": "agent", "content": "Sorry to hear that. Which order is it?"},
        {"role": "customer", "content": "the blue jacket, I want my money back"},
    ],
    "conversation_id": "c-1042",
    "locale": "en",
}
_EXAMPLES: Json = {
    "one": {"summary": "One conversation", "value": _TALK},
    "batch": {
        "summary": "A batch",
        "value": {
            "conversations": [
                _TALK,
                {"messages": [{"role": "customer", "content": "where is my invoice?"}]},
            ]
        },
    },
}
_STATE: Json = {
    "summary": "With the state of the decision before",
    "value": {**_TALK, "state": {"asked": [], "open": False, "before": {}, "unsettled": 1}},
}


def refused(*statuses: int) -> dict[int | str, Json]:
    """Refusals by their status, for the document of a route."""
    return {one: {"model": ErrorAnswer, "description": REASONS[one]} for one in statuses}


REFUSALS = refused(*REASONS)


def body_of(name: str) -> Json:
    """The request body of a route that reads it by itself."""
    examples = _EXAMPLES if name == "classify" else {**_EXAMPLES, "state": _STATE}
    content = {"schema": {"$ref": f"#/components/schemas/{name}_body"}, "examples": examples}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def document(
    app: FastAPI, open_paths: frozenset[str], keys: bool, schemas: Callable[[], Json]
) -> Callable[[], Json]:
    """What makes the OpenAPI document of an application, all but `schemas` once.

    Args:
        open_paths: paths that take no key; keys: whether the others do.
        schemas: gives those of bodies that depend on the taxonomies that serve, by name.
    """
    made: Json = {}

    def openapi() -> Json:
        if not made:
            made.update(get_openapi(title="Turnwise", version=__version__, routes=app.routes))
            _add_bodies(made)
            if keys:
                _add_keys(made, open_paths)
        made["components"]["schemas"].update(schemas())
        return made

    return openapi


def _add_bodies(document: Json) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name, body in (("classify", CLASSIFY), ("decide", DECIDE)):
        schema = body.json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs"))
        schemas[f"{name}_body"] = schema


def _add_keys(document: Json, open_paths: frozenset[str]) -> None:
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for path, methods in document["paths"].items():
        if path not in open_paths:
            for operation in methods.values():
                operation["security"] = [{"key": []}]
