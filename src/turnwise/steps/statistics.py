"""The logs of a project, counted: what is in them, and which label follows which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from turnwise.errors import TurnwiseError
from turnwise.evaluation.generation import ChainFigures, statistics_page
from turnwise.generated import State
from turnwise.generation.chains import (
    ChainCounts,
    ChainStatistics,
    estimate_chains,
    save_statistics,
)
from turnwise.generation.chains.statistics import shown
from turnwise.project import Project
from turnwise.statistics import LogStatistics, describe_logs
from turnwise.steps.labelled_turns import intent_dimension, labelled_logs
from turnwise.unfinished import write_file

STATISTICS, PAGE = "statistics.json", "statistics.html"
MOST_TRANSITIONS = 20  # of whole states, in the page


@dataclass(frozen=True, slots=True)
class ChainResult:
    """What chains of a project are sampled from.

    Attributes:
        statistics: None where there are none; without: why, in words.
        file, page: where they were written, as JSON and as a page; None where there are none.
    """

    statistics: ChainStatistics | None = None
    without: str = ""
    file: Path | None = None
    page: Path | None = None

    @property
    def figures(self) -> ChainFigures:
        """The statistics by intent."""
        assert self.statistics is not None
        return chain_figures(self.statistics)


def project_statistics(project: Project) -> LogStatistics:
    """Count all conversations of a project."""
    return describe_logs(project.workspace.conversations())


def write_chains(project: Project) -> ChainResult:
    """Write the statistics that chains are sampled from, as JSON and as a page.

    Where there are no labels yet, or the taxonomy does not fit them, nothing is written.
    """
    if not project.workspace.counts().annotations:
        return ChainResult(without="no conversation is labelled yet")
    try:
        found = chain_statistics(project)
    except TurnwiseError as error:  # what else there is to tell of the logs is told all the same
        return ChainResult(without=str(error))
    file, page = project.folder / STATISTICS, project.folder / PAGE
    save_statistics(found, file)
    write_file(page, chain_page(found, project.taxonomy().name))
    return ChainResult(found, "", file, page)


def chain_statistics(project: Project) -> ChainStatistics:
    """The statistics that chains of a project are sampled from.

    They are of the labelled seed and of the labelling of the logs that ran last, without test and
    calibration.

    Raises:
        GenerationError: none of these conversations is labelled.
        WorkspaceError, TaxonomyError: see `labelled_turns.labelled_logs`.
    """
    taxonomy, found = project.taxonomy(), labelled_logs(project)
    intent = intent_dimension(taxonomy)
    return estimate_chains(found.conversations, taxonomy.dimension_names, intent=intent)


def chain_page(statistics: ChainStatistics, title: str) -> str:
    """Statistics as an HTML page, drawn by intent."""
    facts = {
        "Dimensions": ", ".join(statistics.dimensions),
        "Drawn by": statistics.intent or ", ".join(statistics.dimensions),
        "States": f"{len(statistics.together.states):,}",
        "Markets": f"{len(statistics.markets):,}" if statistics.markets else "none named",
    }
    return statistics_page(
        chain_figures(statistics),
        {name: chain_figures(statistics, name) for name in statistics.markets},
        title=f"{title}: what chains are sampled from",
        facts=facts,
        notes=statistics.notes,
    )


def chain_figures(statistics: ChainStatistics, market: str = "") -> ChainFigures:
    """What there is to show of a market; of all together where it is empty."""
    counts = statistics.counts(market)

    def name(state: State) -> str:
        return shown(statistics.intent_of(state))

    openings: Counter[tuple[str | None, ...]] = Counter()
    for opening, count in counts.openings.items():
        openings[tuple(name(one) if any(one) else None for one in opening)] += count
    transitions: dict[str, Counter[str]] = {}
    for before, row in counts.transitions.items():
        into = transitions.setdefault(name(before), Counter())
        for after, count in row.items():
            into[name(after)] += count
    return ChainFigures(
        conversations=counts.conversations,
        turns=counts.unlabelled + sum(counts.states.values()),
        unlabelled=counts.unlabelled,
        lengths=counts.lengths,
        first=_added(counts.first, statistics),
        transitions=transitions,
        openings=openings,
        states=_frequent(counts) if len(statistics.dimensions) > 1 else (),
    )


def _added(counts: Mapping[State, int], statistics: ChainStatistics) -> Counter[str]:
    """Counts of states as counts of their intents."""
    found: Counter[str] = Counter()
    for state, count in counts.items():
        found[shown(statistics.intent_of(state))] += count
    return found


def _frequent(counts: ChainCounts) -> list[tuple[str, str, int]]:
    """The most frequent transitions between whole states."""
    every = [
        (before, after, count)
        for before, row in counts.transitions.items()
        for after, count in row.items()
    ]
    every.sort(key=lambda one: (-one[2], one[:2]))
    return [(shown(one), shown(two), count) for one, two, count in every[:MOST_TRANSITIONS]]
