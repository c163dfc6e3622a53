"""What conversations are generated from, who writes them, and who reads their labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from heapq import nsmallest

from turnwise.bundle import Bundle
from turnwise.conversations import examples
from turnwise.endpoints import TEACHER
from turnwise.errors import BundleError, ConfigError, GenerationError, TrainingError
from turnwise.generated import LabelledConversation, Labels, Reader
from turnwise.generation.ambiguity.sets import ReaderSets
from turnwise.generation.chains.settling import settled
from turnwise.generation.config import GenerationConfig
from turnwise.generation.material import Helpers, Material
from turnwise.llm import Background, Budget, Client, Endpoint, Spend
from turnwise.progress import Progress, silent
from turnwise.project import Project, current_bundle
from turnwise.sampling import stable_hash
from turnwise.steps.discovery_helpers import JUDGE, is_another
from turnwise.steps.exchange_reading import ExchangeReader
from turnwise.steps.labelled_turns import intent_dimension, labelled_logs
from turnwise.steps.reviewing import reviewed
from turnwise.steps.training_data import Key, TrainingData, is_of, training_data
from turnwise.taxonomy import Taxonomy
from turnwise.training.data import tenths

AMBIGUOUS = ("ambiguous", "clarify")  # methods that must know which labels a query may mean
MOST_READ = 20_000  # conversations of the logs whose labels are settled, which takes minutes


@dataclass(frozen=True)
class Opened:
    """Helpers, and what asking them costs; no clients where nobody is paid."""

    helpers: Helpers
    clients: tuple[Client, ...] = ()

    @property
    def spend(self) -> Spend:
        return sum((one.spend for one in self.clients), Spend())


def read_material(project: Project, progress: Progress = silent) -> Material:
    """The labelled turns of a project that may be learnt from twice.

    Left out are the test, what calibrates, and what would stop a training: they tell how good a
    classifier is on what it has not seen. What the test's customers said is used nowhere.

    Raises:
        GenerationError: no conversation is labelled.
        WorkspaceError, TaxonomyError, TrainingError: as training has it.
    """
    taxonomy, split = project.taxonomy(), project.split()
    data = training_data(project, taxonomy, split) if split.seed else TrainingData((), (), 0)
    logs = _labelled(project, taxonomy, data, progress)
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


def _labelled(
    project: Project, taxonomy: Taxonomy, data: TrainingData, progress: Progress
) -> list[LabelledConversation]:
    """The labelled conversations of a project, but for those that stop a training.

    Where people labelled no two turns of one conversation, nothing shows which label follows which:
    what their turns teach is read from all others and settled by the turns around each.
    """
    stopping = tenths(data.labelled)
    stops = stopping[0] if len(stopping) > 1 else set[str]()
    found = labelled_logs(project)
    people = found.conversations[: found.by_people]
    logs = [one for one in found.conversations if one.conversation.id not in stops]
    if any(len(one.labels) > 1 for one in people):
        return logs
    gold = [one for one in data.labelled if one.is_gold and one.example.key[0] not in stops]
    encoder = project.encoder(progress)
    reader = ExchangeReader(gold, data.calibration, taxonomy, encoder, progress)
    try:
        return _settled(logs, _by_people(project, taxonomy, people), taxonomy, reader)
    except TrainingError:  # people labelled too little to learn from
        return logs


def _settled(
    logs: Sequence[LabelledConversation],
    by_people: Mapping[Key, Labels],
    taxonomy: Taxonomy,
    reader: Reader,
) -> list[LabelledConversation]:
    """Label every turn that no person labelled.

    Of more conversations than are read, those of lowest hash; the others are left out.
    """

    def is_open(one: LabelledConversation) -> bool:
        return any(turn.key not in by_people for turn in examples(one.conversation))

    asked = [one.conversation for one in logs if is_open(one)]
    asked = nsmallest(MOST_READ, asked, key=lambda one: stable_hash(one.id))
    found = [one for one in logs if not is_open(one)]
    for one in settled(asked, taxonomy, reader):
        id = one.conversation.id
        labels = {at: {**read, **by_people.get((id, at), {})} for at, read in one.labels.items()}
        found.append(replace(one, labels=labels))
    return found


def _by_people(
    project: Project, taxonomy: Taxonomy, seed: Sequence[LabelledConversation]
) -> Mapping[Key, Labels]:
    """Turn -> the labels that people gave it, in the seed or in a review."""
    found = {
        key: {name: label for name, label in said.items() if is_of(taxonomy, name, label)}
        for key, said in reviewed(project.workspace, project.split().unlabelled).items()
    }
    for one in seed:
        found |= {(one.conversation.id, at): dict(labels) for at, labels in one.labels.items()}
    return found


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
