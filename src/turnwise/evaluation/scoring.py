"""Predictions and gold -> figures: the one function of this stage.

    examples with gold + {name: probabilities} --evaluate--> Evaluation --write_report--> HTML

Nothing here draws or learns: baselines come in as probabilities, like the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from turnwise.conversations import Example
from turnwise.errors import ConfigError, EvaluationError
from turnwise.evaluation import metrics
from turnwise.evaluation.baselines import Probabilities
from turnwise.evaluation.calibration import calibration
from turnwise.evaluation.confusions import confusion_matrix, confusions
from turnwise.evaluation.figures import (
    Averages,
    DimensionScores,
    Estimate,
    Evaluation,
    LabelScores,
    Position,
    PositionScores,
    PredictorScores,
)
from turnwise.evaluation.gold import (
    Answers,
    Gold,
    gather_answers,
    gather_gold,
    number_conversations,
)
from turnwise.evaluation.intervals import RESAMPLES, bootstrap, mean_estimate
from turnwise.evaluation.metrics import Bool, Float
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Dimension, Taxonomy


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    """How to evaluate.

    Attributes:
        resamples: of the bootstrap, 100 or more; fewer say nothing of the tails.
        samples: turns kept for each of the model's confusions, to be read in the report; 0
            keeps no text of any conversation.
        seed: of the bootstrap and of the simulated models.
    """

    resamples: int = RESAMPLES
    samples: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        if self.resamples < 100:
            raise ConfigError("must be 100 or more", field="evaluation.resamples")
        for name in ("samples", "seed"):
            if getattr(self, name) < 0:
                raise ConfigError("must be 0 or more", field=f"evaluation.{name}")


def evaluate(
    examples: Sequence[Example],
    predictions: Mapping[str, Probabilities],
    taxonomy: Taxonomy,
    config: EvaluationConfig | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Score predictions against gold.

    A dimension is scored on the turns that carry gold for it; gold for dimensions that the
    taxonomy does not have is passed over. A turn with several gold labels is right where the
    prediction is any of them, and counts for that label; where it is wrong, it counts for the
    first. Macro averages go over the labels that occur in gold or in predictions (`macro`), or
    over those of gold alone (`macro_gold`). Intervals are of 95%, by conversation.

    Args:
        examples: customer turns; those without gold are passed over.
        predictions: by name, the model first, then baselines: for each dimension
            Float32[n_examples, n_labels], rows that sum to 1, labels in taxonomy order.

    Raises:
        EvaluationError: no gold at all, a gold label outside the taxonomy, or probabilities
            that are missing, of the wrong shape, or none.
    """
    config = config or EvaluationConfig()
    conversation = number_conversations(examples)
    golds = [gather_gold(examples, conversation, dimension) for dimension in taxonomy.dimensions]
    scored = [gold for gold in golds if len(gold.rows)]
    if not scored:
        raise EvaluationError(
            f"none of the {len(examples)} turns carries a gold label for "
            f"{', '.join(taxonomy.dimension_names)}; label some conversations by hand, or import "
            "a file that has gold"
        )
    if not predictions:
        raise EvaluationError("there are no predictions to score; hand in the model's at least")
    answers = {
        name: [gather_answers(gold, name, probabilities) for gold in scored]
        for name, probabilities in predictions.items()
    }
    rows = np.unique(np.concatenate([gold.rows for gold in scored]))
    return Evaluation(
        taxonomy=taxonomy.name,
        taxonomy_version=taxonomy.version,
        turns=len(rows),
        conversations=len(np.unique(conversation[rows])),
        predictors=_predictors(scored, answers, examples, config, progress),
        unscored=tuple(gold.dimension.name for gold in golds if not len(gold.rows)),
    )


def _predictors(
    golds: Sequence[Gold],
    answers: Mapping[str, Sequence[Answers]],
    examples: Sequence[Example],
    config: EvaluationConfig,
    progress: Progress,
) -> tuple[PredictorScores, ...]:
    model = next(iter(answers.values()))
    found = []
    for done, (name, said) in enumerate(answers.items()):
        progress("scoring", done, len(answers))
        rivals = [None] * len(golds) if said is model else model
        dimensions = tuple(
            _score(gold, answer, rival, examples, config)
            for gold, answer, rival in zip(golds, said, rivals, strict=True)
        )
        found.append(PredictorScores(name, dimensions, *_joint(golds, said, config)))
    progress("scoring", len(answers), len(answers))
    return tuple(found)


