"""A label report as one HTML page that opens anywhere, offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from turnwise.evaluation import markup
from turnwise.evaluation.drawing import Figure
from turnwise.evaluation.labelling import charts, tables
from turnwise.evaluation.labelling.figures import LabelReport
from turnwise.evaluation.tables import table
from turnwise.progress import Progress, silent
from turnwise.unfinished import write_file

_BESIDE = 4  # strategies up to which agreement along several dimensions stands side by side
_WORDS = {
    "Strategy": "A way of labelling, by who did it: embedded on this machine, or a language model "
    "(llm) with the models that were asked.",
    "Gold": "A label by a person. No strategy saw the gold that it is compared with here.",
    "Accuracy": "Share of the turns with gold whose label is one that a person gave. A turn "
    "without a label counts as wrong.",
    "Precision": "The same, of the turns that got a label.",
    "Stage 1, stage 2": "What was said first, and what held after a reviewer had kept or revised "
    "it.",
    "Kappa": "Agreement beyond chance (Cohen, 1960), of two strategies on the turns of both.",
}


def write_label_report(report: LabelReport, path: Path | str, progress: Progress = silent) -> None:
    """Write a label report. The page quotes no customer.

    Args:
        path: the HTML file; it is replaced as a whole, or not at all.

    Raises:
        EvaluationError: the plotting libraries are not installed; says how to.
    """
    parts = {
        "labels": ("What became of the turns", _labels(report)),
        "gold": ("Beside the labels of people", _gold(report, progress)),
        "agreement": ("Agreement between strategies", _agreement(report)),
        "spending": ("What it took", _spending(report)),
    }
    links = [(name, title) for name, (title, _) in parts.items()]
    sections = "".join(
        markup.named_section(title, name, inner) for name, (title, inner) in parts.items()
    )
    words = markup.named_section("Words", "words", markup.facts([*_WORDS.items()]))
    body = f"{_header(report, links)}{sections}<footer>{words}</footer>"
    write_file(Path(path), markup.page(f"{report.taxonomy}: how labelling came out", body))


def _header(report: LabelReport, links: list[tuple[str, str]]) -> str:
    told = {
        "Conversations labelled": f"{report.conversations:,}",
        "Customer turns": f"{report.turns:,}",
        "Turns with gold": f"{report.gold_turns:,}" if report.gold_turns else "none",
        "Strategies": f"{len(report.strategies)}",
        "Taxonomy": f"{report.taxonomy}, version {report.taxonomy_version}",
    }
    intro = (
        "What each way of labelling made of the conversations, how far they agree with each other "
        "and with people, and what they took."
    )
    opening = markup.heading(f"{report.taxonomy}: how labelling came out")
    known = markup.facts([*told.items()])
    return (
        f"<header>{opening}{markup.paragraph(intro)}{known}"
        f"{markup.links([*links, ('words', 'Words')])}</header>{_notes(report)}"
    )


def _notes(report: LabelReport) -> str:
    if not report.notes:
        return ""
    inner = "".join(map(markup.paragraph, report.notes))
    return markup.named_section("Before you compare", "notes", inner)


def _labels(report: LabelReport) -> str:
    return markup.card(table(tables.outcome_table(report)))


def _gold(report: LabelReport, progress: Progress) -> str:
    if not report.gold_turns:
        return markup.paragraph(
            "No person labelled any of these turns. Label some by hand and import them, and this "
            "part tells how right each strategy is."
        )
    parts = [markup.card(table(tables.gold_table(report)))]
    if tables.has_stages(report):
        stages = tables.stage_table(report)
        parts.append(markup.card(table(stages), stages.title))
    return "".join([*parts, *_curves(report, progress)])


def _curves(report: LabelReport, progress: Progress) -> Iterator[str]:
    """Precision against share kept: a plot per dimension and kind of annotator."""
    kinds = {name: charts.kinds_with_curves(report, name) for name in report.dimensions}
    columns = max(map(len, kinds.values()), default=0)
    if not columns:
        return
    yield f"<h3>Precision against share kept</h3>{markup.paragraph(charts.CURVE_READING)}"
    plots: list[Figure] = []
    for done, (name, found) in enumerate(kinds.items(), start=1):
        width = 268 if columns == 1 else 420
        plots += (charts.precision_chart(report, name, kind, width) for kind in found)
        progress("report", done, len(kinds))
        if columns > 1 and plots:  # the kinds of one dimension side by side
            yield markup.figures(plots)
            plots = []
    yield markup.figures(plots)


def _agreement(report: LabelReport) -> str:
    named = {one.dimension for one in report.agreement if one.turns}
    if not named:
        return markup.paragraph("Only one strategy labelled here, or no turn got two labels.")
    plots = [charts.agreement_chart(report, name) for name in report.dimensions if name in named]
    beside = len(report.strategies) <= _BESIDE
    drawn = markup.figures(plots) if beside else "".join(map(markup.figure, plots))
    return markup.paragraph(charts.AGREEMENT_READING) + drawn


def _spending(report: LabelReport) -> str:
    if not tables.paying(report):
        return markup.paragraph(
            "Embedded strategies alone labelled: no model was asked, so there are no calls, tokens "
            "or costs."
        )
    shown = [tables.spending_table(report)]
    if any(one.per_correct for one in tables.paying(report)):
        shown.append(tables.per_correct_table(report))
    return "".join(markup.card(table(one), one.title) for one in shown)
