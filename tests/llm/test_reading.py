import json
from typing import Literal

import pytest
from asking import BAD, GOOD, Pick
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from turnwise.llm.reading import read_answer

RIGHT = Pick(reason="they say so", label="cancel")


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"  {GOOD}\n\n\n",
        f"Sure! Here is my answer:\n{GOOD}\nI hope that helps :-}}",
        f"```json\n{GOOD}\n```",
        f"<think>Maybe {BAD}? Or {{}}? No.</think>\n{GOOD}",
        f"The set {{cancel, refund}} has two. {GOOD}",
        f"{GOOD}\n{GOOD}",  # the same twice is one answer
        f'{GOOD} where the format is {{"reason": "...", "label": "..."}}',
    ],
)
def test_the_answer_is_found_among_what_models_put_around_it(text):
    reading = read_answer(text, Pick)
    assert (reading.value, reading.problem) == (RIGHT, "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("I would say cancel.", "not a JSON object"),
        (GOOD[:-8], "not a JSON object"),
        ('["cancel"]', "not a JSON object"),
        (BAD, "label: Input should be 'cancel' or 'refund'"),
        ('{"reason": 5, "label": "cancel"}', "reason: Input should be a valid string"),
        ('{"label": "cancel"}', "reason: Field required"),
        (GOOD[:-1] + ', "note": 1}', "note: Extra inputs are not permitted"),
        (GOOD[:-1] + ', "label": "refund"}', 'the key "label" stands twice'),
        (GOOD + GOOD.replace("cancel", "refund"), "several different answers"),
        ("[" * 100_000, "not a JSON object"),
        ('{"a":' * 100_000, "not a JSON object"),
    ],
)
def test_what_is_wrong_is_said_for_the_model_to_read(text, problem):
    reading = read_answer(text, Pick)
    assert reading.value is None
    assert not reading.formed
    assert problem in reading.problem


LABELS = tuple(f"LABEL, or 'no {number}'" for number in range(57))


class Offered(BaseModel):
    labels: list[Literal[LABELS]]  # type: ignore[valid-type]


def test_of_many_labels_a_problem_tells_how_many_there_are_not_each():
    problem = read_answer(json.dumps({"labels": [LABELS[3], "CANCEL_ORDR"]}), Offered).problem
    assert problem == 'labels.1: "CANCEL_ORDR" is not one of the 57 that are offered'


def test_a_label_that_is_a_novel_is_not_told_in_full():
    problem = read_answer(json.dumps({"labels": ["x" * 5_000]}), Offered).problem
    assert "is not one of the 57" in problem
    assert len(problem) < 200


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_stands_around_it_an_answer_is_right_or_refused_never_another(before, after):
    reading = read_answer(before + GOOD + after, Pick)
    assert reading.value in (RIGHT, None)


@given(
    st.recursive(
        st.none() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_json_is_read_or_refused(value):
    assert read_answer(json.dumps(value), Pick).value is None
