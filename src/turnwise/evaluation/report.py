"""An evaluation -> one HTML page that opens anywhere, offline, and explains itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from turnwise.evaluation import charts, markup
from turnwise.evaluation.calibration import BINS, ENOUGH_TURNS
from turnwise.evaluation.figures import Calibration, DimensionScores, Evaluation
from turnwise.evaluation.markup import Cell, Key, Quotes, Section, Share, Table, percent
from turnwise.progress import Progress, silent

_ACCURATE = 0.9  # the accuracy that the report says how many turns can be answered with


def write_report(
    evaluation: Evaluation,
    path: Path | str,
    *,
    title: str = "Evaluation",
    facts: Mapping[str, str] | None = None,
    sections: Sequence[Section] = (),
    progress: Progress = silent,
) -> None:
    """Write a report of an evaluation.

    The page is one file without scripts; it refers to nothing outside itself. It quotes turns of
    the conversations where the evaluation holds samples (`EvaluationConfig.samples`).

    Args:
        path: the HTML file; it is replaced as a whole, or not at all.
        title: heading of the page.
        facts: what a reader must know of the run: the date, the bundle, where the data is from.
        sections: parts of the caller's own, set after those on the dimensions.

    Raises:
        EvaluationError: the plotting libraries are not installed; says how to.
    """
    names = evaluation.dimension_names
    parts = [_header(evaluation, title, facts or {}, sections), _overview(evaluation)]
    for done, name in enumerate(names):
        progress("report", done, len(names))
        parts.append(_dimension(evaluation, name, f"dimension-{done + 1}"))
    parts += [
        markup.section(section, f"part-{place}") for place, section in enumerate(sections, start=1)
    ]
    parts.append(_definitions())
    _replace(Path(path), markup.page(title, "".join(parts)))
    progress("report", len(names), len(names))


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _header(
    evaluation: Evaluation, title: str, facts: Mapping[str, str], sections: Sequence[Section]
) -> str:
    told = {
        "Turns with gold": f"{evaluation.turns:,}",
        "Conversations": f"{evaluation.conversations:,}",
        "Taxonomy": f"{evaluation.taxonomy}, version {evaluation.taxonomy_version}",
    }
    if evaluation.unscored:
        told["Not scored, without gold"] = ", ".join(evaluation.unscored)
    names = enumerate(evaluation.dimension_names, start=1)
    links = [("overview", "At a glance"), *((f"dimension-{at}", name) for at, name in names)]
    links += [(f"part-{at}", part.title) for at, part in enumerate(sections, start=1)]
    intro = (
        "How often customer turns are labelled as a person labelled them, on conversations held "
        "back for this, beside what simple methods achieve on the same turns."
    )
    opening = markup.heading(title) + markup.paragraph(intro)
    known = markup.facts([*told.items(), *facts.items()])
    return f"<header>{opening}{known}{markup.links([*links, ('words', 'Words')])}</header>"


def _overview(evaluation: Evaluation) -> str:
    parts = (
        f'<div class="scores">{"".join(_score_cards(evaluation))}</div>',
        markup.card(markup.table(_headline(evaluation))),
        markup.figure(charts.accuracy_chart(evaluation), "beside"),
    )
    return markup.named_section("At a glance", "overview", "".join(parts))


def _score_cards(evaluation: Evaluation) -> Iterator[str]:
    """The model's accuracy on each dimension, with the best baseline beside it."""
    for scores in evaluation.model.dimensions:
        rivals = {p.name: p[scores.dimension].accuracy.value for p in evaluation.baselines}
        best = max(rivals, key=rivals.__getitem__, default=None)
        beside = "" if best is None else f"{best}: {percent(rivals[best])}"
        yield markup.score_card(scores.dimension, scores.accuracy, beside)
    joint = evaluation.model.joint
    if joint is not None and len(evaluation.dimension_names) > 1:
        yield markup.score_card("joint", joint, "of turns have every dimension right")


