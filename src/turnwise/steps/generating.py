"""A project's labelled logs -> conversations that nobody held, rated, in DIR/generated/NAME/.

Answers of language models are kept as they come, and all else is drawn by the seed: the same
command, after it was killed, makes the same conversations and pays for no answer twice. What is
written quotes customers; `turnwise forget` deletes it.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, replace

from turnwise.endpoints import TEACHER
from turnwise.errors import ConfigError, GenerationError
from turnwise.generated import GeneratedConversation, Method
from turnwise.generation.asking import Tally, at_once_for
from turnwise.generation.config import By, GenerationConfig
from turnwise.generation.generate import generate
from turnwise.generation.material import Material
from turnwise.generation.ranking import Ranked
from turnwise.llm import Budget
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.steps.generation_helpers import (
    AMBIGUOUS,
    asked_endpoints,
    open_helpers,
    read_material,
)
from turnwise.steps.generation_labels import relabelled
from turnwise.steps.generation_notes import CHAINED, answers, telling_progress
from turnwise.steps.generation_quality import rate
from turnwise.steps.generation_ranking import open_rankers, ranking_endpoints
from turnwise.steps.generation_writing import GenerateResult, Made
from turnwise.steps.limits import check_limits

NAME = re.compile(r"[\w-]{1,80}")
CALL_IN, CALL_OUT = 600, 40  # tokens of a call, roughly


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """What is asked of one generation; None: as the settings say, or without limit.

    Attributes:
        method, by, conversations, seed, market, switching, keep: as `GenerationConfig` has them.
        name: of the set that is written; None: the method's.
        pairs: write pairs of answers, too, for the ranking task of training. rival: the endpoint
            whose model's answers stand beside; None: answers to another intent do.
        calls, tokens, money: the budget of this run, where language models write.
    """

    method: Method | None = None
    by: By | None = None
    conversations: int | None = None
    seed: int | None = None
    market: str | None = None
    switching: float | None = None
    keep: float | None = None
    name: str | None = None
    pairs: bool = False
    rival: str | None = None
    calls: int | None = None
    tokens: int | None = None
    money: float | None = None

    def settings(self, config: GenerationConfig) -> GenerationConfig:
        """The settings with these in place."""
        names = ("method", "by", "conversations", "seed", "market", "switching", "keep")
        said = {name: getattr(self, name) for name in names}
        return replace(config, **{name: one for name, one in said.items() if one is not None})


AS_CONFIGURED = GenerateOptions()


def generate_conversations(
    project: Project, options: GenerateOptions = AS_CONFIGURED, progress: Progress = silent
) -> GenerateResult:
    """Make conversations from a project's labelled logs, rate them, and write the best.

    Raises:
        GenerationError: there is too little to make them from.
        ConfigError: options that do not go together, or no endpoint or bundle is there that the
            method needs.
        WorkspaceError: another generation is running on the folder.
        EndpointError: a language model can't answer.
    """
    config = options.settings(project.config.generation)
    name = check_options(project, options, config)
    project.refuse_beside(["generate"], "and both would write the same files")
    material = read_material(project, progress)
    of_market = material.of_market(config.market)
    begun = _begun(of_market, config)
    if options.pairs and not any(answers(one.conversation) for one in of_market.logs):
        raise GenerationError(
            "pairs are of answers, and these logs hold what customers said alone. Import logs with "
            "both sides, or leave --pairs out"
        )
    budget = Budget(options.calls, options.tokens, options.money)
    tally, made = Tally(), list[GeneratedConversation]()
    with project.recorded("generate", facts=_facts(config, name)) as record:
        with (
            open_helpers(project, material, config, budget, progress) as opened,
            open_rankers(project, config, opened.helpers, options.rival, budget) as rankers,
            telling_progress(lambda: opened.spend + rankers.spend, made, tally),
        ):
            at_once = at_once_for(_reach(project, config, options))
            helpers = replace(opened.helpers, at_once=at_once)
            made.extend(generate(material, config, helpers, tally, progress))
            labelled = relabelled(project, made, config, budget, progress)
            rated = rate(labelled.conversations, of_market, config, helpers, progress)
            ranked: Ranked | None = None
            if options.pairs:
                ranked = rankers.rank(rated.kept, of_market, config.seed, progress)
            spend = opened.spend + labelled.spend + rankers.spend
        job = Made(project, config, name, of_market, tally, labelled, rated, ranked)
        result = job.written(begun, spend, budget.reached)
        record.update(conversations=result.kept, name=name, calls=spend.calls)
    return result


def check_options(project: Project, options: GenerateOptions, config: GenerationConfig) -> str:
    """Refuse what would not do what it says; returns the name of the set.

    Raises:
        ConfigError: with what to give instead.
    """
    if options.pairs and config.method == "ambiguous":
        reason = "ambiguous makes single queries: there are no answers to rank"
        raise ConfigError(reason, field="pairs", hint="Leave --pairs out")
    if options.rival is not None and not options.pairs:
        reason = "whoever answers beside is there for pairs of answers alone"
        raise ConfigError(reason, field="rival", hint="Add --pairs")
    asked = asked_endpoints(project, config) + ranking_endpoints(project, config, options.rival)
    check_limits(options.calls, options.tokens, options.money, asked)
    for name in ("calls", "tokens", "money"):
        if not asked and getattr(options, name) is not None:
            reason = f"{config.method} costs nothing as it is made here: a budget limits nothing"
            raise ConfigError(reason, field=name, hint="Add --by llm, or --method llm")
    contrary = options.by is not None and (options.by == "llm") != (config.method == "llm")
    if contrary and config.method in CHAINED:
        by = "a language model" if config.method == "llm" else "the examples of the logs"
        reason = f"{config.method} makes chains by {by}: nobody plays in them"
        hint = "It goes with simulate, ambiguous and clarify. Chains by a model: --method llm"
        raise ConfigError(reason, field="by", hint=hint)
    chained = tuple(one for one in CHAINED if one != "random")
    if options.switching is not None and config.method not in chained:
        reason = f"{config.method} follows no chain whose switches could be set"
        raise ConfigError(reason, field="switching", hint=f"It goes with {', '.join(chained)}")
    found = config.method if options.name is None else options.name
    if not NAME.fullmatch(found):
        reason = f"{found!r} is no name of a set"
        raise ConfigError(reason, field="name", hint="Letters, digits, - and _ make one")
    return found


def _facts(config: GenerationConfig, name: str) -> dict[str, str]:
    return {key: str(value) for key, value in asdict(config).items()} | {"name": name}


def _reach(project: Project, config: GenerationConfig, options: GenerateOptions) -> float:
    """How many calls a budget pays for, roughly."""
    if not config.asks:
        return math.inf
    reaches = [math.inf if options.calls is None else float(options.calls)]
    if options.tokens is not None:
        reaches.append(options.tokens / (CALL_IN + CALL_OUT))
    if options.money is not None:
        reaches.append(options.money / project.endpoint(TEACHER).cost(CALL_IN, CALL_OUT))
    return min(reaches)


def _begun(material: Material, config: GenerationConfig) -> int:
    if config.method not in AMBIGUOUS:
        return config.conversations
    return len(material.clear_queries(config.conversations, config.seed))
