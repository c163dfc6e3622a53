"""Who judges and names the clusters of a discovery, and what tells that a turn is known already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from turnwise.bundle import Bundle
from turnwise.bundle.refusal import COMBINED
from turnwise.clusters import Judge
from turnwise.conversations import Example
from turnwise.discovery import DiscoveryConfig, Helpers
from turnwise.discovery.additions import (
    Classifier,
    KnownByLabels,
    KnownByModel,
    Readings,
    check_labels,
)
from turnwise.discovery.discover import embedded_helpers
from turnwise.discovery.judging import CrowdJudge, LlmJudge
from turnwise.discovery.naming.llm import LlmNamer
from turnwise.discovery.proposal import check_dimension
from turnwise.discovery.pruning_llm import LlmPruner
from turnwise.discovery.utterances import Known
from turnwise.encoders import Encoder
from turnwise.endpoints import TEACHER
from turnwise.errors import ConfigError
from turnwise.llm import Background, Budget, Client, Endpoint, Spend
from turnwise.project import Project
from turnwise.taxonomy import Dimension, Taxonomy, load_taxonomy

JUDGE = "judge"  # the endpoint that judges the result, where it is another model than the teacher
UNSURE = 0.5  # calibrated confidence under which a bundle's label is likelier wrong than right


@dataclass(frozen=True)
class Baseline:
    """What new intents are looked for beside.

    Attributes:
        taxonomy: that is added to; dimension: of it, whose labels count.
        bundle: tells which turns it explains; None where the labels' own texts do.
    """

    taxonomy: Taxonomy
    dimension: Dimension
    bundle: Bundle | None

    def known(self, encoder: Encoder) -> Known:
        """What tells the turns that are explained."""
        if self.bundle is None:
            check_labels(self.dimension)
            return KnownByLabels(self.dimension, encoder)
        refuser = self.bundle.refuser
        limit = np.inf if refuser is None else refuser.threshold
        return KnownByModel(_classifier(self.bundle, self.dimension.name), UNSURE, limit)


def read_baseline(against: Path | None, bundle: Path | None, dimension: str) -> Baseline | None:
    """What the options say to compare with; None where they say nothing.

    Raises:
        TaxonomyError: the file is faulty, or lacks the dimension. BundleError: the bundle is.
        ConfigError: the bundle was not trained on the dimension.
    """
    if against is None and bundle is None:
        return None
    loaded = None if bundle is None else Bundle.load(bundle)
    taxonomy = load_taxonomy(against) if against is not None else None
    if taxonomy is None:
        assert loaded is not None
        taxonomy = loaded.taxonomy
    check_dimension(taxonomy, dimension)
    if loaded is not None and dimension not in loaded.taxonomy:
        known = ", ".join(loaded.taxonomy.dimension_names)
        raise ConfigError(
            f"bundle {loaded.id} tells nothing of {dimension}",
            field="bundle",
            hint=f"It knows {known}: name one of them with --dimension, or another bundle",
        )
    return Baseline(taxonomy, taxonomy[dimension], loaded)


def _classifier(bundle: Bundle, dimension: str) -> Classifier:
    def read(examples: Sequence[Example]) -> Readings:
        said = bundle.outputs(examples)
        confidence = said.probabilities[dimension].max(axis=1).astype(np.float64)
        if bundle.refuser is None:
            return Readings(confidence)
        strange = bundle.refuser.scores(bundle.refusable(said), said.vectors)[COMBINED]
        return Readings(confidence, strange)

    return read


@dataclass(frozen=True)
class Asked:
    """Helpers, and what asking them costs; no clients where nobody is paid."""

    helpers: Helpers
    clients: tuple[Client, ...] = ()

    @property
    def spend(self) -> Spend:
        return sum((one.spend for one in self.clients), Spend())


def asked_endpoints(project: Project, config: DiscoveryConfig) -> list[Endpoint]:
    """The endpoints that a discovery asks, each once; none where it is embedded.

    Raises:
        ConfigError: one is not configured.
    """
    if config.by == "embedded":
        return []
    names = (TEACHER, *config.crowd, JUDGE)
    return list(dict.fromkeys(project.endpoint(name) for name in names))


def is_another(endpoint: Endpoint, others: Sequence[Endpoint]) -> bool:
    """Whether a model is none of others, however they are asked."""
    return all((one.base_url, one.model) != (endpoint.base_url, endpoint.model) for one in others)


@contextmanager
def open_helpers(
    project: Project,
    config: DiscoveryConfig,
    encoder: Encoder,
    baseline: Baseline | None,
    budget: Budget,
) -> Iterator[Asked]:
    """Give those who judge and name; connections are closed at the end.

    The judge of the result is never the one inside the loop: the endpoint `judge` where that is
    another model than those in the loop, and else the embedded one.

    Raises:
        ConfigError: no endpoint is configured. EndpointError: its key is not there.
    """
    helpers = embedded_helpers(encoder)
    if baseline is not None:
        helpers = replace(helpers, known=baseline.known(encoder))
    if config.by == "embedded":
        yield Asked(helpers)
        return
    answers = project.workspace.answers
    clients = {one: Client(one, answers, budget) for one in asked_endpoints(project, config)}
    with Background() as background:
        for client in clients.values():
            background.finally_(client.close)

        def judge(name: str) -> LlmJudge:
            return LlmJudge.of(clients[project.endpoint(name)], background, config)

        looping = [project.endpoint(name) for name in config.crowd or (TEACHER,)]
        loop: Judge = (
            CrowdJudge(tuple(map(judge, config.crowd))) if config.crowd else judge(TEACHER)
        )
        last = judge(JUDGE) if is_another(project.endpoint(JUDGE), looping) else helpers.final_judge
        namer = LlmNamer(clients[project.endpoint(TEACHER)], background, helpers.namer)
        prune = LlmPruner(clients[project.endpoint(TEACHER)], background)
        asked = replace(helpers, judge=loop, final_judge=last, namer=namer, prune=prune)
        yield Asked(asked, tuple(clients.values()))
