"""The plots of the loop: what each round kept, and how its candidates were judged."""

from __future__ import annotations

from collections.abc import Sequence

from turnwise.clusters import Round
from turnwise.evaluation.discovery.tables import round_numbers
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

_NAMED_ROUNDS = 12  # more lines can't be told apart


def round_charts(rounds: Sequence[Round]) -> tuple[Figure, ...]:
    """Draw the log of the loop, of one round or more.

    Raises:
        EvaluationError: the plotting libraries are not installed; says how to.
    """
    names = [str(number) for number in round_numbers(rounds)]
    return (_kept_chart(rounds, names), _candidates_chart(rounds[:_NAMED_ROUNDS], names))


def _kept_chart(rounds: Sequence[Round], names: Sequence[str]) -> Figure:
    alt = altair()
    rows: Rows = [
        {"round": name, "part": part, "utterances": count, "order": order}
        for name, one in zip(names, rounds, strict=True)
        for order, (part, count) in enumerate(
            (("kept", sum(map(len, one.kept))), ("left", len(one.left)))
        )
    ]
    chart = (
        alt.Chart(data(rows))
        .mark_bar(height=14)
        .encode(
            x=alt.X("utterances:Q", axis=number_axis()),
            y=alt.Y("round:N", sort=list(names), title="round"),
            color=colour_by("part", {"kept": colour("model"), "left": colour("line")}),
            order="order:Q",
        )
        .properties(width=380, height=alt.Step(26))
    )
    return Figure(
        "What each round kept",
        draw(chart, "Utterances kept and left by each round"),
        "Blue: utterances of the clusters judged good, which the round keeps. Grey: those that go "
        "on into the next round, and after the last one stay unclustered.",
    )


def _candidates_chart(rounds: Sequence[Round], names: Sequence[str]) -> Figure:
    alt = altair()
    rows: Rows = [
        {
            "round": name,
            "candidate": trial.candidate,
            "share": trial.good / max(trial.good + trial.bad, 1),
            "chosen": "chosen" if place == one.chosen else "other",
        }
        for name, one in zip(names, rounds, strict=False)  # as many as can be told apart
        for place, trial in enumerate(one.trials)
    ]
    tried = sorted({trial.candidate for one in rounds for trial in one.trials})
    axis = alt.Axis(values=tried, format="~g", labelOverlap="greedy", grid=False)
    base = alt.Chart(data(rows)).encode(
        x=alt.X("candidate:Q", scale=alt.Scale(type="log", nice=False, padding=16), axis=axis),
        y=alt.Y("share:Q", **share_axis("clusters judged good")),
        detail="round:N",
    )
    picked = base.transform_filter("datum.chosen === 'chosen'")
    chart = alt.layer(
        base.mark_line(color=colour("third"), strokeWidth=1),
        base.mark_circle(color=colour("third"), size=24, opacity=1),
        picked.mark_circle(color=colour("model"), size=90, opacity=1),
        picked.mark_text(color=colour("ink"), dy=-13, fontSize=11).encode(text="round:N"),
    ).properties(width=380, height=210)
    return Figure(
        "How the candidates were judged",
        draw(chart, "Share of good clusters by candidate"),
        "A line is a round, a dot one number of clusters (or resolution) that it tried; the one "
        "that was chosen is blue, with its round's number.",
    )
