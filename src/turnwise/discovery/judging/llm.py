"""A language model reads some of a cluster's utterances and says whether they want the same.

The semantic coherence evaluation of S4 (Dial-In LLM), section 3.1: five examples, and nothing
but a verdict for an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from turnwise.clusters import Judge, Rows, Space, Verdict
from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.representatives import Sampler
from turnwise.discovery.shown import fewer, on_a_line
from turnwise.llm import Asker, Background, Question, Reply, Task, load_template, together
from turnwise.llm.tasks import Values

VERSION = "1"  # raise it when the template or the answer changes

Begun = Future[list[Verdict]]


class Coherence(BaseModel):
    """What a model answers about one cluster."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdict: Literal["good", "bad"]


class Beginner(Judge, Protocol):
    """A judge whose verdicts come by a future, so that several can work at a time."""

    def begin(self, space: Space, clusters: Sequence[Rows]) -> Begun: ...


@dataclass(frozen=True)
class LlmJudge:
    """Judges clusters by asking a model; implements `Judge`.

    Attributes:
        asker: whom; background: where the calls run.
        sampler: which utterances it is shown.
        repeats: how often a cluster that is too large to be shown whole is asked about, each
            time with another draw; the majority of the answers that can be used holds, and a
            tie is bad.
    """

    asker: Asker
    background: Background
    sampler: Sampler
    repeats: int = 1

    @classmethod
    def of(cls, asker: Asker, background: Background, config: DiscoveryConfig) -> LlmJudge:
        return cls(asker, background, Sampler.of(config), config.repeats)

    @property
    def source_name(self) -> str:
        return self.asker.source_name

    def judge(self, space: Space, clusters: Sequence[Rows]) -> list[Verdict]:
        """Ask about every cluster at once. Without a usable answer a cluster is not `heard`.

        Raises:
            EndpointError: no question will be answered. BudgetReached: not all fit into the
                budget. What was answered is kept by whom it was asked.
        """
        return self.begin(space, clusters).result()

    def begin(self, space: Space, clusters: Sequence[Rows]) -> Begun:
        """Begin to ask; `judge` waits for it."""
        asked = [self.questions(space, rows) for rows in clusters]
        return self.background.submit(together([self._verdict(some) for some in asked]))

    def questions(self, space: Space, rows: Rows) -> list[Question[Coherence]]:
        """What is asked about one cluster: a question for each different draw."""
        draws = (self.sampler.draw(space.vectors, rows, repeat) for repeat in range(self.repeats))
        different = {tuple(map(int, draw)): draw for draw in draws}
        return [_question(space, draw, len(rows)) for draw in different.values()]

    async def _verdict(self, questions: Sequence[Question[Coherence]]) -> Verdict:
        return count_votes(await together([self.asker.ask(one) for one in questions]))


@cache
def coherence_task() -> Task[Coherence]:
    template = load_template("turnwise.discovery.judging", "prompts/coherence.j2")
    return Task("discovery-judge", VERSION, template, Coherence)


def count_votes(replies: Sequence[Reply[Coherence]]) -> Verdict:
    """The majority of the answers that can be used; a tie is bad."""
    votes = [reply.value.verdict == "good" for reply in replies if reply.value is not None]
    if not votes:
        problems = "; ".join(dict.fromkeys(reply.kept.problem for reply in replies))
        return Verdict(False, 0.0, f"no answer that can be used: {problems}", heard=False)
    reason = f"{sum(votes)} of {len(votes)} answers say good"
    return Verdict(2 * sum(votes) > len(votes), sum(votes) / len(votes), reason)


def _question(space: Space, shown: Rows, size: int) -> Question[Coherence]:
    texts = [on_a_line(text) for text in space.texts(shown)]

    def values(saving: int = 0) -> Values:
        return {"texts": tuple(fewer(texts, saving)), "size": size}

    return Question(coherence_task(), values(), shrink=values)
