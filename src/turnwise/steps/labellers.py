"""The annotator that a way of labelling needs, fitted and connected."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from turnwise.annotations import Annotation
from turnwise.conversations import Conversation, Example, examples
from turnwise.labelling import Annotator, LabellingConfig, fit_annotator, label
from turnwise.labelling.annotator import StrategyName
from turnwise.labelling.llm import (
    Models,
    Strategy,
    fit_retriever,
    make_annotator,
    make_strategy,
    needs_retriever,
    strategy_names,
)
from turnwise.labelling.views import build, lay_ground
from turnwise.labelling.voting import Reliability, measured_reliability
from turnwise.llm import Background, Budget, Client, Spend
from turnwise.progress import Progress, silent
from turnwise.project import Project, without_gold
from turnwise.sampling import hold_apart
from turnwise.steps.ways import roles_of, weighs
from turnwise.taxonomy import Taxonomy

MEASURED_ON = 100  # conversations of the seed at most, to see how right an ensemble's members are

Wanted = Mapping[str, Collection[int] | None]  # conversation id -> turns to label; None: all


@dataclass
class Labeller:
    """An annotator and what it spends.

    Attributes:
        wanted: which turns are labelled; may be changed from one call of `label` to the next.
        budget: None where no one is paid.
        a_turn: questions that a turn takes. measuring: calls that it took to see how right the
            members of an ensemble are.
    """

    annotator: Annotator
    wanted: dict[str, Collection[int] | None]
    budget: Budget | None = None
    clients: tuple[Client, ...] = ()
    a_turn: int = 0
    measuring: int = 0

    @property
    def stopped(self) -> str:
        """Why no more is asked; empty while there is budget."""
        reached = self.budget.reached if self.budget else ""
        if reached and self.measuring:
            reached += (
                f". {self.measuring:,} calls measured the members on gold: labelling.vote "
                "majority does without"
            )
        return reached

    @property
    def spend(self) -> Spend:
        """What all clients were asked and paid."""
        return sum((one.spend for one in self.clients), Spend())

    def note(self, turns_left: int) -> str:
        """Rate, spend and time left, for people; empty where no one is paid."""
        return self.spend.line(turns_left * self.a_turn) if self.clients else ""


@dataclass
class Seed:
    """The labelled conversations, read when they are needed."""

    project: Project
    taxonomy: Taxonomy
    ids: Sequence[str]
    progress: Progress = field(default=silent)

    def read(self) -> list[Conversation]:
        return list(self.project.workspace.conversations(self.ids))


@contextmanager
def open_labeller(
    seed: Seed, config: LabellingConfig, wanted: dict[str, Collection[int] | None], budget: Budget
) -> Iterator[Labeller]:
    """Give the annotator of a configuration; connections are closed at the end.

    Raises:
        ConfigError: no endpoint is configured. EndpointError: its key is not there.
    """
    if config.by == "embedded":
        yield Labeller(_embedded(seed, config), wanted)
        return
    # Both before the thread that they work in: what they refuse needs no clearing up.
    teacher, critic = _clients(seed.project, config, budget)
    with Background() as background:
        background.finally_(teacher.close)
        background.finally_(critic.close)
        strategies = llm_strategies(seed, config, Models(teacher, critic))
        reliability = _reliability(seed, config, Models(teacher, critic), background)
        annotator = make_annotator(
            strategies,
            seed.taxonomy,
            background,
            config,
            reliability=reliability,
            wanted=lambda one: _is_wanted(one, wanted),
            at_once=2 * max(teacher.endpoint.concurrency, critic.endpoint.concurrency),
        )
        clients = (teacher,) if critic is teacher else (teacher, critic)
        made = Labeller(annotator, wanted, budget, clients, questions_a_turn(config))
        made.measuring = made.spend.calls
        yield made


def questions_a_turn(config: LabellingConfig) -> int:
    """How many questions a turn takes at most; 0 where no model is asked."""
    each = {"two-stage": 2, "clara": config.orders}
    if config.by == "embedded":
        return 0
    names = strategy_names(config)
    shared = {"single", "two-stage"} <= set(names)  # the first question of both is one
    return sum(each.get(name, 1) for name in names) - shared


def affordable_turns(calls: int, config: LabellingConfig) -> int:
    """How many turns so many calls label; one a call where nobody is paid."""
    return max(1, calls // max(1, questions_a_turn(config)))


def llm_strategies(
    seed: Seed, config: LabellingConfig, models: Models
) -> dict[StrategyName, Strategy]:
    """The strategies that ask, by name; more than one for an ensemble."""
    retriever = None
    if needs_retriever(config):
        project = seed.project
        ground = lay_ground(
            seed.taxonomy, seed.read(), project.encoder(seed.progress), seed.progress
        )
        retriever = fit_retriever(ground, config)
    return {
        name: make_strategy(name, seed.taxonomy, models, config, retriever)
        for name in strategy_names(config)
    }


def _embedded(seed: Seed, config: LabellingConfig) -> Annotator:
    encoder = seed.project.encoder(seed.progress)
    if config.strategy == "single":
        return fit_annotator(seed.taxonomy, seed.read(), encoder, config, seed.progress)
    ground = lay_ground(seed.taxonomy, seed.read(), encoder, seed.progress)
    return build(ground, config.strategy, config, weighted=config.vote == "weighted")


def _clients(project: Project, config: LabellingConfig, budget: Budget) -> tuple[Client, Client]:
    """The teacher's and the critic's; one for both where they are the same, or nobody reviews."""
    answers = project.workspace.answers
    roles = roles_of(config)
    teacher, critic = project.endpoint(roles[0]), project.endpoint(roles[-1])
    first = Client(teacher, answers, budget, roles[0])
    return first, first if critic == teacher else Client(critic, answers, budget, roles[-1])


def _is_wanted(example: Example, wanted: Wanted) -> bool:
    turns = wanted.get(example.conversation.id)
    return turns is None or example.index in turns


def measured_on(seed: Seed, config: LabellingConfig) -> tuple[str, ...]:
    """The labelled conversations that an ensemble's members are held against, before they vote."""
    if config.by == "embedded" or not weighs(config):
        return ()
    _, held = hold_apart(seed.ids, seed.project.config.split.calibration)
    return held[:MEASURED_ON]


def _reliability(
    seed: Seed, config: LabellingConfig, models: Models, background: Background
) -> Reliability:
    """How often the members of an ensemble are right on seed conversations that none is shown."""
    held = measured_on(seed, config)
    if not held:
        return {}
    kept, _ = hold_apart(seed.ids, seed.project.config.split.calibration)
    rest = Seed(seed.project, seed.taxonomy, kept, seed.progress)
    strategies = llm_strategies(rest, config, models)
    annotator = make_annotator(strategies, seed.taxonomy, background, config)
    gold: dict[tuple[str, int, str], tuple[str, ...]] = {}
    said: list[Annotation] = []
    talks = list(seed.project.workspace.conversations(held))
    for position, (_, found) in enumerate(label(map(without_gold, talks), annotator), 1):
        said.extend(found)
        seed.progress("measure the members", position, len(talks))
    for talk in talks:
        for example in examples(talk):
            gold |= {(*example.key, name): labels for name, labels in example.gold.items()}
    return measured_reliability(said, gold)
