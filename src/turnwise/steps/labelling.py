"""The unlabelled conversations of a project -> pseudo-labels, conversation by conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from turnwise.annotations import Annotation, Source
from turnwise.config import CONFIG_FILE
from turnwise.errors import ConfigError, WorkspaceError
from turnwise.labelling import EMBEDDED, fit_annotator, label
from turnwise.progress import Progress, silent
from turnwise.project import Project, key_of, without_gold
from turnwise.sampling import Split
from turnwise.steps.label_scores import LabelScore, label_scores
from turnwise.taxonomy import Taxonomy, to_dict


@dataclass(frozen=True, slots=True)
class LabelResult:
    """What labelling did.

    Attributes:
        source: the annotator.
        labelled: conversations labelled now; kept: those labelled by an earlier run.
        annotations, abstained: dimension -> turns with a label, and without.
        scores: dimension -> how right the labels are, where gold tells.
        example: one annotation, to show what a rationale looks like.
    """

    source: Source
    labelled: int
    kept: int
    annotations: dict[str, int]
    abstained: dict[str, int]
    scores: dict[str, LabelScore] = field(default_factory=dict)
    example: Annotation | None = None


def label_logs(project: Project, progress: Progress = silent) -> LabelResult:
    """Label every unlabelled conversation of a project with the embedded annotator.

    Each conversation is stored as it is labelled, under a key of its content and of everything
    that the annotator was fitted on: a second run labels only what is new or changed.

    Raises:
        WorkspaceError: nothing was imported.
        ConfigError: a strategy is asked for that is not joined to the workspace yet.
    """
    _refuse_strategy(project)
    taxonomy = project.taxonomy()
    split = project.split()
    if not split.unlabelled and not split.seed:
        raise WorkspaceError(f"{project.folder} holds no conversations: run turnwise import")
    keys = labelling_keys(project, taxonomy, split)
    done = project.workspace.done(keys.values())
    pending = [one for one in split.unlabelled if keys[one] not in done]
    if pending:
        with project.recorded("label") as record:
            _label(project, taxonomy, split.seed, {one: keys[one] for one in pending}, progress)
            record["labelled"] = len(pending)
    return _summary(project, taxonomy, split, len(pending))


def _refuse_strategy(project: Project) -> None:
    """Better an error than labels of another strategy than the settings name."""
    strategy = project.config.labelling.strategy
    if strategy != "single":
        raise ConfigError(
            f"{strategy} labels from Python so far (turnwise.labelling.views, labelling.llm), not "
            "in a workspace",
            path=project.folder / CONFIG_FILE,
            field="labelling.strategy",
            hint="Leave it at single",
        )


def _label(
    project: Project,
    taxonomy: Taxonomy,
    seed: Sequence[str],
    keys: Mapping[str, str],
    progress: Progress,
) -> None:
    """Label some conversations, storing each as it is done under its key."""
    encoder = project.encoder(progress)
    labelled = list(project.workspace.conversations(seed))
    annotator = fit_annotator(taxonomy, labelled, encoder, project.config.labelling, progress)
    logs = (without_gold(one) for one in project.workspace.conversations(sorted(keys)))
    for position, (one, said) in enumerate(label(logs, annotator), 1):
        project.workspace.put_annotations(keys[one.id], one.id, said)
        progress("label", position, len(keys))


def labelling_quality(project: Project) -> LabelResult:
    """What an earlier labelling came to, without labelling anything."""
    return _summary(project, project.taxonomy(), project.split(), 0)


def labelling_keys(project: Project, taxonomy: Taxonomy, split: Split) -> dict[str, str]:
    """Conversation id -> key of the work of labelling it."""
    hashes = project.workspace.content_hashes()
    fitted_on = key_of(
        "label",
        {**to_dict(taxonomy), "actions": None, "version": None},
        asdict(EMBEDDED),
        [hashes[one] for one in split.seed],
        project.config.encoder,
        asdict(project.config.labelling),
    )
    return {one: key_of(fitted_on, hashes[one]) for one in split.unlabelled}


def _summary(project: Project, taxonomy: Taxonomy, split: Split, labelled: int) -> LabelResult:
    counts = dict.fromkeys(taxonomy.dimension_names, 0)
    abstained = dict.fromkeys(taxonomy.dimension_names, 0)
    by_turn: dict[tuple[str, int, str], Annotation] = {}
    source = EMBEDDED
    shown: Annotation | None = None
    for one in project.workspace.annotations(split.unlabelled):
        if one.source.kind == "person" or one.dimension not in counts:
            continue
        source = one.source
        (abstained if one.label is None else counts)[one.dimension] += 1
        by_turn[(*one.key, one.dimension)] = one
        if one.label and one.evidence and (shown is None or one.confidence > shown.confidence):
            shown = one
    return LabelResult(
        source=source,
        labelled=labelled,
        kept=len(split.unlabelled) - labelled,
        annotations=counts,
        abstained=abstained,
        scores=label_scores(taxonomy, project.workspace.conversations(split.unlabelled), by_turn),
        example=shown,
    )
