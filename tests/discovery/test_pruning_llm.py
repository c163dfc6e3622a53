"""A model is asked which candidates to try; where it answers nonsense the curve decides."""

from __future__ import annotations

from typing import Any

import pytest

from turnwise.clusters import Round, Trial
from turnwise.discovery.pruning import by_curve
from turnwise.discovery.pruning_llm import Guesses, LlmPruner, check_guesses, pruning_question
from turnwise.llm import Background, Question, Reply

LADDER = (10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
TRIALS = tuple(Trial(one, 8, int(one) - 8, 100, 300) for one in LADDER)
LOG = [Round(1, TRIALS, 1, ((0, 1), (2, 3)), (1.0, 1.0), tuple(range(4, 400)))]


class Model:
    """Answers always the same, checked as a client checks it; None can't be used."""

    source_name = "model"

    def __init__(self, answer: list[float] | None) -> None:
        self.answer = answer

    async def ask(self, question: Question[Any]) -> Reply[Any]:
        value = None if self.answer is None else Guesses(candidates=self.answer)
        if value is not None and question.task.check(value, question.values):
            value = None
        return Reply(value, None, False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [([40.0, 20.0], (40.0, 20.0)), ([7.0], None), ([], None), ([40.0, 40.0], None), (None, None)],
)
def test_guesses_are_used_where_they_are_among_the_candidates(answer, wanted):
    with Background() as background:
        found = LlmPruner(Model(answer), background)(LOG, LADDER, 396)
    assert found == (wanted or by_curve(LOG, LADDER, 396))


def test_what_is_wrong_with_an_answer_is_said():
    values = pruning_question(LOG, LADDER, 396).values
    assert "7 was not offered" in check_guesses(Guesses(candidates=[7]), values)
    assert "stands there twice" in check_guesses(Guesses(candidates=[10, 10]), values)
    assert "one to five" in check_guesses(Guesses(candidates=list(LADDER)), values)
    assert check_guesses(Guesses(candidates=[10, 80]), values) == ""
