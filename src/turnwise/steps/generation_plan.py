"""What a generation by a language model will cost: some conversations, played through unasked."""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal, Union, cast, get_args, get_origin

import numpy as np
from pydantic import BaseModel

from turnwise.conversations import Example, examples
from turnwise.endpoints import TEACHER
from turnwise.errors import ConfigError
from turnwise.generated import GeneratedConversation
from turnwise.generation.ambiguity import Meant
from turnwise.generation.asking import Tally
from turnwise.generation.config import GenerationConfig
from turnwise.generation.generate import generate
from turnwise.generation.material import Material
from turnwise.labelling.llm import Models
from turnwise.llm import Background, Endpoint, KeptAnswer, Question, Reply, estimate
from turnwise.llm.tasks import A
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.steps.generating import GenerateOptions, check_options
from turnwise.steps.generation_helpers import asked_endpoints, read_material, reading_helpers
from turnwise.steps.generation_labels import labelling_of, talk_of
from turnwise.steps.generation_quality import rate
from turnwise.steps.generation_ranking import Rankers, ranking_endpoints
from turnwise.steps.labellers import Seed, llm_strategies
from turnwise.taxonomy import Taxonomy

SAMPLE = 30  # conversations that are played through
LIST = 2  # items of a list in a made-up answer
SHORT = range(5, 20)  # words of a text that passes as a question and as an answer


@dataclass(frozen=True, slots=True)
class GeneratePlan:
    """What a generation will take, without repairs of answers and repetitions of calls.

    Attributes:
        models: that are asked. sample: conversations that this was reckoned from.
        calls: to be paid; reused: questions whose answer is kept already.
        tokens_in, tokens_out, money: of the calls.
    """

    models: tuple[str, ...]
    sample: int
    calls: int
    reused: int
    tokens_in: int
    tokens_out: int
    money: float


@dataclass
class Rehearsal:
    """Stands for a client: notes what it is asked, and answers with what customers of the logs
    said, so that a conversation goes on."""

    endpoint: Endpoint
    texts: Sequence[str]
    asked: list[Question[Any]] = field(default_factory=list)

    @property
    def source_name(self) -> str:
        return self.endpoint.model

    async def ask(self, question: Question[A]) -> Reply[A]:
        draw = Random(len(self.asked))
        self.asked.append(question)
        told = [one for one in question.values.values() if isinstance(one, str)]
        wanted = question.values.get("questions")  # so many ratings fit
        items = wanted if isinstance(wanted, int) else LIST
        value = cast(A, made_up(question.task.answer, draw, self.texts, told, items))
        model, text = self.endpoint.model, value.model_dump_json()
        task = question.task
        kept = KeptAnswer(
            "", task.name, task.version, "", model, "", {}, text, text, "", 0, 0, 0, 0, 1
        )
        return Reply(value, kept, reused=False)


@dataclass(frozen=True)
class Anything:
    """Reads every label from every query, so that none is dropped; implements `LabelSets`."""

    taxonomy: Taxonomy

    def meant(self, examples: Sequence[Example]) -> Mapping[str, Meant]:
        return {
            one.name: Meant(
                one,
                np.full((len(examples), len(one.names)), 1 / len(one.names), np.float32),
                np.ones((len(examples), len(one.names)), np.bool_),
            )
            for one in self.taxonomy.dimensions
        }


