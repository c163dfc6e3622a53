"""A language model reads the log of earlier rounds and says which candidates to try next.

Search space pruning of Hong et al. 2025, section 6.4.2. Where no answer can be used, the fitted
curve decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel, ConfigDict

from turnwise.clusters import Round, Trial
from turnwise.discovery.pruning import GUESSES, by_curve, size
from turnwise.llm import Asker, Background, Question, Reply, Task, load_template
from turnwise.llm.tasks import Values

VERSION = "1"  # raise it when the template, the answer or what is checked of it changes


class Guesses(BaseModel):
    """What a model answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    candidates: list[float]


@dataclass(frozen=True, slots=True)
class Shown:
    """A round as a prompt shows it: `chosen` is the candidate that was kept."""

    number: int
    size: int
    trials: tuple[Trial, ...]
    chosen: float


@dataclass(frozen=True)
class LlmPruner:
    """Predicts by asking a model; implements `Pruner`.

    Attributes:
        asker: whom; background: where the calls run.
    """

    asker: Asker
    background: Background

    def __call__(
        self, log: Sequence[Round], candidates: Sequence[float], n: int, /
    ) -> tuple[float, ...]:
        """Ask; without an answer that can be used, predict by the curve.

        Raises:
            EndpointError: no question will be answered. BudgetReached: nothing is left of it.
        """
        question = pruning_question(log, candidates, n)
        reply = self.background.submit(self._ask(question)).result()
        if reply.value is None:
            return by_curve(log, candidates, n)
        return tuple(reply.value.candidates)

    async def _ask(self, question: Question[Guesses]) -> Reply[Guesses]:
        return await self.asker.ask(question)


def check_guesses(answer: Guesses, values: Values) -> str:
    """One to five different candidates, all of them offered."""
    offered = values["candidates"]
    assert isinstance(offered, tuple)
    problems = []
    if not 1 <= len(answer.candidates) <= GUESSES:
        problems.append(f"candidates holds {len(answer.candidates)}; one to five were asked for")
    if len(set(answer.candidates)) < len(answer.candidates):
        problems.append("a candidate stands there twice")
    problems += [f"{one:g} was not offered" for one in answer.candidates if one not in offered]
    return "; ".join(problems)


@cache
def pruning_task() -> Task[Guesses]:
    template = load_template("turnwise.discovery", "prompts/pruning.j2")
    return Task("discovery-pruning", VERSION, template, Guesses, check_guesses)


def pruning_question(
    log: Sequence[Round], candidates: Sequence[float], n: int
) -> Question[Guesses]:
    """What is asked before a round of n utterances."""
    values: Values = {
        "rounds": tuple(_shown(one) for one in log),
        "size": n,
        "candidates": tuple(candidates),
    }
    return Question(pruning_task(), values)


def _shown(one: Round) -> Shown:
    return Shown(one.number, size(one), one.trials, one.trials[one.chosen].candidate)
