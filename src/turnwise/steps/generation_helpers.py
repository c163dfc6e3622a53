"""What conversations are generated from, who writes them, and who reads their labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from turnwise.bundle import Bundle
from turnwise.conversations import Example, examples
from turnwise.endpoints import TEACHER
from turnwise.errors import BundleError, ConfigError, GenerationError
from turnwise.generated import LabelledConversation, Probabilities, Reader
from turnwise.generation.ambiguity.sets import ReaderSets
from turnwise.generation.chains.settling import settled
from turnwise.generation.config import GenerationConfig
from turnwise.generation.material import Helpers, Material
from turnwise.llm import Background, Budget, Client, Endpoint, Spend
from turnwise.progress import Progress
from turnwise.project import Project, current_bundle
from turnwise.steps.discovery_helpers import JUDGE, is_another
from turnwise.steps.labelled_turns import intent_dimension, labelled_logs
from turnwise.steps.training_data import training_data
from turnwise.taxonomy import Taxonomy
from turnwise.training.data import tenths

AMBIGUOUS = ("ambiguous", "clarify")  # methods that must know which labels a query may mean


@dataclass(frozen=True)
class Opened:
    """Helpers, and what asking them costs; no clients where nobody is paid."""

    helpers: Helpers
    clients: tuple[Client, ...] = ()

    @property
    def spend(self) -> Spend:
        total = Spend()
        for one in self.clients:
            total = total + one.spend
        return total


def read_material(project: Project) -> Material:
    """The labelled turns of a project that may be learnt from twice.

    Left out are the test, what calibrates, and what would stop a training: they tell how good a
    classifier is on what it has not seen. What the test's customers said is used nowhere.

    Raises:
        GenerationError: no conversation is labelled.
        WorkspaceError, TaxonomyError, TrainingError: as training has it.
    """
    taxonomy, split = project.taxonomy(), project.split()
    stops = set[str]()
    if split.seed:
        stopping = tenths(training_data(project, taxonomy, split).labelled)
        stops = stopping[0] if len(stopping) > 1 else stops
    logs = [one for one in _labelled(project, taxonomy) if one.conversation.id not in stops]
    if not logs:
        raise GenerationError(
            f"{project.folder} holds no labelled conversation to learn from. Import some with "
            "gold, or run 'turnwise label' first"
        )
    avoid = {
        one.text
        for conversation in project.workspace.conversations(split.test)
        for one in examples(conversation)
    }
    return Material(taxonomy, intent_dimension(taxonomy), logs, frozenset(avoid))


def _labelled(project: Project, taxonomy: Taxonomy) -> list[LabelledConversation]:
    """The labelled conversations of a project.

    Where people labelled no two turns of one conversation, nothing shows which label follows which:
    what a bundle reads from each turn of the logs alone is settled by the turns around it.
    """
    found = labelled_logs(project)
    people, logs = found.conversations[: found.by_people], found.conversations[found.by_people :]
    bundle = _bundle(project, taxonomy)
    if bundle is None or any(len(one.labels) > 1 for one in people):
        return found.conversations
    return [*people, *settled([one.conversation for one in logs], taxonomy, Alone(bundle))]


@dataclass(frozen=True)
class Alone:
    """Reads each turn as if nothing had been said before it; implements `Reader`."""

    reader: Reader

    def probabilities(self, examples: Sequence[Example]) -> Mapping[str, Probabilities]:
        bare = [Example(replace(one.conversation, turns=(one.turn,)), 0) for one in examples]
        return self.reader.probabilities(bare)


def asked_endpoints(project: Project, config: GenerationConfig) -> list[Endpoint]:
    """Who writes, and who judges it where that is another model; none where nobody is asked.

    Raises:
        ConfigError: the first is not configured.
    """
    if not config.asks:
        return []
    teacher, judge = project.endpoint(TEACHER), project.endpoint(JUDGE)
    return [teacher, judge] if is_another(judge, [teacher]) else [teacher]


@contextmanager
def open_helpers(
    project: Project,
    material: Material,
    config: GenerationConfig,
    budget: Budget,
    progress: Progress,
) -> Iterator[Opened]:
    """Give those who read and write; connections are closed at the end.

    Labels are read by the current bundle where it knows the taxonomy as it is.

    Raises:
        ConfigError: no endpoint is configured, or a bundle is missing that the method needs.
        EndpointError: its key is not there.
    """
    helpers = reading_helpers(project, material, config, progress)
    endpoints = asked_endpoints(project, config)
    clients = [Client(one, project.workspace.answers, budget) for one in endpoints]
    if not clients:
        yield Opened(helpers)
        return
    with Background() as background:
        for client in clients:
            background.finally_(client.close)
        judge = clients[1] if len(clients) > 1 else None
        asked = replace(helpers, asker=clients[0], background=background, judge=judge)
        yield Opened(asked, tuple(clients))


def reading_helpers(
    project: Project, material: Material, config: GenerationConfig, progress: Progress
) -> Helpers:
    """Those who read alone.

    Raises:
        ConfigError: a bundle is missing that the method needs.
    """
    bundle = _bundle(project, material.taxonomy)
    if config.method in AMBIGUOUS and bundle is None:
        raise ConfigError(
            "which labels a query may mean is read by a trained bundle, and none is here that "
            "knows the taxonomy as it is",
            field="generation.method",
            hint="Run 'turnwise train' first",
        )
    sets = ReaderSets.of_bundle(bundle) if bundle and config.method in AMBIGUOUS else None
    return Helpers(project.encoder(progress), bundle, sets)


def _bundle(project: Project, taxonomy: Taxonomy) -> Bundle | None:
    """The current bundle, if it reads the labels of the taxonomy as it is."""
    try:
        bundle = Bundle.load(current_bundle(project.folder))
    except BundleError:
        return None
    names = {one.name: one.names for one in taxonomy.dimensions}
    return bundle if {one.name: one.names for one in bundle.taxonomy.dimensions} == names else None