def _score(
    gold: Gold,
    answers: Answers,
    model: Answers | None,
    examples: Sequence[Example],
    config: EvaluationConfig,
) -> DimensionScores:
    """Every figure of one predictor on one dimension; `model` is None for the model itself."""
    n_labels = len(gold.dimension.names)
    tallies = metrics.tally(answers.truth, answers.predicted, n_labels)
    scores = metrics.precision_recall_f1(tallies)
    samples = config.samples if model is None else 0
    accuracy, macro_f1, weighted_f1 = _headline(gold, answers, config)
    counts = metrics.confusion_counts(answers.truth, answers.predicted, n_labels)
    return DimensionScores(
        dimension=gold.dimension.name,
        turns=len(gold.rows),
        conversations=len(np.unique(gold.conversation)),
        accuracy=accuracy,
        macro_f1=macro_f1,
        weighted_f1=weighted_f1,
        lead=None if model is None else _lead(gold, answers, model, config),
        macro=_averages(metrics.macro(scores, tallies)),
        macro_gold=_averages(metrics.macro(scores, tallies, gold_only=True)),
        weighted=_averages(metrics.weighted(scores, tallies)),
        top=metrics.top_k(gold.gold, answers.ranked),
        positions=_positions(gold, answers, config),
        coverage=metrics.coverage_curve(answers.confidence, answers.right),
        calibration=calibration(answers.confidence, answers.right, config.seed),
        labels=_label_scores(gold.dimension, tallies, scores),
        confusions=confusions(gold, answers, counts, examples, samples),
        matrix=confusion_matrix(gold.dimension, counts),
    )


def _averages(means: Float) -> Averages:
    return Averages(*means.tolist())


def _headline(gold: Gold, answers: Answers, config: EvaluationConfig) -> tuple[Estimate, ...]:
    """Accuracy, macro F1 and weighted F1 with their intervals."""
    _, group = np.unique(gold.conversation, return_inverse=True)
    n_labels = len(gold.dimension.names)
    sums = metrics.tally_by_group(answers.truth, answers.predicted, n_labels, group)

    def figures(tallies: Float) -> Float:
        scores = metrics.precision_recall_f1(tallies)
        averages = metrics.weighted(scores, tallies)
        return np.stack(
            (averages[:, 1], metrics.macro(scores, tallies)[:, 2], averages[:, 2]), axis=1
        )

    return bootstrap(sums, figures, config.resamples, config.seed)


def _lead(gold: Gold, answers: Answers, model: Answers, config: EvaluationConfig) -> Estimate:
    difference = model.right.astype(np.float64) - answers.right
    return mean_estimate(difference, gold.conversation, config.resamples, config.seed)


def _positions(
    gold: Gold, answers: Answers, config: EvaluationConfig
) -> tuple[PositionScores, ...]:
    found = []
    halves: tuple[tuple[Position, Bool], ...] = (("first", ~gold.later), ("later", gold.later))
    for position, chosen in halves:
        if chosen.any():
            right, conversation = answers.right[chosen], gold.conversation[chosen]
            estimate = mean_estimate(right, conversation, config.resamples, config.seed)
            found.append(PositionScores(position, int(chosen.sum()), estimate))
    return tuple(found)


def _joint(
    golds: Sequence[Gold], answers: Sequence[Answers], config: EvaluationConfig
) -> tuple[Estimate | None, int]:
    """Share of turns with every dimension right, and how many turns have gold for every one."""
    n_examples = 1 + max(int(gold.rows.max()) for gold in golds)
    scored, hits, conversation = np.zeros((3, n_examples), np.int64)
    for gold, answer in zip(golds, answers, strict=True):
        scored[gold.rows] += 1
        hits[gold.rows] += answer.right
        conversation[gold.rows] = gold.conversation
    full = scored == len(golds)
    if not full.any():
        return None, 0
    right = hits[full] == len(golds)
    estimate = mean_estimate(right, conversation[full], config.resamples, config.seed)
    return estimate, int(full.sum())


def _label_scores(dimension: Dimension, tallies: Float, scores: Float) -> tuple[LabelScores, ...]:
    return tuple(
        LabelScores(
            name, int(tallies[2, place]), int(tallies[1, place]), *scores[:, place].tolist()
        )
        for place, name in enumerate(dimension.names)
    )