def plan_generation(
    project: Project, options: GenerateOptions, progress: Progress = silent
) -> GeneratePlan:
    """Reckon what `generate_conversations` with the same options would ask; nothing is asked.

    Raises:
        ConfigError: nobody would be asked, or no endpoint is configured. Others as
            `generate_conversations`.
    """
    config = options.settings(project.config.generation)
    check_options(project, options, config)
    if not config.asks and options.rival is None:
        reason = f"{config.method} asks nobody as it is made here: there is nothing to tell"
        raise ConfigError(reason, field="dry-run", hint="Add --by llm, or --method llm")
    material = read_material(project, progress)
    some = replace(config, conversations=min(SAMPLE, config.conversations), keep=1.0)
    asked = asked_endpoints(project, config), ranking_endpoints(project, config, options.rival)
    texts = _texts(material)
    askers, beside = ([Rehearsal(one, texts) for one in group] for group in asked)
    made = _rehearse(project, material, some, askers, beside if options.pairs else None, progress)
    askers += [*beside, *_labelling(project, some, made, texts, progress)]
    scale = config.conversations / some.conversations
    kept = project.workspace.answers
    found = [
        estimate(one.asked, round(len(one.asked) * scale), one.endpoint, kept)
        for one in askers
        if one.asked
    ]
    return GeneratePlan(
        models=tuple(dict.fromkeys(one.source_name for one in askers if one.asked)),
        sample=some.conversations,
        calls=sum(one.calls for one in found),
        reused=sum(one.reused for one in found),
        tokens_in=sum(one.tokens_in for one in found),
        tokens_out=sum(one.tokens_out for one in found),
        money=sum(one.money for one in found),
    )


def _texts(material: Material) -> list[str]:
    """What made-up answers say."""
    pools = material.pools
    every = [one.text for state in pools.states for one in pools.pool(state).distinct]
    return [one for one in every if len(one.split()) in SHORT] or every


def _rehearse(
    project: Project,
    material: Material,
    config: GenerationConfig,
    askers: Sequence[Rehearsal],
    beside: Sequence[Rehearsal] | None,
    progress: Progress,
) -> list[GeneratedConversation]:
    """Have conversations made, rated and their answers ranked by who answers anything.

    Args:
        askers: who writes, and who judges. beside: a rival, and who judges its answers; None:
            answers are not ranked.
    """
    with Background() as background:
        helpers = replace(
            reading_helpers(project, material, config, progress),
            reader=None,
            sets=Anything(material.taxonomy),
            asker=askers[0] if askers else None,
            background=background,
            judge=askers[1] if len(askers) > 1 else None,
        )
        made = list(generate(material, config, helpers, Tally(), progress))
        of_market = material.of_market(config.market)
        if helpers.judge is not None:
            rate(made, of_market, config, helpers, progress)
        if beside is not None:
            rival, judge = (*beside, None)[:2] if beside else (None, helpers.judge)
            rankers = Rankers(helpers.encoder, judge, rival, background)
            if judge is not None:
                rankers.rank(made, of_market, config.seed, progress)
            else:  # what the embedded judge says is free
                rankers.contests(made, of_market, config.seed, Tally(), progress)
    return made


def _labelling(
    project: Project,
    config: GenerationConfig,
    made: Sequence[GeneratedConversation],
    texts: Sequence[str],
    progress: Progress,
) -> list[Rehearsal]:
    """Who labels simulated conversations, having been asked about these."""
    if config.method != "simulate" or not config.asks:
        return []
    asked = {name: Rehearsal(project.endpoint(name), texts) for name in (TEACHER, "critic")}
    seed = Seed(project, project.taxonomy(), (), progress)
    models = Models(asked[TEACHER], asked["critic"])
    for strategy in llm_strategies(seed, labelling_of(project, config), models).values():
        for example in (turn for one in made for turn in examples(talk_of(one))):
            for asker, question in strategy.questions(example):
                assert isinstance(asker, Rehearsal)
                asker.asked.append(question)
    return [*asked.values()]


def made_up(
    kind: Any, draw: Random, texts: Sequence[str], told: Collection[str] = (), items: int = LIST
) -> Any:
    """An answer of a type: whatever fits it, its texts taken from others.

    Args:
        told: what the question names: the first of several choices is one of these, if it may be.
        items: of a list.
    """
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields.items()
        values = {name: made_up(one.annotation, draw, texts, told, items) for name, one in fields}
        return kind.model_construct(**values)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return next((one for one in parts if one in told), draw.choice(parts))
    if origin in (list, tuple):
        some = (made_up(parts[0], draw, texts, () if at else told) for at in range(items))
        return origin(some)
    if origin in (Union, types.UnionType):
        return made_up(parts[0], draw, texts)
    if kind is bool:
        return draw.random() < 0.5
    return draw.choice(texts) if kind is str else kind(1)
