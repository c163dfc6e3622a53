"""The newest bundle of a project, scored on the held-back test beside baselines: the report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from turnwise.bundle import Bundle
from turnwise.conversations import ContextWindow, Example, context_text, examples
from turnwise.errors import EvaluationError
from turnwise.evaluation import Evaluation, Section, evaluate, majority, tfidf, write_report
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.sampling import cap_per_label
from turnwise.steps.labelling import labelling_quality
from turnwise.steps.predicting import newest_bundle
from turnwise.steps.report_sections import labelling_section, logs_section
from turnwise.steps.statistics import project_statistics
from turnwise.steps.training import TrainingData, first_gold, training_data
from turnwise.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Score:
    """One model on one dimension; `ece` is its expected calibration error."""

    accuracy: float
    macro_f1: float
    ece: float


@dataclass(frozen=True, slots=True)
class EvaluateResult:
    """How the bundle did.

    Attributes:
        bundle: its id; turns, conversations: of the test.
        models: the bundle and the baselines, in the order of each dimension's scores.
        scores: dimension -> one score a model.
        report, figures: the HTML page, and the same as JSON.
    """

    bundle: str
    turns: int
    conversations: int
    models: tuple[str, ...]
    scores: Mapping[str, tuple[Score, ...]]
    report: Path
    figures: Path


def evaluate_bundle(project: Project, progress: Progress = silent) -> EvaluateResult:
    """Score the newest bundle on the test conversations, and write the report.

    The baselines learn from the very turns that the bundle learnt from.

    Raises:
        BundleError: nothing was trained yet.
        EvaluationError: no test conversation carries gold.
    """
    bundle = Bundle.load(newest_bundle(project.folder))
    split = project.split()
    taxonomy = bundle.taxonomy
    tested = _test_examples(project, split.test, taxonomy)
    if not tested:
        raise EvaluationError(
            "no labelled conversation is left to test on. Label more conversations, or set "
            "split.test in turnwise.yaml"
        )
    data = training_data(project, taxonomy, split)
    window = bundle.manifest.context
    predictions = {
        "model": bundle.probabilities(tested, progress),
        "TF-IDF + logistic regression": tfidf(
            data.labelled, tested, taxonomy, lambda one: _context(one, window), progress
        ),
        "majority": majority(data.labelled, tested, taxonomy),
    }
    evaluation = evaluate(tested, predictions, taxonomy, project.config.evaluation, progress)
    report = project.folder / "reports" / f"{bundle.id}.html"
    report.parent.mkdir(exist_ok=True)
    report.with_suffix(".json").write_text(
        json.dumps(evaluation.to_json(), ensure_ascii=False), encoding="utf-8"
    )
    write_report(
        evaluation,
        report,
        title=f"{taxonomy.name}: how well the labels are told",
        facts=_facts(bundle, data),
        sections=_sections(project),
        progress=progress,
    )
    return _result(bundle.id, evaluation, report)


def _facts(bundle: Bundle, data: TrainingData) -> dict[str, str]:
    return {
        "Bundle": f"{bundle.id} ({bundle.manifest.precision})",
        "Made": bundle.manifest.created[:16].replace("T", " ") + " UTC",
        "Trained on": f"{data.gold_turns:,} turns labelled by people, "
        f"{len(data.labelled) - data.gold_turns:,} pseudo-labelled",
        "Calibrated on": f"{len(data.calibration):,} turns of conversations held apart",
        "Context": f"{bundle.manifest.context.kind}, {bundle.manifest.context.max_turns} turns",
    }


def _sections(project: Project) -> list[Section]:
    sections = [logs_section(project_statistics(project))]
    quality = labelling_quality(project)
    if quality.scores:
        sections.append(labelling_section(quality.scores, quality.source.kind))
    return sections


def _test_examples(project: Project, ids: Sequence[str], taxonomy: Taxonomy) -> list[Example]:
    every = (
        one
        for conversation in project.workspace.conversations(ids)
        for one in examples(conversation)
        if one.gold
    )
    cap = project.config.caps.evaluation
    return [one for one, _ in cap_per_label(every, lambda one: first_gold(one, taxonomy), cap)]


def _context(example: Example, window: ContextWindow) -> str:
    return context_text(example, window, lambda text: len(text.split()))


def _result(bundle: str, evaluation: Evaluation, report: Path) -> EvaluateResult:
    return EvaluateResult(
        bundle=bundle,
        turns=evaluation.turns,
        conversations=evaluation.conversations,
        models=tuple(one.name for one in evaluation.predictors),
        scores={
            name: tuple(
                Score(
                    one[name].accuracy.value,
                    one[name].macro_f1.value,
                    one[name].calibration.error,
                )
                for one in evaluation.predictors
            )
            for name in evaluation.dimension_names
        },
        report=report,
        figures=report.with_suffix(".json"),
    )
