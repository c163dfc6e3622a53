"""The parts of the report that tell of the logs and of their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from turnwise.discovery.additions import Addition
from turnwise.evaluation import Figure, Section, Share, Table, bar_chart
from turnwise.evaluation.labelling import LabelReport, strategy_tables
from turnwise.statistics import LogStatistics
from turnwise.steps.label_scores import LabelScore

BARS = 30  # more do not fit a page legibly


def logs_section(found: LogStatistics) -> Section:
    """How many conversations there are, how long, from when, and how often labels change."""
    words = ", ".join(f"{value:g} at {name}" for name, value in found.customer_words.items())
    return Section(
        title="The logs",
        text=(
            f"{found.conversations:,} conversations with {found.turns:,} turns, "
            f"{found.customer_turns:,} of them by customers ({found.distinct_customer_texts:,} "
            f"distinct texts). Words per customer turn: {words}."
        ),
        tables=(_changes(found),) if found.labels else (),
        figures=tuple(_charts(found)),
    )


def additions_section(additions: Sequence[Addition], dimension: str) -> Section:
    """What each discovered intent lies nearest to among the labels that there are already."""
    return Section(
        title="Beside the labels that there are",
        text=(
            f"For each intent the nearest label of {dimension}. A high cosine says that it may be "
            "nothing new: merge it into that label, or give the label its examples."
        ),
        tables=(
            Table(
                columns=("intent", "turns", "share of all turns", "nearest label", "cosine"),
                rows=tuple(
                    (one.name, one.turns, Share(one.share), one.nearest, round(one.nearness, 2))
                    for one in additions
                ),
            ),
        ),
    )


def _changes(found: LogStatistics) -> Table:
    return Table(
        columns=("dimension", "labelled turns", "labels", "change from turn to turn"),
        rows=tuple(
            (
                name,
                sum(one.counts.values()),
                len(one.counts),
                Share(one.changes / max(1, one.followed)),
            )
            for name, one in found.labels.items()
        ),
        title="Labels by people",
        note="A dimension that seldom changes is carried by its history; one that changes with "
        "nearly every turn is told by the turn.",
    )


def _charts(found: LogStatistics) -> list[Figure]:
    lengths = [(str(turns), float(n)) for turns, n in found.turns_per_conversation.items()]
    months = [(month, float(n)) for month, n in found.months.items()]
    charts = [
        bar_chart(
            "Customer turns per conversation",
            lengths[:BARS],
            "How long conversations are: the number of customer turns, and how many "
            "conversations have it.",
        )
    ]
    if len(months) > 1:
        charts.append(bar_chart("Conversations per month", months[-BARS:], "When they began."))
    return charts


def labelling_section(
    figures: LabelReport, scores: Mapping[str, LabelScore], annotator: str
) -> Section:
    """How the pseudo-labels came out, and how right they are where gold tells.

    Args:
        figures: of every strategy that labelled, one or more.
        scores, annotator: of the labels that the bundle learnt from.
    """
    text = (
        f"{figures.turns:,} customer turns of {figures.conversations:,} unlabelled conversations "
        "were labelled by models. 'turnwise label --report' tells more of this: agreement between "
        "strategies, precision against share kept, and costs."
    )
    if scores:
        text += (
            f"\n\nThe bundle learnt from the labels of the {annotator} annotator. Where people had "
            "labelled the turns too, unseen by the annotator, the first table says how often it "
            "agrees with them; an abstention counts as wrong."
        )
    tables = (
        strategy_tables(figures) if len(figures.strategies) > 1 else strategy_tables(figures)[:1]
    )
    return Section("The pseudo-labels", text, (*_in_use(scores), *tables))


def _in_use(scores: Mapping[str, LabelScore]) -> tuple[Table, ...]:
    if not scores:
        return ()
    columns = ("dimension", "turns", "right", "right on the surest half", "abstained")
    rows = tuple(
        (name, one.turns, Share(one.accuracy), Share(one.surest_half), Share(one.abstained))
        for name, one in scores.items()
    )
    return (Table(columns, rows),)