def _headline(evaluation: Evaluation) -> Table:
    keys = _keys(evaluation)
    columns = ("Dimension", "", "Accuracy", "Model leads by", "Macro F1", "Weighted F1", "Top 3")
    rows: list[tuple[Cell, ...]] = []
    for name in evaluation.dimension_names:
        for place, predictor in enumerate(evaluation.predictors):
            first = name if place == 0 else ""
            rows.append((first, keys[place], *_headline_cells(predictor[name])))
    for place, predictor in enumerate(evaluation.predictors):
        if predictor.joint is not None and len(evaluation.dimension_names) > 1:
            first = "joint" if place == 0 else ""
            rows.append((first, keys[place], predictor.joint, *(None,) * 6))
    return Table(
        columns=(*columns, "Calibration error", "if perfect"),
        rows=tuple(rows),
        note="Small figures are 95% intervals, in percent; leads are in points. A lead whose "
        "interval stays above 0 is no accident of the conversations drawn. The calibration error "
        "is to be read beside what a perfectly calibrated model would show on as many turns.",
        groups=frozenset(range(0, len(rows), len(evaluation.predictors))),
    )


def _headline_cells(scores: DimensionScores) -> tuple[Cell, ...]:
    perfect = scores.calibration.perfect
    return (
        scores.accuracy,
        scores.lead,
        Share(scores.macro_f1.value),
        Share(scores.weighted_f1.value),
        Share(scores.top[min(3, len(scores.top)) - 1]),
        Share(scores.calibration.error),
        None if perfect is None else Share(perfect),
    )


def _keys(evaluation: Evaluation) -> tuple[Key, ...]:
    return tuple(Key(name, role) for name, role in charts.predictor_roles(evaluation).items())


def _dimension(evaluation: Evaluation, name: str, anchor: str) -> str:
    scores = evaluation.model[name]
    plots = (
        charts.coverage_chart(evaluation, name),
        charts.reliability_chart(scores.calibration),
        charts.top_chart(evaluation, name),
    )
    parts = [
        markup.paragraph(_summary(scores)),
        markup.legend(_keys(evaluation)),
        markup.figures(plots),
        markup.card(markup.table(_places(evaluation, name)), "Where it can be relied on"),
    ]
    occurrence = charts.distribution_chart(scores)
    if scores.confusions:
        confusion = charts.confusion_chart(scores.matrix, scores.labels)
        parts.append(markup.figures((confusion, occurrence), "uneven"))
        parts.append(markup.card(markup.table(_confusions(scores)), "Confusions, largest first"))
    else:
        parts.append(markup.figures((occurrence,)))
    parts.append(markup.card(markup.table(_labels(scores)), "Label by label"))
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
    for key, predictor in zip(_keys(evaluation), evaluation.predictors, strict=True):
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


def _definitions() -> str:
    told = {
        "Accuracy": "Share of turns whose surest label is one that a person gave. Where a person "
        "gave several, any of them is right.",
        "Joint": "Share of turns with every dimension right, of those with gold for all.",
        "Macro F1": "F1 of each label that occurs in gold or in predictions, averaged: rare labels "
        "count as much as frequent ones.",
        "Weighted F1": "F1 of each label, averaged by how many turns carry it.",
        "95% interval": "By bootstrap over conversations: 19 of 20 test sets drawn alike would "
        "put the figure within it.",
        "Coverage": "Share of turns that the model answers when it stays silent on those that it "
        "is least sure of.",
        "Calibration error": f"Mean distance of confidence and accuracy over {BINS} bins of equal "
        f"size. Under {ENOUGH_TURNS:,} turns chance alone makes it positive, so the error of a "
        "perfectly calibrated model, simulated with the same confidences, stands beside it.",
    }
    words = markup.named_section("Words", "words", markup.facts([*told.items()]))
    return f"<footer>{words}</footer>"
