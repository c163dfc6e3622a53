"""Answers made for a taxonomy: only its labels can be named."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from tests.labelling.llm.rule_asker import review_answer, single_answer
from turnwise.labelling.llm.answers import chosen_model, offered, reasoned_model, reviewed_model


def test_the_schema_enumerates_the_labels_and_allows_nothing_else(taxonomy):
    schema = reasoned_model(offered(taxonomy)).model_json_schema()
    labels = schema["$defs"]["Labels"]
    assert labels["properties"]["wish"]["enum"] == ["REPAIR", "PRICE", "ANSWER"]
    assert labels["required"] == ["product", "wish"]
    assert schema["additionalProperties"] is labels["additionalProperties"] is False


def test_the_reason_comes_before_the_labels(taxonomy):
    fields = list(reasoned_model(offered(taxonomy)).model_json_schema()["properties"])
    assert fields.index("reason") < fields.index("labels")


@pytest.mark.parametrize(
    "labels",
    [
        {"product": "Bike", "wish": "HELLO"},
        {"product": "Bike"},
        {"product": "Bike", "wish": "PRICE", "colour": "red"},
        {"product": "Bike", "wish": ["PRICE"]},
        {"product": "Bike", "wish": None},
    ],
)
def test_a_label_that_was_not_offered_is_refused(taxonomy, labels):
    with pytest.raises(ValidationError):
        reasoned_model(offered(taxonomy)).model_validate(single_answer(labels=labels))


def test_any_text_may_name_a_dimension_and_survives_being_kept():
    odd = (("model_config", ("a", "b")), ('what\'s "it" {{about}}?', ("x",)), ("_", ("y", "z")))
    answer = {
        "labels": {name: labels[0] for name, labels in odd},
        "certainty": {name: "likely" for name, _ in odd},
    }
    model = chosen_model(odd)
    read = model.model_validate_json(json.dumps(answer), strict=True)
    assert read.labels.by_dimension() == answer["labels"]
    assert model.model_validate_json(read.model_dump_json(), strict=True) == read


def test_a_taxonomy_of_thousands_of_labels_can_be_offered():
    names = tuple(f"label {number}" for number in range(20_000))
    model = chosen_model((("intent", names),))
    answer = {"labels": {"intent": names[-1]}, "certainty": {"intent": "unsure"}}
    assert model.model_validate(answer).labels.by_dimension() == {"intent": names[-1]}
    with pytest.raises(ValidationError):
        model.model_validate({**answer, "labels": {"intent": "label"}})


def test_the_first_stages_answer_repeated_is_no_review(taxonomy):
    model = reviewed_model(offered(taxonomy))
    model.model_validate(review_answer())
    for repeated in (single_answer(), {**single_answer(), **review_answer()}):
        with pytest.raises(ValidationError):
            model.model_validate(repeated)
