"""An evaluation -> one HTML page that opens anywhere, offline, and explains itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from turnwise.calibration_error import BINS
from turnwise.evaluation import charts, markup
from turnwise.evaluation.breakdown import breakdown, predictor_keys
from turnwise.evaluation.calibration import ENOUGH_TURNS
from turnwise.evaluation.figures import DimensionScores, Evaluation
from turnwise.evaluation.markup import Section
from turnwise.evaluation.tables import Cell, Share, Table, percent, table
from turnwise.progress import Progress, silent
from turnwise.unfinished import write_file


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
        parts.append(breakdown(evaluation, name, f"dimension-{done + 1}"))
    parts += [
        markup.section(section, f"part-{place}") for place, section in enumerate(sections, start=1)
    ]
    parts.append(_definitions())
    write_file(Path(path), markup.page(title, "".join(parts)))
    progress("report", len(names), len(names))


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
        markup.card(table(_headline(evaluation))),
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
    keys = predictor_keys(evaluation)
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
        "interval stays above 0 is hardly an accident of the conversations chosen. The "
        "calibration error is to be read beside what a perfectly calibrated model would show on "
        "as many turns.",
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


def _definitions() -> str:
    told = {
        "Accuracy": "Share of turns whose surest label is one that a person gave. Where a person "
        "gave several, any of them is right.",
        "Joint": "Share of turns with every dimension right, of those with gold for all.",
        "Macro F1": "F1 of each label that occurs in gold or in predictions, averaged: rare labels "
        "count as much as frequent ones.",
        "Weighted F1": "F1 of each label, averaged by how many turns carry it.",
        "95% interval": "The figure is taken again on as many conversations redrawn with "
        "replacement, a thousand times or so; 19 of 20 times it lies within.",
        "Coverage": "Share of turns that the model answers when it stays silent on those that it "
        "is least sure of.",
        "Calibration error": f"Mean distance of confidence and accuracy over {BINS} bins of equal "
        f"size. Under {ENOUGH_TURNS:,} turns chance alone makes it positive, so the error of a "
        "perfectly calibrated model, simulated with the same confidences, stands beside it.",
    }
    words = markup.named_section("Words", "words", markup.facts([*told.items()]))
    return f"<footer>{words}</footer>"
