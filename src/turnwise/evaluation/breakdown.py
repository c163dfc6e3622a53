"""The part of the report on one dimension: plots, confusions and every label."""

from __future__ import annotations

from turnwise.evaluation import charts, markup
from turnwise.evaluation.figures import Calibration, DimensionScores, Evaluation
from turnwise.evaluation.tables import Key, Quotes, Share, Table, percent, table

_ACCURATE = 0.9  # the accuracy that the report says how many turns can be answered with


def predictor_keys(evaluation: Evaluation) -> tuple[Key, ...]:
    """Each predictor's name behind its colour, the model's first."""
    return tuple(Key(name, role) for name, role in charts.predictor_roles(evaluation).items())


def breakdown(evaluation: Evaluation, name: str, anchor: str) -> str:
    """The section of one dimension, as markup; `anchor` is what links to it use."""
    scores = evaluation.model[name]
    plots = (
        charts.coverage_chart(evaluation, name),
        charts.reliability_chart(scores.calibration),
        charts.top_chart(evaluation, name),
    )
    parts = [
        markup.paragraph(_summary(scores)),
        markup.legend(predictor_keys(evaluation)),
        markup.figures(plots),
        markup.card(table(_places(evaluation, name)), "Where it can be relied on"),
    ]
    occurrence = charts.distribution_chart(scores)
    if scores.confusions:
        confusion = charts.confusion_chart(scores.matrix, scores.labels)
        parts.append(markup.figures((confusion, occurrence), "uneven"))
        parts.append(markup.card(table(_confusions(scores)), "Confusions, largest first"))
    else:
        parts.append(markup.figures((occurrence,)))
    parts.append(markup.card(table(_labels(scores)), "Label by label"))
    return markup.named_section(name, anchor, "".join(parts))


def _summary(scores: DimensionScores) -> str:
    reachable = scores.coverage_at(_ACCURATE)
    reach = (
        f"the surest {percent(reachable)} of turns can be answered with {_ACCURATE:.0%} accuracy"
        if reachable
        else f"no share of the turns reaches {_ACCURATE:.0%} accuracy"
    )
    used = sum(1 for label in scores.labels if label.support)
    return (
        f"{scores.turns:,} turns of {scores.conversations:,} conversations, with {used} of the "
        f"{len(scores.labels)} labels. On the surest half of them the model is right "
        f"{percent(scores.accuracy_at(0.5))} of the time; {reach}. "
        + _calibration_summary(scores.calibration)
    )


def _calibration_summary(calibration: Calibration) -> str:
    said = f"Confidence and accuracy lie {100 * calibration.error:.1f} points apart"
    if calibration.perfect is None or calibration.perfect_high is None:
        return said + "."
    verdict = (
        "more than chance explains: the model is not well calibrated here"
        if calibration.error > calibration.perfect_high
        else "no more than chance explains"
    )
    return (
        f"{said}, {verdict} (a perfectly calibrated model shows {percent(calibration.perfect)} on "
        f"average on so few turns, and under {percent(calibration.perfect_high)} 19 times of 20)."
    )


def _places(evaluation: Evaluation, name: str) -> Table:
    """Accuracy by position and by sureness, and the macro averages, for every predictor."""
    rows = []
    for key, predictor in zip(predictor_keys(evaluation), evaluation.predictors, strict=True):
        scores = predictor[name]
        at = {part.position: part.accuracy for part in scores.positions}
        half, reachable = scores.accuracy_at(0.5), scores.coverage_at(_ACCURATE)
        averages = (Share(scores.macro.precision), Share(scores.macro.recall))
        positions = (at.get("first"), at.get("later"))
        rows.append((key, *positions, Share(half), Share(reachable), *averages))
    turns = {part.position: part.turns for part in evaluation.model[name].positions}
    return Table(
        columns=(
            "",
            f"First customer turns ({turns.get('first', 0):,})",
            f"Later turns ({turns.get('later', 0):,})",
            "Surest half",
            f"Coverage at {_ACCURATE:.0%}",
            "Macro precision",
            "Macro recall",
        ),
        rows=tuple(rows),
        note="A first turn has no history to go by. Later turns often lean on what was said before "
        "and are where a model that reads the history should pay.",
    )


def _confusions(scores: DimensionScores) -> Table:
    rows = tuple(
        (
            confusion.gold,
            confusion.predicted,
            confusion.turns,
            Share(confusion.share),
            Quotes(tuple(sample.text for sample in confusion.samples)),
        )
        for confusion in scores.confusions
    )
    quoted = any(confusion.samples for confusion in scores.confusions)
    columns = ("Gold", "Predicted", "Turns", "Of the gold label", "What customers wrote")
    note = "The turns quoted are those that the model was surest of, and wrong."
    if quoted:
        return Table(columns, rows, note=note)
    return Table(columns[:-1], tuple(row[:-1] for row in rows))


def _labels(scores: DimensionScores) -> Table:
    ranked = sorted(scores.labels, key=lambda label: -label.support)
    used = [label for label in ranked if label.support or label.predicted]
    unused = len(ranked) - len(used)
    return Table(
        columns=("Label", "Gold turns", "Predicted", "Precision", "Recall", "F1"),
        rows=tuple(
            (
                label.label,
                label.support,
                label.predicted,
                Share(label.precision, bar=True) if label.predicted else None,
                Share(label.recall, bar=True) if label.support else None,
                Share(label.f1, bar=True),
            )
            for label in used
        ),
        note="Precision: of the turns predicted as the label, the share that is. Recall: of the "
        "turns that are, the share found. F1 joins the two. Figures on few turns say little."
        + (f" {unused} labels occur neither in gold nor in predictions." if unused else ""),
    )
