"""One evaluation that several tests read."""

import pytest
from evaluation_cases import TAXONOMY, guesses, many_turns

from turnwise.evaluation import EvaluationConfig, evaluate


@pytest.fixture(scope="session")
def evaluation():
    turns = many_turns(40)
    predictions = {"model": guesses(turns, 2.5), "majority": guesses(turns, 0, 1)}
    return evaluate(turns, predictions, TAXONOMY, EvaluationConfig(resamples=200))
