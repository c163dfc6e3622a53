"""What a discovery by language models will cost: the embedded judge plays the models' part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from turnwise.clusters import ClusterName, Judge, Namer, Round, Rows, Space, Verdict
from turnwise.discovery import DiscoveryConfig, Helpers, discover
from turnwise.discovery.discover import embedded_helpers
from turnwise.discovery.judging import LlmJudge
from turnwise.discovery.naming.llm import LlmNamer
from turnwise.endpoints import TEACHER
from turnwise.errors import ConfigError
from turnwise.llm import Background, Endpoint, Question, estimate
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.steps.discovering import DiscoverOptions, check_options
from turnwise.steps.discovery_helpers import JUDGE, is_another, read_baseline
from turnwise.steps.unasked import Unasked


@dataclass(frozen=True, slots=True)
class DiscoverPlan:
    """What a discovery will take, without repairs of answers and repetitions of calls.

    Attributes:
        models: that are asked. questions: about clusters; calls: of them, those to be paid;
            reused: those whose answer is kept already.
        tokens_in, tokens_out, money: of the calls.
    """

    models: tuple[str, ...]
    questions: int
    calls: int
    reused: int
    tokens_in: int
    tokens_out: int
    money: float


@dataclass
class _Rounds:
    """A store of rounds in memory, for this plan alone."""

    kept: dict[int, Round] = field(default_factory=dict)

    def get(self, number: int) -> Round | None:
        return self.kept.get(number)

    def put(self, found: Round) -> None:
        self.kept[found.number] = found


@dataclass
class _Noting:
    """Judge and namer that note what the models would be asked, and let others answer."""

    models: Sequence[LlmJudge]
    judging: Judge
    namer: LlmNamer
    naming: Namer
    asked: list[tuple[Endpoint, Question[Any]]]

    @property
    def source_name(self) -> str:
        return self.judging.source_name

    def judge(self, space: Space, clusters: Sequence[Rows]) -> list[Verdict]:
        for model in self.models:
            for rows in clusters:
                self._note(model.asker, model.questions(space, rows))
        return self.judging.judge(space, clusters)

    def name(self, space: Space, clusters: Sequence[Rows]) -> list[ClusterName]:
        for rows in clusters:
            self._note(self.namer.asker, [self.namer.question(space, rows)])
        return self.naming.name(space, clusters)

    def _note(self, asker: object, questions: Sequence[Question[Any]]) -> None:
        assert isinstance(asker, Unasked)
        self.asked.extend((asker.endpoint, one) for one in questions)


def plan_discovery(
    project: Project, options: DiscoverOptions, progress: Progress = silent
) -> DiscoverPlan:
    """Reckon what `discover_intents` with the same options would ask; nothing is asked or written.

    Everything else is done: a model that judges otherwise takes more or fewer rounds.

    Raises:
        ConfigError: nobody would be asked, or no endpoint is configured. Others as
            `discover_intents`.
    """
    config = options.settings(project.config.discovery)
    check_options(project, options, config)
    if config.by == "embedded":
        reason = "the embedded judge and namer cost nothing: there is nothing to tell beforehand"
        raise ConfigError(reason, field="dry-run", hint="Add --by llm")
    baseline = read_baseline(options.against, options.bundle, options.dimension)
    encoder = project.encoder(progress)
    helpers = embedded_helpers(encoder)
    if baseline is not None:
        helpers = replace(helpers, known=baseline.known(encoder))
    asked: list[tuple[Endpoint, Question[Any]]] = []
    with Background() as background:
        noting = _noting(project, config, helpers, background, asked)
        discover(project.workspace.conversations(), encoder, config, noting, _Rounds(), progress)
    return _sum(project, asked)


def _noting(
    project: Project,
    config: DiscoveryConfig,
    helpers: Helpers,
    background: Background,
    asked: list[tuple[Endpoint, Question[Any]]],
) -> Helpers:
    def models(names: Sequence[str]) -> list[LlmJudge]:
        return [LlmJudge.of(Unasked(project.endpoint(name)), background, config) for name in names]

    looping = config.crowd or (TEACHER,)
    apart = is_another(project.endpoint(JUDGE), [project.endpoint(name) for name in looping])
    namer = LlmNamer(Unasked(project.endpoint(TEACHER)), background, helpers.namer)
    loop = _Noting(models(looping), helpers.judge, namer, helpers.namer, asked)
    last = _Noting(models((JUDGE,)), helpers.final_judge, namer, helpers.namer, asked)
    return replace(
        helpers, judge=loop, final_judge=last if apart else helpers.final_judge, namer=loop
    )


def _sum(project: Project, asked: Sequence[tuple[Endpoint, Question[Any]]]) -> DiscoverPlan:
    endpoints = list(dict.fromkeys(endpoint for endpoint, _ in asked))
    reckoned = []
    for endpoint in endpoints:
        questions = [question for one, question in asked if one == endpoint]
        answers = project.workspace.answers
        reckoned.append(estimate(questions, len(questions), endpoint, answers))
    return DiscoverPlan(
        models=tuple(one.model for one in endpoints),
        questions=sum(one.questions for one in reckoned),
        calls=sum(one.calls for one in reckoned),
        reused=sum(one.reused for one in reckoned),
        tokens_in=sum(one.tokens_in for one in reckoned),
        tokens_out=sum(one.tokens_out for one in reckoned),
        money=sum(one.money for one in reckoned),
    )
