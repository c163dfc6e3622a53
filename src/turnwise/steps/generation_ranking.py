"""Pairs of answers of a generated set: who answers beside its agents, and who judges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from turnwise.encoders import Encoder
from turnwise.endpoints import TEACHER
from turnwise.errors import ConfigError
from turnwise.generated import Dropped, GeneratedConversation
from turnwise.generation.asking import Tally
from turnwise.generation.config import GenerationConfig
from turnwise.generation.material import Helpers, Material
from turnwise.generation.ranking import (
    AnswerJudge,
    Contest,
    EmbeddedAnswerJudge,
    LlmAnswerJudge,
    Ranked,
    contests,
    rank_answers,
    rival_answers,
)
from turnwise.llm import Asker, Background, Budget, Client, Endpoint, Spend
from turnwise.progress import Progress
from turnwise.project import Project
from turnwise.steps.discovery_helpers import JUDGE

UNREACHED = "the budget did not reach the rival's answer"


@dataclass(frozen=True)
class Rankers:
    """Who makes pairs of the answers of a set.

    Attributes:
        encoder: of the embedded judge.
        judge: a model that wrote none of the answers; None: the embedded one judges.
        rival: a model whose answers stand beside; None: answers to another intent do.
        background: where their calls run. clients: of those that are paid for this alone.
    """

    encoder: Encoder
    judge: Asker | None = None
    rival: Asker | None = None
    background: Background | None = None
    clients: tuple[Client, ...] = ()

    @property
    def spend(self) -> Spend:
        return sum((one.spend for one in self.clients), Spend())

    def contests(
        self,
        made: Sequence[GeneratedConversation],
        material: Material,
        seed: int,
        tally: Tally,
        progress: Progress,
    ) -> list[Contest]:
        """The last answer of each conversation with another one beside it.

        Where a rival is named, conversations that it gives no answer to are left out, and counted.
        """
        if self.rival is None or self.background is None:
            return list(contests(made, seed=seed))
        answers = rival_answers(
            made, self.rival, self.background, material.checks[1], tally, progress
        )
        return list(contests([one for one in made if one.id in answers], alternatives=answers))

    def rank(
        self,
        made: Sequence[GeneratedConversation],
        material: Material,
        seed: int,
        progress: Progress,
    ) -> Ranked:
        """Pairs of answers to the last questions: the one that was made, and the one beside it.

        Raises:
            GenerationError: the logs hold no answers to compare with.
            EndpointError: a language model can't answer.
        """
        tally = Tally()
        held = self.contests(made, material, seed, tally, progress)
        judge: AnswerJudge = (
            LlmAnswerJudge(self.judge, self.background)
            if self.judge is not None and self.background is not None
            else EmbeddedAnswerJudge(material.logs, self.encoder, progress)
        )
        ranked = rank_answers(held, judge, progress)
        unreached = (Dropped(UNREACHED, tally.unfinished),) if tally.unfinished else ()
        return replace(ranked, dropped=(*unreached, *tally.reasons, *ranked.dropped))


def ranking_endpoints(
    project: Project, config: GenerationConfig, rival: str | None
) -> list[Endpoint]:
    """Who answers beside, and who judges where that is a model that wrote neither answer; none
    where no rival is named.

    Raises:
        ConfigError: the rival is not configured, or wrote the set.
    """
    if rival is None:
        return []
    beside, writers = project.endpoint(rival), set[str]()
    if config.asks:
        writers.add(project.endpoint(TEACHER).model)
    if beside.model in writers:
        raise ConfigError(
            f"{beside.model} writes the set itself: its answers would stand beside its own",
            field="rival",
            hint="Name an endpoint with another model",
        )
    judge = _judge(project)
    if judge is None or judge.model in {*writers, beside.model}:
        return [beside]
    return [beside, judge]


def _judge(project: Project) -> Endpoint | None:
    try:
        return project.endpoint(JUDGE)
    except ConfigError:  # nor a teacher that stands in for it
        return None


@contextmanager
def open_rankers(
    project: Project, config: GenerationConfig, helpers: Helpers, rival: str | None, budget: Budget
) -> Iterator[Rankers]:
    """Give those who answer and judge; connections are closed at the end.

    Without a rival, who judges the set judges its answers, too.

    Raises:
        ConfigError: as `ranking_endpoints`. EndpointError: the key of one is not there.
    """
    endpoints = ranking_endpoints(project, config, rival)
    if not endpoints:
        yield Rankers(helpers.encoder, helpers.judge, background=helpers.background)
        return
    clients = tuple(Client(one, project.workspace.answers, budget) for one in endpoints)
    with Background() as background:
        for client in clients:
            background.finally_(client.close)
        judge = clients[1] if len(clients) > 1 else None
        yield Rankers(helpers.encoder, judge, clients[0], background, clients)
