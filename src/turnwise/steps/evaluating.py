"""The newest bundle of a project, scored on the held-back test beside baselines: the report."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from turnwise.bundle import Bundle, conversation_hash
from turnwise.conversations import Example, context_text, examples
from turnwise.errors import EvaluationError
from turnwise.evaluation import Evaluation, Section, evaluate, majority, tfidf, write_report
from turnwise.progress import Progress, silent
from turnwise.project import Project, current_bundle
from turnwise.sampling import cap_per_label
from turnwise.steps.label_report import label_figures
from turnwise.steps.labelling import labelling_quality
from turnwise.steps.report_sections import labelling_section, logs_section
from turnwise.steps.statistics import project_statistics
from turnwise.steps.training_data import first_gold, training_data
from turnwise.taxonomy import Taxonomy, to_dict
from turnwise.unfinished import write_file


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
    """Score the current bundle on the test conversations, and write the report.

    The baselines learn from the very turns that the bundle learnt from.

    Raises:
        BundleError: nothing was trained yet.
        EvaluationError: no test conversation carries gold, or the bundle is older than the
            taxonomy or learnt from conversations that are now the test.
    """
    bundle = Bundle.load(current_bundle(project.folder))
    taxonomy = bundle.taxonomy
    tested = fair_test(project, bundle)
    with project.recorded("evaluate", bundle.id) as record:
        data = training_data(project, taxonomy, project.split())
        predictions = {
            "model": bundle.probabilities(tested, progress),
            "TF-IDF + logistic regression": tfidf(
                data.labelled, tested, taxonomy, _context_of(bundle), progress
            ),
            "majority": majority(data.labelled, tested, taxonomy),
        }
        evaluation = evaluate(tested, predictions, taxonomy, project.config.evaluation, progress)
        report = _report(project, bundle, evaluation, progress)
        result = _result(bundle.id, evaluation, report)
        record.update({name: one[0].accuracy for name, one in result.scores.items()})
    return result


def fair_test(project: Project, bundle: Bundle) -> list[Example]:
    """The test turns with gold, at most `caps.evaluation` of a label.

    Raises:
        EvaluationError: there are none, or the bundle is older than the taxonomy or learnt from
            conversations that are now the test.
    """
    tested = _test_examples(project, project.split().test, bundle.taxonomy)
    _refuse_unfair(bundle, project.taxonomy(), tested)
    return tested


def _refuse_unfair(bundle: Bundle, taxonomy: Taxonomy, tested: Sequence[Example]) -> None:
    """A score is worth something only on conversations that the bundle never saw."""
    if to_dict(bundle.taxonomy) != to_dict(taxonomy):
        raise EvaluationError(
            f"bundle {bundle.id} was trained with another taxonomy. Run 'turnwise train' first"
        )
    if not tested:
        raise EvaluationError(
            "no labelled conversation is left to test on. Label more conversations, or set "
            "split.test in turnwise.yaml"
        )
    seen = set(bundle.manifest.training.conversations)
    known = {one.key[0] for one in tested if conversation_hash(one.key[0]) in seen}
    if known:
        raise EvaluationError(
            f"bundle {bundle.id} learnt from {len(known):,} of the conversations that are now "
            "the test: data or settings changed since. Run 'turnwise label' and 'turnwise train' "
            "first"
        )


def _context_of(bundle: Bundle) -> Callable[[Example], str]:
    """The text that the bundle sees of an example, for baselines that see texts."""
    window = bundle.manifest.context
    return lambda one: context_text(one, window, lambda text: len(text.split()))


def _report(project: Project, bundle: Bundle, evaluation: Evaluation, progress: Progress) -> Path:
    report = project.folder / "reports" / f"{bundle.id}.html"
    report.parent.mkdir(exist_ok=True)
    figures = json.dumps(evaluation.to_json(), ensure_ascii=False)
    write_file(report.with_suffix(".json"), figures)
    write_report(
        evaluation,
        report,
        title=f"{bundle.taxonomy.name}: how well the labels are told",
        facts=_facts(bundle),
        sections=_sections(project),
        progress=progress,
    )
    return report


def _facts(bundle: Bundle) -> dict[str, str]:
    learnt = bundle.manifest.training.data
    gold = max(learnt.gold.values(), default=0)
    pseudo = max(learnt.pseudo.values(), default=0)
    return {
        "Bundle": f"{bundle.id} ({bundle.manifest.precision})",
        "Made": bundle.manifest.created[:16].replace("T", " ") + " UTC",
        "Trained on": f"{gold:,} turns labelled by people, {pseudo:,} pseudo-labelled",
        "Calibrated on": f"{learnt.calibration:,} turns of conversations held apart",
        "Context": f"{bundle.manifest.context.kind}, {bundle.manifest.context.max_turns} turns",
    }


def _sections(project: Project) -> list[Section]:
    sections = [logs_section(project_statistics(project))]
    figures = label_figures(project)
    if figures.strategies:
        quality = labelling_quality(project)
        scores = {} if quality is None else quality.scores
        annotator = "" if quality is None else f"{quality.source.kind} {quality.source.name}"
        sections.append(labelling_section(figures, scores, annotator))
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
