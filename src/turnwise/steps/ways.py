"""Ways of labelling a project's logs: what tells one from another, and which one is in use.

The logs may carry labels of several ways at once, for comparison; training takes those of the one
that ran last. What was labelled is found again under keys of everything that went into it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import cast

from turnwise.annotations import Source
from turnwise.labelling import EMBEDDED, LabellingConfig
from turnwise.labelling.annotator import By, StrategyName
from turnwise.labelling.llm import needs_retriever, strategy_names
from turnwise.labelling.llm.tasks import VERSIONS
from turnwise.labelling.views.answering import VERSION
from turnwise.project import Project, key_of
from turnwise.sampling import Split
from turnwise.taxonomy import Taxonomy

OF_LARA = ("candidates", "demonstrations", "variant")
FIELDS: Mapping[StrategyName, tuple[str, ...]] = {  # the settings that a strategy looks at
    "lara": OF_LARA,
    "clara": (*OF_LARA, "orders", "agreement"),
    "ensemble": ("members", "vote"),
}


@dataclass(frozen=True)
class Way:
    """One way of labelling the logs as they are now.

    Attributes:
        config: the strategy with its settings; models: the language models that it asks.
        key: of all that went into it beside the conversation that is labelled.
        contents: conversation id -> hash of its content.
    """

    config: LabellingConfig
    models: tuple[str, ...]
    key: str
    contents: Mapping[str, str]

    def whole(self, id: str) -> str:
        """The key of having labelled all customer turns of a conversation."""
        return key_of(self.key, self.contents[id])

    def part(self, id: str, turns: Collection[int]) -> str:
        """The key of having labelled some of them."""
        return key_of(self.key, self.contents[id], sorted(turns))


@dataclass(frozen=True, slots=True)
class InUse:
    """The labels that training takes.

    Attributes:
        source: whose they are. strategy, by, models: how they were made.
    """

    source: Source
    strategy: StrategyName
    by: By
    models: tuple[str, ...]

    def way(self, project: Project, taxonomy: Taxonomy, split: Split) -> Way:
        """How they would be made now; labels under other keys are out of date."""
        config = replace(project.config.labelling, strategy=self.strategy, by=self.by)
        return way_of(project, taxonomy, split, config, self.models)

    def facts(self) -> dict[str, str]:
        """As a run keeps it; `labels_in_use` reads it."""
        return {
            **{f"source_{name}": value for name, value in asdict(self.source).items()},
            "strategy": self.strategy,
            "by": self.by,
            "models": "\n".join(self.models),
        }


def pending(project: Project, way: Way, split: Split) -> list[str]:
    """The logs that are not labelled whole."""
    keys = {one: way.whole(one) for one in split.unlabelled}
    done = project.workspace.done(keys.values())
    return [one for one in split.unlabelled if keys[one] not in done]


def labels_in_use(project: Project) -> InUse | None:
    """The labels of the way that ran last, to its end or not; None where nothing was labelled."""
    labelled = {(one.kind, one.name) for one in project.workspace.counts().annotations}
    for used, _ in _ways_that_ran(project):
        if (used.source.kind, used.source.name) in labelled:
            return used
    return None


def same_way(project: Project, way: Way) -> InUse | None:
    """A way as it ran before; None where it never did."""
    return next((used for used, key in _ways_that_ran(project) if key == way.key), None)


def _ways_that_ran(project: Project) -> Iterator[tuple[InUse, str]]:
    """Each with its key, the last one first."""
    for run in reversed(project.workspace.runs()):
        found = run.config.get("label") if run.command == "label" else None
        if found:
            source = Source(found["source_kind"], found["source_name"], found["source_version"])
            models = tuple(filter(None, found["models"].split("\n")))
            strategy, by = cast(StrategyName, found["strategy"]), cast(By, found["by"])
            yield InUse(source, strategy, by, models), run.key


def models_of(project: Project, config: LabellingConfig) -> tuple[str, ...]:
    """The models that a way asks: the teacher's, and the critic's where there is a review.

    Raises:
        ConfigError: no endpoint is configured.
    """
    return tuple(project.endpoint(role).model for role in roles_of(config))


def roles_of(config: LabellingConfig) -> tuple[str, ...]:
    """The endpoints that a way asks, by name."""
    if config.by == "embedded":
        return ()
    return ("teacher", "critic") if "two-stage" in strategy_names(config) else ("teacher",)


def way_of(
    project: Project,
    taxonomy: Taxonomy,
    split: Split,
    config: LabellingConfig,
    models: tuple[str, ...],
) -> Way:
    """A way of labelling, with the key of everything that it rests on."""
    contents = project.workspace.content_hashes()
    names = {config.strategy, *strategy_names(config)}
    fields = sorted({field for name in names for field in FIELDS.get(name, ())})
    settings = {name: getattr(config, name) for name in ("strategy", "by", "abstain_below")}
    key = key_of(
        "label",
        project.workspace.work_basis(taxonomy),
        settings | {name: getattr(config, name) for name in fields},
        _versions(config),
        models,
        [project.config.encoder, *(contents[one] for one in split.seed)]
        if reads_seed(config)
        else None,
        project.config.split.calibration if weighs(config) else None,
    )
    return Way(config, models, key, contents)


def reads_seed(config: LabellingConfig) -> bool:
    """Whether labels depend on the labelled seed, which a prompt without examples does not show."""
    return config.by == "embedded" or needs_retriever(config) or weighs(config)


def weighs(config: LabellingConfig) -> bool:
    """Whether an ensemble's members are held against gold before they vote."""
    return config.strategy == "ensemble" and config.vote == "weighted"


def _versions(config: LabellingConfig) -> object:
    return sorted(VERSIONS.items()) if config.by == "llm" else (asdict(EMBEDDED), VERSION)
