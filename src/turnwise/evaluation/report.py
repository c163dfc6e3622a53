"""An evaluation -> one HTML page that opens anywhere, offline, and explains itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from turnwise.evaluation import charts, markup
from turnwise.evaluation.calibration import ENOUGH_TURNS
from turnwise.evaluation.figures import DimensionScores, Estimate, Evaluation, PredictorScores
from turnwise.evaluation.markup import Cell, Key, Section, Share, Table, percent
from turnwise.progress import Progress, silent

_ACCURATE = 0.9  # the accuracy that the report gives a coverage for


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
    the conversations wherever the evaluation holds samples.

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
        parts.append(_dimension(evaluation, name))
    parts += [
        markup.section(section, f"part-{place}") for place, section in enumerate(sections, start=1)
    ]
    parts.append(_footer())
    progress("report", len(names), len(names))
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(markup.page(title, "".join(parts)), encoding="utf-8")
    os.replace(unfinished, path)


def _header(
    evaluation: Evaluation, title: str, facts: Mapping[str, str], sections: Sequence[Section]
) -> str:
    told = {
        "Taxonomy": f"{evaluation.taxonomy}, version {evaluation.taxonomy_version}",
        "Turns with gold": f"{evaluation.turns:,}",
        "Conversations": f"{evaluation.conversations:,}",
    }
    if evaluation.unscored:
        told["Without gold, not scored"] = ", ".join(evaluation.unscored)
    links = [(f"dimension-{place}", name) for place, name in _numbered(evaluation)]
    links += [(f"part-{place}", part.title) for place, part in enumerate(sections, start=1)]
    intro = (
        f"How well {evaluation.model.name} labels customer turns of conversations that it never "
        "learnt from, beside what simple methods achieve on the same turns."
    )
    return (
        f"<header><h1>{markup.escape(title)}</h1><p>{markup.escape(intro)}</p>"
        f"{markup.facts([*told.items(), *facts.items()])}{markup.links(links)}</header>"
    )


def _numbered(evaluation: Evaluation) -> Iterator[tuple[int, str]]:
    return enumerate(evaluation.dimension_names, start=1)


def _overview(evaluation: Evaluation) -> str:
    figure = charts.accuracy_chart(evaluation)
    parts = (
        f'<div class="scores">{"".join(_score_cards(evaluation))}</div>',
        markup.card(_legend(evaluation) + markup.table(_headline(evaluation))),
        markup.figure(figure),
    )
    return markup.named_section("At a glance", "overview", "".join(parts))


def _legend(evaluation: Evaluation) -> str:
    roles = charts.predictor_roles(evaluation)
    return markup.legend([Key(name, role) for name, role in roles.items()])


def _score_cards(evaluation: Evaluation) -> Iterator[str]:
    """The model's accuracy on each dimension, large, with the best baseline beside it."""
    for scores in evaluation.model.dimensions:
        rivals = [(p[scores.dimension].accuracy.value, p) for p in evaluation.baselines]
        best = max(rivals, key=lambda rival: rival[0], default=None)
        beside = f"{best[1].name}: {percent(best[0])}" if best else ""
        yield _score_card(scores.dimension, scores.accuracy, beside)
    joint = evaluation.model.joint
    if joint is not None and len(evaluation.dimension_names) > 1:
        yield _score_card("all together", joint, "every dimension right")


def _score_card(name: str, accuracy: Estimate, beside: str) -> str:
    between = ""
    if accuracy.low is not None and accuracy.high is not None:
        between = f"<small>95%: {percent(accuracy.low)} to {percent(accuracy.high)}</small>"
    return markup.card(
        f"<strong>{percent(accuracy.value)}</strong>{between}<small>{markup.escape(beside)}</small>",
        title=name,
    )


def _headline(evaluation: Evaluation) -> Table:
    roles = charts.predictor_roles(evaluation)
    rows: list[tuple[Cell, ...]] = []
    starts = set()
    for name in evaluation.dimension_names:
        starts.add(len(rows))
        for predictor in evaluation.predictors:
            key = Key(predictor.name, roles[predictor.name])
            rows.append((name, key, *_headline_cells(predictor[name])))
            name_shown = name
        rows[-len(evaluation.predictors) + 1 :] = [
            ("", *row[1:]) for row in rows[-len(evaluation.predictors) + 1 :]
        ]
    return Table(
        columns=(
            "Dimension",
            "Predictor",
            "Accuracy",
            "Model leads by",
            "Macro F1",
            "Weighted F1",
            "Top 3",
            "Calibration error",
            "if perfect",
        ),
        rows=tuple(rows),
        note="",
        groups=frozenset(starts),
    )
