"""The figures as JSON."""

import json
import math

import pytest

from turnwise.errors import EvaluationError
from turnwise.evaluation import Evaluation


def values_of(tree):
    if isinstance(tree, dict):
        for value in tree.values():
            yield from values_of(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from values_of(value)
    else:
        yield tree


def test_an_evaluation_survives_being_written_and_read(evaluation):
    written = json.dumps(evaluation.to_json(), allow_nan=False)
    assert Evaluation.from_json(json.loads(written)) == evaluation


def test_json_holds_plain_values_alone(evaluation):
    tree = evaluation.to_json()
    assert tree["version"] == 1
    kinds = {type(value) for value in values_of(tree)}
    assert kinds <= {int, float, str, type(None), bool}
    assert not any(isinstance(v, float) and not math.isfinite(v) for v in values_of(tree))


def test_figures_of_another_version_are_refused(evaluation):
    with pytest.raises(EvaluationError, match=r"version 7.*evaluate again"):
        Evaluation.from_json(evaluation.to_json() | {"version": 7})


def test_figures_that_are_none_are_refused_by_their_place(evaluation):
    with pytest.raises(EvaluationError, match="turns"):
        Evaluation.from_json(evaluation.to_json() | {"turns": "many"})


def test_accuracy_at_a_coverage_and_coverage_at_an_accuracy_read_the_curve(evaluation):
    scores = evaluation.model["intent"]
    assert scores.accuracy_at(1.0) == scores.coverage[-1].accuracy
    assert scores.accuracy_at(0.5) >= scores.accuracy_at(1.0), "the surest half is better"
    assert scores.coverage_at(0.0) == 1
    assert scores.coverage_at(1.01) == 0
    reached = scores.coverage_at(scores.accuracy_at(0.5))
    assert reached >= 0.5


def test_an_unknown_dimension_is_a_key_error(evaluation):
    with pytest.raises(KeyError):
        evaluation.model["mood"]
