"""What a generation by a language model will cost: some conversations, played through unasked."""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel

from turnwise.errors import ConfigError
from turnwise.generation.asking import Tally
from turnwise.generation.generate import generate
from turnwise.llm import Background, Endpoint, KeptAnswer, Question, Reply, estimate
from turnwise.llm.tasks import A
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.steps.generating import GenerateOptions, check_options
from turnwise.steps.generation_helpers import asked_endpoints, read_material, reading_helpers
from turnwise.steps.labellers import questions_a_turn

SAMPLE = 30  # conversations that are played through
LIST = 2  # items of a list in a made-up answer


@dataclass(frozen=True, slots=True)
class GeneratePlan:
    """What a generation will take, without repairs of answers and repetitions of calls.

    Attributes:
        model: that is asked. sample: conversations that this was reckoned from.
        calls: to be paid; reused: questions whose answer is kept already.
        tokens_in, tokens_out, money: of the calls.
    """

    model: str
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
        value = cast(A, made_up(question.task.answer, draw, self.texts))
        model, text = self.endpoint.model, value.model_dump_json()
        task = question.task
        kept = KeptAnswer(
            "", task.name, task.version, "", model, "", {}, text, text, "", 0, 0, 0, 0, 1
        )
        return Reply(value, kept, reused=False)


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
    if not config.asks:
        reason = f"{config.method} asks nobody as it is made here: there is nothing to tell"
        raise ConfigError(reason, field="dry-run", hint="Add --by llm, or --method llm")
    material = read_material(project)
    endpoint = asked_endpoints(project, config)[0]
    texts = [
        one.text for state in material.pools.states for one in material.pools.pool(state).distinct
    ]
    asker = Rehearsal(endpoint, texts)
    some = replace(config, conversations=min(SAMPLE, config.conversations))
    helpers = replace(
        reading_helpers(project, material, config, progress), reader=None, asker=asker
    )
    with Background() as background:
        helpers = replace(helpers, background=background)
        made = list(generate(material, some, helpers, Tally(), progress))
    scale = config.conversations / some.conversations
    found = estimate(
        asker.asked, round(len(asker.asked) * scale), endpoint, project.workspace.answers
    )
    labelling = _labelling(project, config.method, sum(len(one.customer) for one in made) * scale)
    return GeneratePlan(
        model=endpoint.model,
        sample=some.conversations,
        calls=found.calls + labelling,
        reused=found.reused,
        tokens_in=found.tokens_in,
        tokens_out=found.tokens_out,
        money=found.money,
    )


def _labelling(project: Project, method: str, turns: float) -> int:
    """Questions that the labelling of simulated conversations takes."""
    if method != "simulate":
        return 0
    asked = replace(project.config.labelling, strategy="two-stage", by="llm")
    return round(turns * questions_a_turn(asked))


def made_up(kind: Any, draw: Random, texts: Sequence[str]) -> Any:
    """An answer of a type: whatever fits it, its texts taken from others."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields.items()
        values = {name: made_up(one.annotation, draw, texts) for name, one in fields}
        return kind.model_construct(**values)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return draw.choice(parts)
    if origin in (list, tuple):
        return origin(made_up(parts[0], draw, texts) for _ in range(LIST))
    if origin in (Union, types.UnionType):
        return made_up(parts[0], draw, texts)
    if kind is bool:
        return draw.random() < 0.5
    return draw.choice(texts) if kind is str else kind(1)
