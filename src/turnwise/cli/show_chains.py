"""How the statistics of chains look on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from turnwise.cli.console import percent, print_table

if TYPE_CHECKING:
    from turnwise.evaluation.generation import ChainFigures
    from turnwise.generation.chains import ChainStatistics
    from turnwise.steps.statistics import ChainResult

SHOWN = 5  # rows of a table


def chain_values(result: ChainResult) -> dict[str, Any]:
    """A result as plain values, without the counts that its file holds."""
    values: dict[str, Any] = {"without": result.without, "file": result.file, "page": result.page}
    if result.statistics is None:
        return values
    counts, figures = result.statistics.together, result.figures
    return values | {
        "conversations": counts.conversations,
        "unlabelled": counts.unlabelled,
        "states": len(counts.states),
        "transitions": counts.followed,
        "switching": counts.switching,
        "lengths": counts.lengths,
        "first": [{"label": label, "conversations": n} for label, n in figures.most_first(SHOWN)],
        "following": [
            {"label": before, "next": after, "times": n}
            for before, after, n in figures.most_following(SHOWN)
        ],
        "markets": list(result.statistics.markets),
        "notes": result.statistics.notes,
    }


def chain_statistics(result: ChainResult) -> None:
    """What chains are sampled from, in short."""
    if result.statistics is None:
        print(f"No statistics of chains: {result.without}")
        return
    counts, figures = result.statistics.together, result.figures
    print(
        f"Chains: {counts.conversations:,} labelled conversations (test and calibration are left "
        f"out), {counts.followed:,} transitions between {len(counts.states):,} states"
        + _changing(result.statistics, figures)
    )
    share = {name: count / counts.conversations for name, count in counts.lengths.items()}
    told = sorted(share, key=lambda one: (-share[one], one))[: 2 * SHOWN]
    print(
        "Customer turns a conversation, P(T): "
        + ", ".join(f"{one} {percent(share[one])}" for one in sorted(told))
        + (", ..." if len(share) > len(told) else "")
    )
    first = sum(figures.first.values())
    rows = [(label, f"{n:,}", percent(n / first)) for label, n in figures.most_first(SHOWN)]
    following = [
        (f"{before} → {after}", f"{n:,}", percent(n / figures.followed))
        for before, after, n in figures.most_following(SHOWN)
    ]
    if rows:
        print_table("", ("first label", "conversations", "share"), rows)
    if following:
        print_table("", ("from turn to turn", "times", "share"), following)
    for note in result.statistics.notes:
        print(f"Note: {note}")
    print(f"Statistics: {result.file}, drawn in {result.page}")


def _changing(statistics: ChainStatistics, figures: ChainFigures) -> str:
    """Share of transitions that change a label; by intent, too, where states are more than that."""
    if not statistics.together.followed:
        return ""
    told = f", of which {percent(statistics.together.switching)} change a label"
    if statistics.intent is None or len(statistics.dimensions) == 1:
        return told
    return f"{told}, {percent(figures.switching)} that of {statistics.intent}"
