"""The OpenAPI document says what the server does."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from pydantic import TypeAdapter
from schemathesis import GenerationMode

from turnwise.serving.answers import (
    ClassifyAnswer,
    ClassifyAnswers,
    DecideAnswer,
    DecideAnswers,
)
from turnwise.serving.http.keys import SCOPES
from turnwise.serving.http.routes import WANTED

FEW = settings(
    max_examples=6,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def document(server) -> dict:
    return server.ask("GET", "/openapi.json", key="").json


def test_every_route_is_in_it_and_has_its_scope(document):
    assert set(document["paths"]) == set(WANTED) - {"/openapi.json"}
    assert {scope for scopes in WANTED.values() for scope in scopes or ()} == set(SCOPES)


def test_every_operation_says_what_it_does_and_whether_it_takes_a_key(document):
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert operation["description"], path
            assert ("security" in operation) == (WANTED[path] is not None), path


@pytest.mark.parametrize("name", ["Message", "Conversation", "DecidedConversation", "State"])
def test_every_field_of_a_request_says_what_it_is(document, name):
    for field, shape in document["components"]["schemas"][name]["properties"].items():
        assert shape.get("description"), field


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/decide"])
def test_its_examples_are_served(server, document, path):
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    assert len(content["examples"]) >= 2
    for example in content["examples"].values():
        assert server.ask("POST", path, example["value"]).status == 200


def test_answers_hold_what_it_says_and_nothing_else(server):
    one = {"messages": [{"role": "customer", "content": "it does not work"}]}
    several = {"conversations": [one, one]}
    for path, body, shape in (
        ("/v1/classify", one, ClassifyAnswer),
        ("/v1/classify", several, ClassifyAnswers),
        ("/v1/decide", one, DecideAnswer),
        ("/v1/decide", several, DecideAnswers),
    ):
        answer = server.ask("POST", path, body).json
        read = TypeAdapter(shape).validate_python(answer, strict=True)
        assert read == answer, path


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_schemathesis_finds_no_fault_and_no_breach(server, document, mode):
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=f"http://127.0.0.1:{server.port}")
    headers = {"Authorization": f"Bearer {server.key}"}
    for result in schema.get_all_operations():
        operation = result.ok()
        if mode is GenerationMode.NEGATIVE and operation.method == "get":
            continue  # there is nothing to get wrong

        @given(case=operation.as_strategy(mode))
        @FEW
        def attempt(case):
            response = case.call(headers=headers)
            # Schemathesis does not count 413 among the refusals of what is also wrong otherwise.
            assume(response.status_code != 413)
            case.validate_response(response, headers=headers)

        attempt()
