"""The plots of an evaluation: accuracy, coverage, reliability, top-k, confusions, labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from turnwise.evaluation.drawing import (
    Figure,
    Rows,
    altair,
    colour,
    colour_by,
    data,
    draw,
    number_axis,
    share_axis,
)
from turnwise.evaluation.figures import (
    Calibration,
    ConfusionMatrix,
    DimensionScores,
    Evaluation,
    LabelScores,
)

_PLOT = {"width": 268, "height": 230}
_SURE_TURNS = 20  # a share of turns smaller than this is noise, and is not drawn
_LABELS_DRAWN = 20
# Shares of a label's turns from which a cell is as deep as it gets, right and wrong.
_DEEP_RIGHT, _DEEP_WRONG = 0.8, 0.3


def predictor_roles(evaluation: Evaluation) -> dict[str, str]:
    """Give each predictor its colour role: the model, then up to three kinds of baseline."""
    roles = ("model", "first", "second", "third")
    return {
        predictor.name: roles[min(place, len(roles) - 1)]
        for place, predictor in enumerate(evaluation.predictors)
    }


def accuracy_chart(evaluation: Evaluation) -> Figure:
    """Accuracy of every predictor on every dimension, with intervals."""
    alt = altair()
    rows: list[dict[str, str | float | None]] = []
    for predictor in evaluation.predictors:
        parts = [(scores.dimension, scores.accuracy) for scores in predictor.dimensions]
        if predictor.joint is not None and len(parts) > 1:
            parts.append(("joint", predictor.joint))
        rows += [
            {
                "dimension": name,
                "predictor": predictor.name,
                "accuracy": part.value,
                "low": part.value if part.low is None else part.low,
                "high": part.value if part.high is None else part.high,
            }
            for name, part in parts
        ]
    order = [str(row["dimension"]) for row in rows if row["predictor"] == evaluation.model.name]
    names = [predictor.name for predictor in evaluation.predictors]
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("dimension:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False)),
        yOffset=alt.YOffset("predictor:N", sort=names),
        color=_predictor_colour(evaluation),
    )
    chart = alt.layer(
        base.mark_rule(size=2.5, opacity=0.45).encode(x="low:Q", x2="high:Q"),
        base.mark_point(filled=True, size=62, opacity=1).encode(
            x=alt.X("accuracy:Q", **share_axis("accuracy"))
        ),
    ).properties(width=620, height=max(1, len(order)) * (20 + 17 * len(names)))
    return Figure(
        "Accuracy, with 95% intervals",
        draw(chart, "Accuracy of each predictor on each dimension"),
        "A dot is the share of turns predicted right. The line holds 95% of what it becomes when "
        "the conversations are redrawn: how far their choice can move it. Lines that overlap do "
        "not show that two are equal: read the lead in the table, which compares them on the "
        "same turns.",
    )


def coverage_chart(evaluation: Evaluation, dimension: str) -> Figure:
    """Accuracy on the surest turns, for every predictor."""
    alt = altair()
    rows: Rows = [
        {"predictor": predictor.name, "coverage": point.coverage, "accuracy": point.accuracy}
        for predictor in evaluation.predictors
        for point in predictor[dimension].coverage
        if point.coverage * predictor[dimension].turns >= _SURE_TURNS or point.coverage == 1
    ]
    chart = (
        alt.Chart(data(rows))
        .mark_line(strokeWidth=2, strokeJoin="round")
        .encode(
            x=alt.X("coverage:Q", **share_axis("coverage: share of turns answered")),
            y=alt.Y("accuracy:Q", **share_axis("accuracy on those turns")),
            color=_predictor_colour(evaluation),
        )
        .properties(**_PLOT)
    )
    return Figure(
        "Accuracy against coverage",
        draw(chart, f"Accuracy against coverage, {dimension}"),
        "Answer only the surest share of the turns and hand the rest on: the curve is how "
        "accurate the answers are. It should fall to the right; a flat one means that "
        "confidence tells nothing.",
    )


def reliability_chart(calibration: Calibration) -> Figure:
    """Confidence against accuracy in bins of equal mass."""
    alt = altair()
    rows: Rows = [
        {"confidence": b.confidence, "accuracy": b.accuracy, "low": b.low, "high": b.high}
        for b in calibration.bins
    ]
    ideal = (
        alt.Chart(data([{"at": 0.0}, {"at": 1.0}]))
        .mark_line(strokeDash=[4, 4], strokeWidth=1.2, color=colour("muted"))
        .encode(x="at:Q", y="at:Q")
    )
    base = alt.Chart(data(rows)).encode(x=alt.X("confidence:Q", **share_axis("confidence")))
    layers = [ideal, base.mark_line(color=colour("model"), strokeWidth=1.5, opacity=0.6)]
    if any(b.low is not None for b in calibration.bins):
        expected = base.mark_rule(color=colour("third"), size=7, opacity=0.35)
        layers.insert(0, expected.encode(y="low:Q", y2="high:Q"))
    layers.append(base.mark_point(filled=True, size=42, color=colour("model"), opacity=1))
    accuracy = alt.Y("accuracy:Q", **share_axis("accuracy"))
    layers[-2:] = [layer.encode(y=accuracy) for layer in layers[-2:]]
    simulated = (
        " Grey bars hold 95% of what a perfectly calibrated model would show on so few turns: "
        "dots within them are no evidence of a fault."
        if calibration.perfect is not None
        else ""
    )
    return Figure(
        "Reliability of the model",
        draw(alt.layer(*layers).properties(**_PLOT), "Confidence against accuracy"),
        "Each dot holds about the same number of turns, from the least to the most sure. On the "
        "dashed line, of turns answered with 70% confidence, 70% are right; below it the model "
        "is surer than it should be." + simulated,
    )


def top_chart(evaluation: Evaluation, dimension: str) -> Figure:
    """Share of turns whose gold is among the k surest labels."""
    alt = altair()
    rows: Rows = [
        {"predictor": predictor.name, "k": place + 1, "share": share}
        for predictor in evaluation.predictors
        for place, share in enumerate(predictor[dimension].top)
    ]
    chart = (
        alt.Chart(data(rows))
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(filled=True, size=40, opacity=1))
        .encode(
            x=alt.X("k:O", title="labels looked at (k)", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("share:Q", **share_axis("gold among them")),
            color=_predictor_colour(evaluation),
        )
        .properties(**_PLOT)
    )
    return Figure(
        "Top-k accuracy",
        draw(chart, f"Top-k accuracy, {dimension}"),
        "How often the right label is among the k surest: what a clarifying question with k "
        "choices, or a second opinion on them, could reach at best.",
    )


def confusion_chart(matrix: ConfusionMatrix, labels: Sequence[LabelScores]) -> Figure:
    """The labels that are most often confused, gold against predicted."""
    alt = altair()
    support = {scores.label: scores.support for scores in labels}
    rows: Rows = [
        {
            "gold": gold,
            "predicted": predicted,
            "turns": turns,
            "kind": "right" if gold == predicted else "wrong",
            "depth": turns
            / max(support[gold], 1)
            / (_DEEP_RIGHT if gold == predicted else _DEEP_WRONG),
        }
        for gold, line in zip(matrix.labels, matrix.turns, strict=True)
        for predicted, turns in zip(matrix.labels, line, strict=True)
        if turns
    ]
    order = list(matrix.labels)
    base = alt.Chart(data(rows)).encode(
        x=alt.X("predicted:N", sort=order, axis=alt.Axis(orient="top", labelAngle=-40)),
        y=alt.Y("gold:N", sort=order),
    )
    cells = base.mark_rect(cornerRadius=3).encode(
        color=colour_by("kind", {"right": colour("model"), "wrong": colour("wrong")}),
        opacity=alt.Opacity(
            "depth:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[0.1, 0.65], clamp=True)
        ),
    )
    numbers = base.mark_text(fontSize=11, color=colour("ink")).encode(text="turns:Q")
    chart = alt.layer(cells, numbers).properties(width=alt.Step(36), height=alt.Step(27))
    return Figure(
        "Most confused labels",
        draw(chart, "Confusion of the most confused labels"),
        "Rows are gold, columns are predictions, numbers are turns. Blue is right; orange is a "
        "confusion, the deeper the larger its share of the row's label. Two labels that swap "
        "both ways may need sharper descriptions, or to be one label.",
    )


def distribution_chart(scores: DimensionScores) -> Figure:
    """Gold and predicted turns of each label, the most frequent first."""
    alt = altair()
    ranked = sorted(scores.labels, key=lambda label: -label.support)
    drawn = [label for label in ranked if label.support or label.predicted][:_LABELS_DRAWN]
    rows: Rows = [
        {"label": one.label, "gold": one.support, "predicted": one.predicted} for one in drawn
    ]
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("label:N", sort=[one.label for one in drawn], title=None)
    )
    turns = alt.X("gold:Q", title="turns", axis=number_axis())
    chart = alt.layer(
        base.mark_bar(color=colour("third"), opacity=0.55, height=11).encode(x=turns),
        base.mark_tick(color=colour("model"), thickness=3, height=16, opacity=1).encode(
            x="predicted:Q"
        ),
    ).properties(width=170, height=alt.Step(20))
    left_out = len(ranked) - len(drawn)
    return Figure(
        "How often each label occurs",
        draw(chart, f"Gold and predicted turns of each label, {scores.dimension}"),
        "Grey bars are gold, blue marks what the model predicts. A mark far beyond its bar is a "
        "label that the model gives too freely; one near zero, a label that it has not learnt."
        + (f" {left_out} rarer labels stand in the table below alone." if left_out else ""),
    )


def _predictor_colour(evaluation: Evaluation) -> Any:
    roles = predictor_roles(evaluation)
    return colour_by("predictor", {name: colour(role) for name, role in roles.items()})
